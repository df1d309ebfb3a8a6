"""What clients do to connectors: create, configure, delete, pause, resume, stop, restart."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from connector.cluster.request_error import BadRequestError
from connector.rest import shape
from connector.rest.body import read_config, read_creation
from connector.rest.context import HERDER
from connector.rest.query import flag, location, name_of, task_of
from connector.rest.response import json_response
from connector.rest.sight import secrets_of
from connector.runtime.state import TargetState

if TYPE_CHECKING:
    from connector.cluster.info import ConnectorInfo
    from connector.config.info import SubmittedConfig


async def create_connector(request: web.Request) -> web.Response:
    """201; the config is checked before it is looked whether there is one of this name."""
    connector, config, state = await read_creation(request)
    named = _named(connector, _unmasked(request, connector, config))
    return _created(request, await request.app[HERDER].create(connector, named, state))


async def put_config(request: web.Request) -> web.Response:
    """201 if it is new, else 200."""
    connector = name_of(request)
    config = _named(connector, _unmasked(request, connector, await read_config(request)))
    info, is_new = await request.app[HERDER].put_config(connector, config)
    return _created(request, info) if is_new else _shown(request, info)


async def patch_config(request: web.Request) -> web.Response:
    """Keys that are null are removed (KIP-477)."""
    connector = name_of(request)
    patch = _unmasked(request, connector, await read_config(request))
    if patch.get("name", connector) != connector:
        # Kafka Connect takes another name, under the old path.
        raise _mismatch(patch["name"], connector)
    return _shown(request, await request.app[HERDER].patch_config(connector, patch))


async def delete_connector(request: web.Request) -> web.Response:
    await request.app[HERDER].delete(name_of(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def pause(request: web.Request) -> web.Response:
    await request.app[HERDER].set_target_state(name_of(request), TargetState.PAUSED)
    return web.Response(status=HTTPStatus.ACCEPTED)


async def resume(request: web.Request) -> web.Response:
    await request.app[HERDER].set_target_state(name_of(request), TargetState.STARTED)
    return web.Response(status=HTTPStatus.ACCEPTED)


async def stop(request: web.Request) -> web.Response:
    """The connector stays, without tasks."""
    await request.app[HERDER].set_target_state(name_of(request), TargetState.STOPPED)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def restart(request: web.Request) -> web.Response:
    """204 for the connector alone, 202 with what is due where a flag is given (KIP-745)."""
    status = await request.app[HERDER].restart(
        name_of(request), include_tasks=flag(request, "includeTasks"), only_failed=flag(request, "onlyFailed")
    )
    if status is None:
        return web.Response(status=HTTPStatus.NO_CONTENT)
    return json_response(shape.connector_status(status), HTTPStatus.ACCEPTED)


async def restart_task(request: web.Request) -> web.Response:
    await request.app[HERDER].restart_task(name_of(request), task_of(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _created(request: web.Request, info: ConnectorInfo) -> web.Response:
    response = _shown(request, info, HTTPStatus.CREATED)
    response.headers["Location"] = location(request, "connectors", info.name)
    return response


def _shown(request: web.Request, info: ConnectorInfo, status: int = HTTPStatus.OK) -> web.Response:
    return json_response(shape.connector_info(info, secrets_of(request)), status)


def _unmasked(request: web.Request, connector: str, config: SubmittedConfig) -> SubmittedConfig:
    """Clients that edit put back what they were shown: a secret that was hidden stays as it is."""
    info = request.app[HERDER].info(connector)
    return secrets_of(request).restored(config, info.config if info else {})


def _named(connector: str, config: SubmittedConfig) -> SubmittedConfig:
    """The config holds the connector's name, as Kafka Connect puts it there."""
    given = config.get("name")
    if given is None:
        return {**config, "name": connector}
    if given != connector:
        raise _mismatch(given, connector)
    return config


def _mismatch(given: str | None, connector: str) -> BadRequestError:
    return BadRequestError(
        f"Connector name configuration ({given}) doesn't match connector name in the URL ({connector})"
    )
