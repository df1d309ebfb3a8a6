"""Commands for what comes before connectors run: written, checked, submitted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.argument import ConnectorFiles  # noqa: TC001 - typer reads the annotations
from connector.commands import completion
from connector.commands.exit_code import ExitCode, exits
from connector.commands.refusal import refuse
from connector.commands.worker_option import (  # typer reads the annotations
    CaFile,  # noqa: TC001
    OfflineWorker,  # noqa: TC001
    PasswordFile,  # noqa: TC001
    TokenFile,  # noqa: TC001
    Urls,  # noqa: TC001
    User,  # noqa: TC001
)
from connector.errors import ConfigError, ConnectorError

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Connectors: flat JSON, {name, config, initial_state} JSON, or .properties; or folders. None at"
        " all with --prune --owner deletes what the owner has.",
        readable=False,
        show_default=False,
    ),
]


@exits(
    ok="all is well",
    failed="a connector was refused or does not run",
    refused="a config, an option or a worker is at fault",
)
def apply(
    files: Files = None,
    *,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete connectors that no file has: of the owner only, or all if there is no --owner.",
        ),
    ] = False,
    owner: Annotated[
        str, typer.Option(help="Whose connectors these are; it is kept in their managed.by.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    wait: Annotated[
        bool, typer.Option(help="Wait until connectors and their tasks are in the wanted state.")
    ] = True,
    timeout: Annotated[float, typer.Option(min=0, help="For all of it, in seconds.")] = 300.0,
    url: Urls = None,
    user: User = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Create, update and prune connectors so that those of a running cluster are those of the files.

    A file's initial_state is for a connector that is new; of one that is there, too, it becomes the state, if
    the file gives it.
    """
    from connector.commands.apply import run
    from connector.commands.worker_access import Access
    from connector.commands.worker_client import WorkerClient

    try:
        is_well = run(
            files or (),
            lambda: WorkerClient(url or (), Access.of(user, password_file, token_file, ca_file)),
            owner=owner,
            prune=prune,
            dry_run=dry_run,
            wait=wait,
            timeout_seconds=timeout,
        )
    except ConnectorError as error:
        refuse(error)
    raise typer.Exit(ExitCode.OK if is_well else ExitCode.FAILED)


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


@exits(
    ok="all was carried over",
    failed="a line needs attention",
    refused="something has no counterpart, or the result is no legal config",
)
def migrate(
    connector: Annotated[
        Path,
        typer.Argument(help="The connector: flat JSON, {name, config} JSON, or .properties.", readable=False),
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


@exits()
def list_plugins() -> None:
    """List what is installed: sinks, formats, converters, transforms and the rest."""
    from connector import plugins
    from connector.plugins import PluginKind

    for kind in PluginKind:
        typer.echo(f"{kind.value}:")
        for name, target in sorted(plugins.names(kind).items()):
            typer.echo(f"  {name}  ({target})")


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
