"""As whom a command asks workers, and where they are; what options leave open variables say."""

from __future__ import annotations

import base64
import os
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connector.commands.worker_option import LOCAL
from connector.errors import ConfigError
from connector.textfile import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Access:
    """As whom to ask, and whose certificates to believe.

    Attributes:
        authorization: The header; None to ask as nobody. A secret.
        ca_file: Instead of the authorities of this machine.
    """

    authorization: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def of(
        cls,
        user: str | None = None,
        password_file: Path | None = None,
        token_file: Path | None = None,
        ca_file: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Access:
        """What options say, and where they are silent the environment.

        Raises:
            ConfigError: A file cannot be read, or half of a user is missing.
        """
        environ = os.environ if environ is None else environ

        def path(given: Path | None, variable: str) -> Path | None:
            return given or (Path(environ[variable]) if environ.get(variable) else None)

        user = user or environ.get("CONNECTOR_USER") or None
        password = _secret(path(password_file, "CONNECTOR_PASSWORD_FILE"), environ.get("CONNECTOR_PASSWORD"))
        token = _secret(path(token_file, "CONNECTOR_TOKEN_FILE"), environ.get("CONNECTOR_TOKEN"))
        return cls(_authorization(user, password, token), path(ca_file, "CONNECTOR_CA_FILE"))

    def tls(self) -> ssl.SSLContext:
        """Raises ConfigError if the file of the authority cannot be read, or holds none."""
        if self.ca_file is None:
            return ssl.create_default_context()
        try:
            return ssl.create_default_context(cadata=read_text(self.ca_file))
        except ssl.SSLError:
            raise ConfigError.of(
                "--ca-file",
                f"{self.ca_file} holds no certificates: it must be PEM, -----BEGIN CERTIFICATE-----",
            ) from None


def urls_of(given: Sequence[str] | None) -> list[str]:
    """Single URLs, since a variable or an option may hold several, with commas or blanks between them.

    Raises:
        ConfigError: One of them is no URL.
    """
    urls = [url.rstrip("/") for text in given or () for url in re.split(r"[,\s]+", text) if url] or [LOCAL]
    for url in urls:
        if not re.fullmatch(r"https?://[^\s/@]+(/.*)?", url):
            # A password in it would be shown by whatever shows command lines.
            shown = re.sub(r"//.*@", "//…@", url)
            raise ConfigError.of(
                "--url", f"{shown} is no URL of a worker: write for example {LOCAL}, a user as --user"
            )
    return urls


def _secret(file: Path | None, value: str | None) -> str | None:
    return read_text(file).strip("\r\n") if file else value or None


def _authorization(user: str | None, password: str | None, token: str | None) -> str | None:
    if user and token:
        raise ConfigError.of("--user", "give a user or a token, not both")
    if user and not password:
        raise ConfigError.of("--user", "has no password: give --password-file, or CONNECTOR_PASSWORD")
    if token:
        if not token.isascii() or not token.isprintable():
            raise ConfigError.of("--token-file", "a token is one line of printable ASCII")
        return f"Bearer {token}"
    if user:
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    return None
