"""Lets in whom the operator named, as far as the role goes; without such a list everybody is let in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from connector import logs
from connector.rest import change, plugins, root, topics
from connector.rest.context import PRINCIPALS
from connector.rest.cross_origin import is_preflight
from connector.rest.principal import Role
from connector.rest.response import error_response
from connector.rest.sight import PRINCIPAL

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logs.get(__name__)

_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_OPERATORS: frozenset[Any] = frozenset(
    {
        change.pause,
        change.resume,
        change.stop,
        change.restart,
        change.restart_task,
        topics.reset_topics,
        plugins.validate_config,
    }
)
# Whoever runs the worker asks for its health, and that has no secrets.
_OPEN: frozenset[Any] = frozenset({root.get_health, root.get_liveness})


@web.middleware
async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """401 for those who are nobody, 403 for those who may not."""
    principals = request.app[PRINCIPALS]
    if principals is None or request.match_info.handler in _OPEN or is_preflight(request):
        return await handler(request)
    principal = principals.of(request.headers.get(hdrs.AUTHORIZATION))
    if principal is None:
        response = error_response(401, "User cannot access the resource.")
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="connector", Bearer'
        return response
    needed = required_role(request)
    if principal.role < needed:
        return error_response(403, f"This needs the role {needed.name.lower()}.")
    request[PRINCIPAL] = principal
    if request.method not in _READS:
        log.info("change over REST", user=principal.name, method=request.method, path=request.path)
    return await handler(request)


def required_role(request: web.Request) -> Role:
    """By what is asked for."""
    if request.method in _READS:
        return Role.VIEWER
    return Role.OPERATOR if request.match_info.handler in _OPERATORS else Role.ADMIN
