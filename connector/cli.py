"""The command ``connector``: each sub-command says what it needs and hands over."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from connector import logs, plugins
from connector.commands import completion
from connector.commands.apply import apply
from connector.commands.aws import aws_app
from connector.commands.connection import connection_app
from connector.commands.exit_code import ExitCode, exits
from connector.commands.health import WORKER_FILE
from connector.commands.refusal import refuse
from connector.commands.worker_access import (  # typer reads the annotations
    CaFile,  # noqa: TC001
    PasswordFile,  # noqa: TC001
    TokenFile,  # noqa: TC001
    Urls,  # noqa: TC001
    User,  # noqa: TC001
)
from connector.errors import ConfigError, ConnectorError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.config.files import Submission

_RUN = "Run"
_PREPARE = "Prepare"
_LOOK = "Look"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="What each command exits with, and how to complete commands with Tab: docs/cli.md",
)
app.command("apply", rich_help_panel=_PREPARE)(apply)
aws_app.add_typer(connection_app, name="connection")
app.add_typer(aws_app, name="aws", rich_help_panel=_PREPARE)

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


OfflineWorker = Annotated[
    Path | None,
    typer.Option(
        help="The worker's .properties, for its config providers and connections.", show_default=False
    ),
]


def _show_versions(is_asked: bool) -> None:
    if is_asked:
        show_version()
        raise typer.Exit


@app.callback()
def connector(
    *,
    _: Annotated[
        bool,
        typer.Option("--version", help="Show versions and exit.", is_eager=True, callback=_show_versions),
    ] = False,
) -> None:
    """A Kafka Connect-style sink worker that delivers Kafka records to AWS."""


@app.command(rich_help_panel=_RUN)
@exits(
    ok="it was stopped",
    failed="it ended on a fault of its own, which its log tells",
    refused="the properties or a connector are at fault, or Kafka is away",
)
def standalone(worker: WorkerFile, connectors: OptionalConnectorFiles = None) -> None:
    """Run connectors in one process, as Kafka Connect's connect-standalone does; more may come over REST."""
    from connector.standalone import run

    try:
        code = run(_file_of(worker), os.environ, _submitted(connectors or []))
    except ConfigError as error:
        refuse(error)
    _exit(code)


@app.command(rich_help_panel=_RUN)
@exits(
    ok="it was stopped",
    failed="it ended on a fault of its own, which its log tells",
    refused="the properties are at fault, or Kafka is away",
)
def distributed(worker: WorkerFile = None) -> None:
    """Run one worker of a cluster, as Kafka Connect's connect-distributed does."""
    from connector.distributed import run

    try:
        code = run(_file_of(worker), os.environ)
    except ConfigError as error:
        refuse(error)
    _exit(code)


@app.command(rich_help_panel=_LOOK)
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
        is_healthy, message = report(_file_of(worker), os.environ, live=live)
    except ConfigError as error:
        refuse(error)
    typer.echo(message)
    raise typer.Exit(ExitCode.OK if is_healthy else ExitCode.FAILED)


@app.command(rich_help_panel=_PREPARE)
@exits(ok="all can be run, with warnings or without", refused="a file has a fault")
def validate(
    connectors: ConnectorFiles,
    worker: OfflineWorker = None,
) -> None:
    """Check connector files without running them; every fault is named, with its line."""
    from connector.commands.offline import offline_settings
    from connector.commands.validate import run
    from connector.config.files import connector_files

    try:
        settings = offline_settings(worker)
        files = connector_files(connectors)
    except ConfigError as error:
        refuse(error)
    raise typer.Exit(ExitCode.OK if run(files, settings) else ExitCode.REFUSED)


@app.command(rich_help_panel=_PREPARE)
@exits(
    ok="all was carried over",
    failed="a line needs attention",
    refused="something has no counterpart, or the result is no legal config",
)
def migrate(
    connector: Annotated[
        Path, typer.Argument(help="The connector: flat JSON, {name, config} JSON, or .properties.")
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="Print a table of what becomes of each key, and no config.")
    ] = False,
    worker: OfflineWorker = None,
) -> None:
    """Rewrite the config of Aiven's or Confluent's S3 sink, or of Camel's sinks for AWS, into ours.

    The config goes to stdout, what became of each key to stderr.
    """
    from connector.commands.migrate import run

    try:
        code = run(connector, worker=worker, as_table=explain)
    except ConfigError as error:
        refuse(error)
    raise typer.Exit(code)


@app.command(rich_help_panel=_LOOK)
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
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show what is committed for a connector: offsets, and of the S3 sink its open and sealed objects.

    Changes nothing.
    """
    from connector.commands.offsets import run

    path = Path(connector)
    is_file = path.is_file() or path.suffix in {".json", ".properties"}
    try:
        is_whole = run(connector, file=path if is_file else None, worker=worker, as_json=as_json)
    except ConnectorError as error:
        refuse(error)
    raise typer.Exit(ExitCode.OK if is_whole else ExitCode.FAILED)


@app.command(rich_help_panel=_LOOK)
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


@app.command("plugins", rich_help_panel=_PREPARE)
@exits()
def list_plugins() -> None:
    """List what is installed: sinks, formats, converters, transforms and the rest."""
    for kind in PluginKind:
        typer.echo(f"{kind.value}:")
        for name, target in sorted(plugins.names(kind).items()):
            typer.echo(f"  {name}  ({target})")


@app.command(rich_help_panel=_PREPARE)
@exits(refused="there is no such plug-in, or no such option")
def describe(
    plugin: Annotated[
        str,
        typer.Argument(
            help="A sink, converter, transform, predicate or config provider, by short name or class.",
            autocompletion=completion.plugin_names,
        ),
    ],
    search: Annotated[
        str, typer.Argument(help="Only options that have this in name or text.", show_default=False)
    ] = "",
    *,
    json_schema: Annotated[
        bool,
        typer.Option("--json-schema", help="Print a JSON Schema, with which editors complete and check."),
    ] = False,
) -> None:
    """Show every option of a sink or another plug-in: name, type, default, effect."""
    from connector.commands.describe import run

    try:
        run(plugin, search, as_schema=json_schema)
    except ConfigError as error:
        refuse(error)


@app.command(rich_help_panel=_LOOK)
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


@app.command(rich_help_panel=_RUN)
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


@app.command("version", rich_help_panel=_LOOK)
@exits()
def show_version() -> None:
    """Show the versions of the worker and of what it stands on."""
    from connector.commands.versions import versions

    for name, version in versions().items():
        typer.echo(f"{name} {version}")


def _file_of(worker: Path | None) -> Path | None:
    """None where variables alone say it all."""
    return None if worker is None or str(worker) == "-" else worker


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
    # What a name holds must not stop a command on a terminal that cannot show it.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logs.configure()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            _end_of_output()
            sys.exit(ExitCode.BROKEN_PIPE)
        raise
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _end_of_output()
        with suppress(OSError):
            typer.echo(f"The output cannot be written: {error.strerror}.", err=True)
        sys.exit(ExitCode.REFUSED)


def _end_of_output() -> None:
    """Nothing more can be written, by the interpreter's own last flush neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
