"""Named connections over HTTP; their secrets are in no answer, whatever ``rest.config.secrets`` says."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from connector.aws.named import Status
from connector.cluster.connection_service import Filter
from connector.errors import ConfigError
from connector.rest.context import CONNECTIONS
from connector.rest.query import flag, location, name_of
from connector.rest.response import json_response

if TYPE_CHECKING:
    from connector.aws.named import NamedConnection
    from connector.cluster.connection_service import ConnectionService


async def get_connections(request: web.Request) -> web.Response:
    """Those that pass every filter in the query, and the stored ones that cannot be read."""
    query = request.query
    only = Filter(
        name=query.get("name", ""),
        status=_status(query.get("status")),
        tags=query.getall("tag", []),
        match_criteria=query.getall("match", []),
    )
    listing = await _service(request).listing(only)
    return json_response(
        {
            "connections": [_shown(request, connection) for connection in listing.connections],
            "damaged": [{"file": found.where, "reason": found.reason} for found in listing.damaged],
        }
    )


async def create_connection(request: web.Request) -> web.Response:
    """201, or 200 for one that was there already and may be."""
    connection, is_new = await _service(request).create(
        await _body(request),
        if_not_exists=flag(request, "if_not_exists", default=False),
        validate=flag(request, "validate", default=True),
    )
    response = json_response(_shown(request, connection), HTTPStatus.CREATED if is_new else HTTPStatus.OK)
    response.headers["Location"] = location(request, "aws", "connections", connection.name)
    return response


async def get_connection(request: web.Request) -> web.Response:
    return json_response(_shown(request, await _service(request).show(name_of(request))))


async def update_connection(request: web.Request) -> web.Response:
    service = _service(request)
    validate = flag(request, "validate", default=True)
    connection = await service.update(name_of(request), await _body(request), validate=validate)
    return json_response(_shown(request, connection))


async def delete_connection(request: web.Request) -> web.Response:
    await _service(request).delete(name_of(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def validate_connection(request: web.Request) -> web.Response:
    """200 with the outcome, 202 while there is none yet."""
    connection = await _service(request).validate(name_of(request))
    return json_response(_shown(request, connection), _validated(connection))


async def get_usage(request: web.Request) -> web.Response:
    name = name_of(request)
    users = await _service(request).usage(name)
    return json_response(
        {
            "name": name,
            "connectors": [
                {"connector": user.connector, "tasks": list(user.tasks), "version": user.version}
                for user in users
            ],
            "tasks": sum(len(user.tasks) for user in users),
        }
    )


async def get_policy(request: web.Request) -> web.Response:
    name = name_of(request)
    policy = await _service(request).policy(name)
    return json_response(
        {
            "name": name,
            "role_arn": policy.role_arn,
            "principal": policy.principal,
            "external_id": policy.external_id,
            "trust_policy": policy.document,
        }
    )


def _service(request: web.Request) -> ConnectionService:
    service = request.app.get(CONNECTIONS)
    if service is None:
        raise ConfigError.of(
            "aws.connections.directory",
            "Named connections are off: set this worker property to a directory of the worker's own.",
        )
    return service


def _shown(request: web.Request, connection: NamedConnection) -> dict[str, Any]:
    return connection.shown(_service(request).checks(connection))


async def _body(request: web.Request) -> Any:
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        # Only the position: what is there may be a secret.
        message = f"is not valid JSON at line {error.lineno}, column {error.colno}"
        raise ConfigError.of("connection", message) from None


def _status(text: str | None) -> Status | None:
    if text is None:
        return None
    try:
        return Status(text.upper())
    except ValueError:
        raise ConfigError.of("status", f"must be one of {', '.join(Status)}") from None


def _validated(connection: NamedConnection) -> HTTPStatus:
    return HTTPStatus.ACCEPTED if connection.status is Status.IN_PROGRESS else HTTPStatus.OK
