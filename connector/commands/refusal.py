"""How every command ends when a config is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from connector.commands.exit_code import ExitCode
from connector.concealment import conceal
from connector.errors import with_pointer

if TYPE_CHECKING:
    from connector.errors import ConnectorError


def refuse(error: ConnectorError) -> NoReturn:
    typer.echo(conceal(with_pointer(error)), err=True)
    raise typer.Exit(ExitCode.REFUSED)
