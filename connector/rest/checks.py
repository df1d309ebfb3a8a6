"""Checks of connectors over HTTP, as ``connector aws check`` makes them, on the worker that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cluster.request_error import NotFoundError
from connector.config.files import parse_connector
from connector.errors import ConfigError
from connector.rest.context import CHECKS
from connector.rest.response import json_response

if TYPE_CHECKING:
    from aiohttp import web


async def check_connector(request: web.Request) -> web.Response:
    """200 with what was found out, whether the connector would work or not."""
    checks = request.app.get(CHECKS)
    if checks is None:
        raise NotFoundError("This worker checks no connectors")
    return json_response(await checks.check(parse_connector(await _text(request), "the body")))


async def _text(request: web.Request) -> str:
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError:
        raise ConfigError.of("the body", "Not UTF-8, which JSON has to be.") from None
