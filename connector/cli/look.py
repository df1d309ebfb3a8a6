"""Commands that look at what is there, and change nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.argument import WorkerFile, file_of
from connector.commands import completion
from connector.commands.exit_code import ExitCode, exits
from connector.commands.refusal import refuse
from connector.commands.worker_option import (  # typer reads the annotations
    CaFile,  # noqa: TC001
    PasswordFile,  # noqa: TC001
    TokenFile,  # noqa: TC001
    Urls,  # noqa: TC001
    User,  # noqa: TC001
)
from connector.errors import ConfigError, ConnectorError


@exits(ok="it is ready, or alive", failed="it is not", refused="its properties are at fault")
def health(
    worker: WorkerFile = None,
    live: Annotated[
        bool, typer.Option("--live", help="Only whether the worker answers at all; Kafka may be away.")
    ] = False,
) -> None:
    """Ask the worker of this machine whether it is ready; for health checks.

    Where it listens is told as it is told to the worker itself: in the file, or by CONNECT_LISTENERS.
    """
    from connector.commands.health import report

    try:
        is_healthy, message = report(file_of(worker), os.environ, live=live)
    except ConfigError as error:
        refuse(error)
    typer.echo(message)
    raise typer.Exit(ExitCode.OK if is_healthy else ExitCode.FAILED)


@exits(
    ok="all of it can be read",
    failed="some of it cannot",
    refused="the config is at fault or the brokers do not answer",
)
def offsets(
    connector: Annotated[
        str,
        typer.Argument(
            help="The connector's file, or only its name; state that is in the bucket is read with the file.",
            autocompletion=completion.connector_names,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    worker: Annotated[
        Path | None,
        typer.Option(
            help="The worker's .properties, for its brokers, config providers and connections.",
            readable=False,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show what is committed for a connector: offsets, and of the S3 sink its open and sealed objects.

    Changes nothing.
    """
    from connector.commands.offsets import run

    path = Path(connector)
    # os.path: what cannot be looked at is no fault yet.
    is_file = os.path.isfile(path) or path.suffix in {".json", ".properties"}  # noqa: PTH113 - as above
    try:
        is_whole = run(connector, file=path if is_file else None, worker=worker, as_json=as_json)
    except ConnectorError as error:
        refuse(error)
    raise typer.Exit(ExitCode.OK if is_whole else ExitCode.FAILED)


@exits(
    ok="nothing has failed",
    failed="a connector or a task has",
    refused="there is no such connector, no worker answers, or it refuses",
)
def status(
    connector: Annotated[
        str | None,
        typer.Argument(
            help="Of which to show every task; all connectors if not given.",
            autocompletion=completion.connector_names,
            show_default=False,
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show where something failed, not only what.")
    ] = False,
    url: Urls = None,
    user: User = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Show what the connectors of a running worker or cluster do."""
    from connector.commands.status import run
    from connector.commands.worker_access import Access
    from connector.commands.worker_client import WorkerClient

    try:
        client = WorkerClient(url or (), Access.of(user, password_file, token_file, ca_file))
        is_well = run(client, connector, as_json=as_json, with_traces=trace)
    except ConnectorError as error:
        refuse(error)
    raise typer.Exit(ExitCode.OK if is_well else ExitCode.FAILED)


@exits(refused="there is no such code")
def explain(
    code: Annotated[str, typer.Argument(help="The code of an error, as logs and traces have it.")],
) -> None:
    """Say what the code of an error means, whether anything is lost, and what to do about it."""
    from connector.commands.explain import explained

    try:
        typer.echo(explained(code))
    except ConfigError as error:
        refuse(error)


@exits()
def show_version() -> None:
    """Show the versions of the worker and of what it stands on."""
    from connector.commands.versions import versions

    for name, version in versions().items():
        typer.echo(f"{name} {version}")
