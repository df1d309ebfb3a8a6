"""A span for each request; a caller that is traced itself finds it below its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from connector import tracing

if TYPE_CHECKING:
    from connector.rest.middleware import Handler

_UNKNOWN = "unknown"
_OTHER = "_OTHER"
_FAILED = 500


@web.middleware
async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """By its route, not by its path: names of connectors are not for everybody."""
    if not tracing.is_on():
        return await handler(request)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else _UNKNOWN
    method = request.method if request.method in hdrs.METH_ALL else _OTHER
    said = {"http.request.method": method, "http.route": route}
    with tracing.span(f"{method} {route}", said, carrier=request.headers) as made:
        response = await handler(request)
        tracing.tell(made, {"http.response.status_code": response.status})
        if response.status >= _FAILED:
            tracing.tell(made, {"error.type": str(response.status)})
    return response
