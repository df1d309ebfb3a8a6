"""How every command ends when a config is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from connector.errors import ConnectorError

BAD_CONFIG = 3
"""As Kafka Connect's standalone worker exits when a connector cannot be created."""


def refuse(error: ConnectorError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(BAD_CONFIG)
