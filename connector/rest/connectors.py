"""Connectors and their tasks: what there is, how it is configured, what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cluster.request_error import NotFoundError
from connector.rest import shape
from connector.rest.context import HERDER
from connector.rest.query import name_of, task_of
from connector.rest.response import json_response
from connector.rest.sight import secrets_of

if TYPE_CHECKING:
    from aiohttp import web

    from connector.cluster.info import ConnectorInfo


async def get_connectors(request: web.Request) -> web.Response:
    """All names; with ``expand`` an object by name, with nothing in it for what cannot be expanded."""
    names = request.app[HERDER].connectors()
    if "expand" not in request.query:
        return json_response(names)
    expansions = request.query.getall("expand")
    expanded = {name: _expanded(request, name, expansions) for name in names}
    return json_response({name: found for name, found in expanded.items() if found is not None})


async def get_connector(request: web.Request) -> web.Response:
    return json_response(shape.connector_info(_info(request), secrets_of(request)))


async def get_config(request: web.Request) -> web.Response:
    return json_response(secrets_of(request).shown(_info(request).config))


async def get_status(request: web.Request) -> web.Response:
    name = name_of(request)
    status = request.app[HERDER].status(name)
    if status is None:
        raise NotFoundError(f"No status found for connector {name}")
    return json_response(shape.connector_status(status))


async def get_tasks(request: web.Request) -> web.Response:
    name = name_of(request)
    tasks = request.app[HERDER].tasks(name)
    if tasks is None:
        raise NotFoundError(f"Connector {name} not found")
    return json_response([shape.task_info(name, task, secrets_of(request)) for task in tasks])


async def get_task_status(request: web.Request) -> web.Response:
    name, task = name_of(request), task_of(request)
    status = request.app[HERDER].task_status(name, task)
    if status is None:
        raise NotFoundError(f"No status found for task {name}-{task}")
    return json_response(shape.task_status(status))


def _info(request: web.Request) -> ConnectorInfo:
    name = name_of(request)
    info = request.app[HERDER].info(name)
    if info is None:
        raise NotFoundError(f"Connector {name} not found")
    return info


def _expanded(request: web.Request, name: str, expansions: list[str]) -> shape.Shape | None:
    """None when the connector has vanished meanwhile, or has no status yet: it is then left out."""
    herder, found = request.app[HERDER], shape.Shape()
    if "status" in expansions:
        status = herder.status(name)
        if status is None:
            return None
        found["status"] = shape.connector_status(status)
    if "info" in expansions:
        info = herder.info(name)
        if info is None:
            return None
        found["info"] = shape.connector_info(info, secrets_of(request))
    return found
