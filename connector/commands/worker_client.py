"""Asks a running worker over its REST API, as commands do: one request, one answer, errors as text."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS = 60.0
_TOKEN, _USER, _PASSWORD = "CONNECTOR_TOKEN", "CONNECTOR_USER", "CONNECTOR_PASSWORD"
_CA_FILE = "CONNECTOR_CA_FILE"


class WorkerRefusedError(ConnectorError):
    """The worker's own words.

    Attributes:
        status: Of HTTP; 0 if there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class WorkerClient:
    """A worker's REST API; blocks.

    Args:
        url: Where it listens.
        environ: Says who asks, where the worker wants to know: ``CONNECTOR_TOKEN``, or ``CONNECTOR_USER`` and
            ``CONNECTOR_PASSWORD``; and whom to trust: ``CONNECTOR_CA_FILE``, a file in PEM.
    """

    def __init__(self, url: str, environ: Mapping[str, str] = os.environ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError.of(
                "--url", f"{url} is no URL of a worker: write for example http://127.0.0.1:8083"
            )
        self._url = url.rstrip("/")
        # A proxy that the environment names is for the world outside.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if url.startswith("https://") and (ca_file := environ.get(_CA_FILE)):
            handlers.append(urllib.request.HTTPSHandler(context=_context(ca_file)))
        self._opener = urllib.request.build_opener(*handlers)
        self._authorization = _authorization(environ)

    def ask(
        self,
        method: str,
        path: Sequence[str],
        body: Any = None,
        query: Sequence[tuple[str, str]] = (),
    ) -> Any:
        """The JSON of the answer, None if it has none.

        Args:
            method: Of HTTP.
            path: The segments, not encoded.
            body: Sent as JSON unless it is None.
            query: Names and values.

        Raises:
            WorkerRefusedError: The worker says no, or nothing.
        """
        url = "/".join([self._url, *(quote(segment, safe="").replace(".", "%2E") for segment in path)])
        url += f"?{urlencode(query)}" if query else ""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json", **self._authorization}
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise WorkerRefusedError(_message(error), error.code) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise WorkerRefusedError(
                f"No answer from {self._url} ({reason}): start the worker, or name another with --url."
            ) from None
        return json.loads(text) if text else None


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    if token := environ.get(_TOKEN):
        return {"Authorization": f"Bearer {token}"}
    if user := environ.get(_USER):
        login = f"{user}:{environ.get(_PASSWORD, '')}"
        return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    return {}


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = error.strerror or "it holds no certificate in PEM"
        raise ConfigError.of(_CA_FILE, f"{ca_file} cannot be used: {reason}.") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"The worker answered {error.code} {error.reason}."
