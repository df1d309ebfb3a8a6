"""Tokens for a Schema Registry by OAuth's client credentials: kept while valid, renewed in time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError

if TYPE_CHECKING:
    from connector.schema_registry.config import SchemaRegistryConfig

_OPTION = "bearer.auth.issuer.endpoint.url"
_AHEAD_SECONDS = 30.0
_USUAL_SECONDS = 300.0
"""RFC 6749, 5.1: an issuer need not say how long a token lives."""
_MOST_BYTES = 1024 * 1024
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


class Tokens:
    """One token for all that ask; a lock keeps them from asking the issuer at once."""

    def __init__(self, config: SchemaRegistryConfig) -> None:
        secret = config.client_secret.get_secret_value() if config.client_secret else ""
        form = {
            "grant_type": "client_credentials",
            "client_id": config.client_id or "",
            "client_secret": secret,
            "scope": config.scope or "",
        }
        self._url = config.issuer_url or ""
        self._shown = f"{urlsplit(self._url).scheme}://{urlsplit(self._url).netloc.rpartition('@')[2]}"
        self._body = urlencode({name: value for name, value in form.items() if value})
        seconds = urllib3.Timeout(connect=config.connect_ms / 1000, read=config.read_ms / 1000)
        self._pool = urllib3.PoolManager(
            timeout=seconds,
            retries=False,
            ssl_context=config.tls() if self._url.startswith("https:") else None,
        )
        self._lock = threading.Lock()
        self._token, self._until = "", float("-inf")

    def token(self) -> str:
        """A token that is valid.

        Raises:
            RetriableError: The issuer cannot be asked now.
            AccessError: It refuses.
        """
        with self._lock:
            if time.monotonic() >= self._until:
                asked = time.monotonic()
                answer = self._ask()
                lives = _USUAL_SECONDS if answer.expires_in is None else answer.expires_in
                self._token, self._until = answer.access_token, asked + max(lives - _AHEAD_SECONDS, lives / 2)
            return self._token

    def reject(self, token: str) -> None:
        """The registry does not take this one; the next is a new one."""
        with self._lock:
            if token == self._token:
                self._until = float("-inf")

    def _ask(self) -> _Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            response = self._pool.request(
                "POST", self._url, body=self._body, headers=headers, redirect=False, preload_content=False
            )
            body = response.read(_MOST_BYTES)
            response.release_conn()
        except (HTTPError, OSError) as error:
            raise RetriableError(
                f"{_OPTION}: {self._shown} does not answer ({type(error).__name__})",
                code=ErrorCode.REGISTRY_UNREACHABLE,
            ) from error
        if response.status >= _SERVER_ERROR or response.status == _TOO_MANY:
            raise RetriableError(
                f"{_OPTION}: {self._shown} answers {response.status}", code=ErrorCode.REGISTRY_UNREACHABLE
            )
        if response.status != _OK:
            raise AccessError(
                f"{_OPTION}: {self._shown} gives no token but {response.status}: correct"
                " bearer.auth.client.id, bearer.auth.client.secret and bearer.auth.scope.",
                code=ErrorCode.REGISTRY_ACCESS_DENIED,
            )
        try:
            return msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # Without a cause: the answer may hold a token.
            raise AccessError(
                f"{_OPTION}: what {self._shown} answers is no token ({type(error).__name__}): correct the"
                " URL.",
                code=ErrorCode.REGISTRY_NONE_THERE,
            ) from None
