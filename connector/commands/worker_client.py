"""Asks a running worker over its REST API, as commands do: one request, one answer, errors as text."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from connector.commands.worker_access import Access, urls_of
from connector.error_codes import ErrorCode
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 60.0


class WorkerRefusedError(ConnectorError):
    """The worker's own words.

    Attributes:
        status: Of HTTP; 0 if there was no answer.
    """

    code = ErrorCode.WORKER_REFUSED

    def __init__(self, message: str, status: int = 0, *, code: ErrorCode | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status


class _SilentError(Exception):
    """A worker gave no answer.

    Attributes:
        reason: For people.
        has_asked: Whether the request may have reached it.
    """

    def __init__(self, reason: object, *, has_asked: bool) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.has_asked = has_asked


class WorkerClient:
    """The REST API of a worker, or of whichever of several answers; blocks.

    Args:
        urls: Of one worker, or of several of one cluster.
        access: As whom to ask; what the environment says if not given.
        seconds: How long an answer may take.
    """

    def __init__(
        self, urls: str | Sequence[str], access: Access | None = None, *, seconds: float = _SECONDS
    ) -> None:
        self._urls = urls_of([urls] if isinstance(urls, str) else urls)
        self._access = Access.of() if access is None else access
        self._seconds = seconds
        # A proxy that the environment names is for the world outside.
        handlers: list[Any] = [urllib.request.ProxyHandler({}), _NoRedirects()]
        if any(url.startswith("https://") for url in self._urls):
            handlers.append(urllib.request.HTTPSHandler(context=self._access.tls()))
        self._opener = urllib.request.build_opener(*handlers)

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
            WorkerRefusedError: The worker says no, or none says anything. A change that a worker may have
                made already is asked of no other one.
        """
        silent = []
        for url in self._urls:
            target = "/".join([url, *(quote(segment, safe="").replace(".", "%2E") for segment in path)])
            target += f"?{urlencode(query)}" if query else ""
            try:
                return self._ask(method, target, body)
            except _SilentError as error:
                silent.append(f"{url} ({error.reason})")
                if error.has_asked and method != "GET":
                    break
        raise WorkerRefusedError(
            f"No answer from {', '.join(silent)}: start the worker, or name another with --url.",
            code=ErrorCode.WORKER_UNREACHABLE,
        )

    def _ask(self, method: str, url: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - checked
        if self._access.authorization:
            request.add_unredirected_header("Authorization", self._access.authorization)
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise WorkerRefusedError(_message(error, url), error.code) from None
        except urllib.error.URLError as error:  # it could not be connected to
            raise _SilentError(_reason(error.reason), has_asked=False) from None
        except (OSError, http.client.HTTPException) as error:
            raise _SilentError(error or type(error).__name__, has_asked=True) from None
        return _parsed(text, url)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """No worker sends its clients elsewhere; what does is no worker."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _reason(reason: object) -> object:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {reason.verify_message}: give --ca-file or CONNECTOR_CA_FILE"
    return reason


def _parsed(text: bytes, url: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        raise WorkerRefusedError(
            f"{url} answers, and not in JSON: it is no worker's REST API.", code=ErrorCode.WORKER_UNREACHABLE
        ) from None


def _message(error: urllib.error.HTTPError, url: str) -> str:
    if error.code == http.client.UNAUTHORIZED:
        return (
            f"{url} asks who you are: give --user, or CONNECTOR_USER and CONNECTOR_PASSWORD,"
            " or CONNECTOR_TOKEN."
        )
    try:
        return str(json.loads(error.read())["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"The worker answered {error.code} {error.reason}."
