"""Asks a running worker over its REST API, as commands do: one request, one answer, errors as text."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 60.0


class WorkerRefusedError(ConnectorError):
    """The worker's own words."""


class WorkerClient:
    """A worker's REST API; blocks."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError.of(
                "--url", f"{url} is no URL of a worker: write for example http://127.0.0.1:8083"
            )
        self._url = url.rstrip("/")
        # A proxy that the environment names is for the world outside.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

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
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise WorkerRefusedError(_message(error)) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise WorkerRefusedError(
                f"No answer from {self._url} ({reason}): start the worker, or name another with --url."
            ) from None
        return json.loads(text) if text else None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"The worker answered {error.code} {error.reason}."
