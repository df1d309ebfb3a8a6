"""What holds for every request: media types are checked, and whatever goes wrong becomes an error answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from connector import logs
from connector.errors import ConnectorError
from connector.rest.fault import status_of
from connector.rest.metrics import PATH as METRICS
from connector.rest.negotiation import accepts_json, takes_body
from connector.rest.response import error_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logs.get(__name__)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into ``{"error_code", "message"}``; what nobody expected is logged, not shown."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        return _wrong_method(request, error)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is no error
            raise
        return error_response(error.status)
    except ConnectorError as error:
        return error_response(status_of(error), str(error))
    except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the trace
        _log.exception("request failed", method=request.method, path=request.path)
        return error_response(500, "The worker failed to answer this request; its log tells why.")


@web.middleware
async def check_media_types(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse bodies that are not JSON, and clients that do not take it, as Kafka Connect does.

    A request without a body may say any type: Kafka Connect refuses that, too, but common clients do it.
    """
    if _is_api(request):
        if request.body_exists and not takes_body(request.headers.get(hdrs.CONTENT_TYPE)):
            raise web.HTTPUnsupportedMediaType
        if not accepts_json(_joined(request, hdrs.ACCEPT)):
            raise web.HTTPNotAcceptable
    return await handler(request)


def _is_api(request: web.Request) -> bool:
    return request.match_info.http_exception is None and request.path.rstrip("/") != METRICS


def _joined(request: web.Request, header: str) -> str | None:
    values = request.headers.getall(header, [])
    return ",".join(values) if values else None


def _wrong_method(request: web.Request, error: web.HTTPMethodNotAllowed) -> web.Response:
    allowed = ",".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))
    if request.method == hdrs.METH_OPTIONS:
        response = web.Response(text=allowed)
    else:
        response = error_response(error.status)
    response.headers[hdrs.ALLOW] = allowed
    return response
