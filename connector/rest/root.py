"""The worker itself: version and health."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from connector import logs
from connector.rest.context import HEALTH_TIMEOUT_SECONDS, HERDER
from connector.rest.response import json_response

if TYPE_CHECKING:
    from aiohttp import web

    from connector.rest.herder import Herder

CONNECT_VERSION = "4.1.0"
"""The version of Kafka Connect whose API this is; clients choose what they ask for by it."""

_log = logs.get(__name__)


async def get_root(request: web.Request) -> web.Response:
    return json_response(
        {
            "version": CONNECT_VERSION,
            "commit": build(),
            "kafka_cluster_id": request.app[HERDER].kafka_cluster_id,
        }
    )


async def get_health(request: web.Request) -> web.Response:
    """200 when the worker's main loop turns, 503 while it starts, 500 when it is stuck (KIP-1017)."""
    herder = request.app[HERDER]
    is_alive = await _answers(herder, request.app[HEALTH_TIMEOUT_SECONDS])
    if not herder.is_ready:
        return _worker_status(503, "starting", "Worker is still starting up.")
    if not is_alive:
        return _worker_status(
            500,
            "unhealthy",
            "Worker was unable to handle this request and may be unable to handle other requests.",
        )
    return _worker_status(200, "healthy", "Worker has completed startup and is ready to handle requests.")


async def get_liveness(request: web.Request) -> web.Response:  # noqa: ARG001 - as every handler
    """200 as long as this answers, whatever Kafka does: a restart would bring no broker back."""
    return _worker_status(200, "alive", "Worker answers.")


async def _answers(herder: Herder, timeout_seconds: float) -> bool:
    if not herder.is_ready:
        return False
    try:
        async with asyncio.timeout(timeout_seconds):
            await herder.ping()
    except TimeoutError:
        _log.warning("main loop does not turn", waited_seconds=timeout_seconds)
        return False
    except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the trace
        _log.exception("health check failed")
        return False
    return True


def _worker_status(code: int, status: str, message: str) -> web.Response:
    return json_response({"status": status, "message": message}, code)


@cache
def build() -> str:
    try:
        return version("kafka-aws-connector")
    except PackageNotFoundError:
        return "unknown"
