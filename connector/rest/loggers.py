"""The levels of loggers (KIP-495, KIP-976)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from connector.cluster.request_error import NotFoundError
from connector.rest.body import read_level
from connector.rest.context import HERDER
from connector.rest.query import name_of
from connector.rest.response import json_response

if TYPE_CHECKING:
    from connector.cluster.logger_level import LoggerLevel


async def get_loggers(request: web.Request) -> web.Response:
    loggers = request.app[HERDER].loggers()
    return json_response({logger: _shown(level) for logger, level in loggers.items()})


async def get_logger(request: web.Request) -> web.Response:
    level = request.app[HERDER].loggers().get(name_of(request))
    if level is None:
        raise NotFoundError(f"Logger {name_of(request)} not found.")
    return json_response(_shown(level))


async def set_level(request: web.Request) -> web.Response:
    """The loggers that this changed; with ``scope=cluster`` nothing, since that comes later."""
    herder, level = request.app[HERDER], await read_level(request)
    if request.query.get("scope", "").lower() == "cluster":
        await herder.set_cluster_level(name_of(request), level)
        return web.Response(status=HTTPStatus.NO_CONTENT)
    return json_response(await herder.set_level(name_of(request), level))


def _shown(level: LoggerLevel) -> dict[str, Any]:
    return {"level": level.level, "last_modified": level.last_modified}
