"""The command ``connector``: each sub-command says what it needs and hands over."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from connector import logs, plugins
from connector.commands.apply import apply
from connector.commands.aws import aws_app
from connector.commands.connection import connection_app
from connector.commands.health import WORKER_FILE
from connector.commands.refusal import BAD_CONFIG, refuse
from connector.errors import ConfigError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.config.files import Submission
    from connector.config.schema import RawConfig

app = typer.Typer(
    help="A Kafka Connect-style sink worker that delivers Kafka records to AWS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("apply")(apply)
aws_app.add_typer(connection_app, name="connection")
app.add_typer(aws_app, name="aws")

WorkerFile = Annotated[
    Path | None,
    typer.Argument(
        help="The worker's .properties file; '-' to use CONNECT_… variables alone.",
        envvar=WORKER_FILE,
        show_default=False,
    ),
]
ConnectorFiles = Annotated[
    list[Path],
    typer.Argument(help="Connectors: flat JSON, {name, config} JSON, or .properties; or folders of these."),
]

OptionalConnectorFiles = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Connectors: flat JSON, {name, config} JSON, or .properties; or folders of these.",
        show_default=False,
    ),
]


@app.command()
def standalone(worker: WorkerFile, connectors: OptionalConnectorFiles = None) -> None:
    """Run connectors in one process, as Kafka Connect's connect-standalone does; more may come over REST."""
    from connector.standalone import run

    settings_file = None if worker is None or str(worker) == "-" else worker
    try:
        code = run(settings_file, os.environ, _submitted(connectors or []))
    except ConfigError as error:
        refuse(error)
    _exit(code)


@app.command()
def distributed(worker: WorkerFile = None) -> None:
    """Run one worker of a cluster, as Kafka Connect's connect-distributed does."""
    from connector.distributed import run

    settings_file = None if worker is None or str(worker) == "-" else worker
    try:
        code = run(settings_file, os.environ)
    except ConfigError as error:
        refuse(error)
    _exit(code)


@app.command()
def health(
    worker: WorkerFile = None,
    live: Annotated[
        bool, typer.Option("--live", help="Only whether the worker answers at all; Kafka may be away.")
    ] = False,
) -> None:
    """Ask the worker of this machine whether it is ready: 0 if it is, 1 if not; for health checks.

    Where it listens is told as it is told to the worker itself: in the file, or by CONNECT_LISTENERS.
    """
    from connector.commands.health import report

    settings_file = None if worker is None or str(worker) == "-" else worker
    try:
        is_healthy, message = report(settings_file, os.environ, live=live)
    except ConfigError as error:
        refuse(error)
    typer.echo(message)
    raise typer.Exit(0 if is_healthy else 1)


@app.command()
def validate(
    connectors: ConnectorFiles,
    worker: Annotated[
        Path | None,
        typer.Option(
            help="The worker's .properties, for its config providers and connections.", show_default=False
        ),
    ] = None,
) -> None:
    """Check connector files without running them; every fault is named."""
    from connector.cluster.standalone import plan
    from connector.commands.offline import offline_settings
    from connector.config.files import connector_files

    try:
        settings = offline_settings(worker)
        files = connector_files(connectors)
    except ConfigError as error:
        refuse(error)
    failed = False
    for path in files:
        try:
            (blueprint,) = plan(_read([path]), settings)
        except ConfigError as error:
            failed = True
            typer.echo(f"{path}: {error}", err=True)
            continue
        typer.echo(f"{path}: ok: connector {blueprint.name}, sink {blueprint.sink_class_name}")
        for note in blueprint.notes:
            typer.echo(f"{path}: note: {note}", err=True)
        for option, meant in blueprint.unknown.items():
            hint = f"; did you mean {meant}?" if meant else ""
            typer.echo(f"{path}: warning: {option} is not read by anything{hint}", err=True)
    raise typer.Exit(BAD_CONFIG if failed else 0)


@app.command()
def migrate(
    connector: Annotated[
        Path, typer.Argument(help="The connector: flat JSON, {name, config} JSON, or .properties.")
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="Print a table of what becomes of each key, and no config.")
    ] = False,
    worker: Annotated[
        Path | None,
        typer.Option(
            help="The worker's .properties, for its config providers and connections.", show_default=False
        ),
    ] = None,
) -> None:
    """Rewrite the config of Aiven's or Confluent's S3 sink, or of Camel's sinks for AWS, into ours.

    The config goes to stdout, what became of each key to stderr. Exits with 0 if all was carried over, 1 if a
    line needs attention, 3 if something has no counterpart or the result is no legal config.
    """
    from connector.commands.migrate import run

    try:
        code = run(connector, worker=worker, as_table=explain)
    except ConfigError as error:
        refuse(error)
    raise typer.Exit(code)


@app.command()
def offsets(
    connector: Annotated[
        str,
        typer.Argument(
            help="The connector's file, or only its name; state that is in the bucket is read with the file."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    worker: Annotated[
        Path | None,
        typer.Option(
            help="The worker's .properties, for its brokers, config providers and connections.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show what is committed for a connector: offsets, and of the S3 sink its open and sealed objects.

    Changes nothing. Exits with 0 if all of it can be read, 1 if not, 3 if the config is at fault or the
    brokers do not answer.
    """
    from connector.commands.offsets import run
    from connector.errors import ConnectorError

    path = Path(connector)
    is_file = path.is_file() or path.suffix in {".json", ".properties"}
    try:
        is_whole = run(connector, file=path if is_file else None, worker=worker, as_json=as_json)
    except ConnectorError as error:
        refuse(error)
    raise typer.Exit(0 if is_whole else 1)


@app.command("plugins")
def list_plugins() -> None:
    """List what is installed: sinks, formats, converters, transforms and the rest."""
    for kind in PluginKind:
        typer.echo(f"{kind.value}:")
        for name, target in sorted(plugins.names(kind).items()):
            typer.echo(f"  {name}  ({target})")


@app.command()
def describe(sink: Annotated[str, typer.Argument(help="A sink, by short name or class.")]) -> None:
    """Show every option of a sink: name, type, default, effect."""
    from connector.config.describe import describe as text

    try:
        typer.echo(text(sink))
    except ConfigError as error:
        refuse(error)


@app.command()
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
        raise typer.Exit(BAD_CONFIG) from error
    _exit(run(once=once, records=records))


@app.command("version")
def show_version() -> None:
    """Show the versions of the worker and of what it stands on."""
    for name in ("kafka-aws-connector", "confluent-kafka", "aiobotocore", "botocore"):
        typer.echo(f"{name} {version(name)}")


def _read(paths: Sequence[Path]) -> list[RawConfig]:
    return [submission.config for submission in _submitted(paths)]


def _submitted(paths: Sequence[Path]) -> list[Submission]:
    from connector.config.files import connector_files, read_submission

    return [read_submission(path) for path in connector_files(paths)]


def _exit(code: int) -> NoReturn:
    """End at once: a Kafka client that hangs in a thread must not hold the process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    if os.getpid() == 1:
        # The first process of a container gets no signal that it does not ask for; a worker asks later.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    logs.configure()
    app()
