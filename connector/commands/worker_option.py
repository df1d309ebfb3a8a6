"""The options that tell a command of workers: where they are, as whom to ask them, what file one has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LOCAL = "http://127.0.0.1:8083"

Urls = Annotated[
    list[str] | None,
    typer.Option(
        "--url",
        envvar="CONNECTOR_URL",
        help=f"A worker's REST API; of several the first that answers is asked. {LOCAL} if not given.",
        show_default=False,
    ),
]
User = Annotated[
    str | None,
    typer.Option(
        "--user",
        envvar="CONNECTOR_USER",
        help="Of rest.users.file; its password is in --password-file or CONNECTOR_PASSWORD.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CONNECTOR_PASSWORD_FILE", help="A file with nothing but the password.", readable=False
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CONNECTOR_TOKEN_FILE",
        help="A file with nothing but the token, instead of a user; or CONNECTOR_TOKEN has it.",
        readable=False,
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        envvar="CONNECTOR_CA_FILE",
        help="The authority that signed the worker's certificate, PEM.",
        readable=False,
    ),
]
OfflineWorker = Annotated[
    Path | None,
    typer.Option(
        "--worker",
        help="The worker's .properties, for what decides over its connectors: connections, config providers,"
        " converters, what they may override and where they may lead.",
        readable=False,
        show_default=False,
    ),
]
