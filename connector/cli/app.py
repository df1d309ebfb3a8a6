"""The commands by name, in the order of help: each says what it needs and hands over.

A command imports what it needs when it runs, so that none waits for what others need.
"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import look, prepare, run
from connector.commands.aws import aws_app
from connector.commands.connection import connection_app

_RUN = "Run"
_PREPARE = "Prepare"
_LOOK = "Look"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="What each command exits with, and how to complete commands with Tab: docs/cli.md",
)
for _name, _command, _panel in (
    ("apply", prepare.apply, _PREPARE),
    ("standalone", run.standalone, _RUN),
    ("distributed", run.distributed, _RUN),
    ("health", look.health, _LOOK),
    ("validate", prepare.validate, _PREPARE),
    ("migrate", prepare.migrate, _PREPARE),
    ("offsets", look.offsets, _LOOK),
    ("status", look.status, _LOOK),
    ("plugins", prepare.list_plugins, _PREPARE),
    ("describe", prepare.describe, _PREPARE),
    ("explain", look.explain, _LOOK),
    ("demo", run.demo, _RUN),
    ("version", look.show_version, _LOOK),
):
    app.command(_name, rich_help_panel=_panel)(_command)
aws_app.add_typer(connection_app, name="connection")
app.add_typer(aws_app, name="aws", rich_help_panel=_PREPARE)


def _show_versions(is_asked: bool) -> None:
    if is_asked:
        look.show_version()
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
