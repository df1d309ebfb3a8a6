"""Commands that run something until it ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from connector.cli.argument import (  # typer reads the annotations
    OptionalConnectorFiles,
    WorkerFile,
    file_of,
)
from connector.commands.exit_code import ExitCode, exits
from connector.commands.refusal import refuse
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connector.config.files import Submission


@exits(
    ok="it was stopped",
    failed="it ended on a fault of its own, which its log tells",
    refused="the properties or a connector are at fault, or Kafka is away",
)
def standalone(worker: WorkerFile, connectors: OptionalConnectorFiles = None) -> None:
    """Run connectors in one process, as Kafka Connect's connect-standalone does; more may come over REST."""
    from connector.standalone import run

    try:
        code = run(file_of(worker), os.environ, _submitted(connectors or []))
    except ConfigError as error:
        refuse(error)
    _exit(code)


@exits(
    ok="it was stopped",
    failed="it ended on a fault of its own, which its log tells",
    refused="the properties are at fault, or Kafka is away",
)
def distributed(worker: WorkerFile = None) -> None:
    """Run one worker of a cluster, as Kafka Connect's connect-distributed does."""
    from connector.distributed import run

    try:
        code = run(file_of(worker), os.environ)
    except ConfigError as error:
        refuse(error)
    _exit(code)


@exits(
    ok="every record was found exactly once",
    failed="not, or something could not be started",
    refused="the extra demo is not installed",
)
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Deliver one round of records, check them, and end.")
    ] = False,
    records: Annotated[
        int, typer.Option(min=1000, max=2_000_000, help="Events to produce at first.")
    ] = 100_000,
) -> None:
    """Show the whole way on this machine: embedded Kafka and AWS, one connector, live numbers."""
    try:
        from connector.demo import run
    except ImportError as error:
        typer.echo(
            f"The demo needs the extra 'demo' ({error}): pip install 'kafka-aws-connector[demo]'", err=True
        )
        raise typer.Exit(ExitCode.REFUSED) from error
    _exit(run(once=once, records=records))


def _submitted(paths: Sequence[Path]) -> list[Submission]:
    from connector.config.files import connector_files, read_submission

    return [read_submission(path) for path in connector_files(paths)]


def _exit(code: int) -> NoReturn:
    """End at once: a Kafka client that hangs in a thread must not hold the process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
