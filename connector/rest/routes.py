"""The whole API at a glance: every path, and the handler that answers it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from aiohttp import web

from connector.rest import (
    change,
    checks,
    connections,
    connectors,
    description,
    loggers,
    metrics,
    offsets,
    plugins,
    root,
    topics,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "{name:[^/]+}"  # aiohttp's own pattern leaves out braces
_TASK = "{task:-?[0-9]{1,9}}"  # another number is no path of ours (404), as in Kafka Connect

# GET answers HEAD, too.
TABLE = (
    web.get("/", root.get_root),
    web.get("/health", root.get_health),
    web.get("/health/live", root.get_liveness),
    web.get(description.PATH, description.get_description),
    web.get(metrics.PATH, metrics.get_metrics),
    web.get("/connectors", connectors.get_connectors),
    web.post("/connectors", change.create_connector),
    web.get(f"/connectors/{_NAME}", connectors.get_connector),
    web.delete(f"/connectors/{_NAME}", change.delete_connector),
    web.get(f"/connectors/{_NAME}/config", connectors.get_config),
    web.put(f"/connectors/{_NAME}/config", change.put_config),
    web.patch(f"/connectors/{_NAME}/config", change.patch_config),
    web.get(f"/connectors/{_NAME}/status", connectors.get_status),
    web.post(f"/connectors/{_NAME}/restart", change.restart),
    web.put(f"/connectors/{_NAME}/pause", change.pause),
    web.put(f"/connectors/{_NAME}/resume", change.resume),
    web.put(f"/connectors/{_NAME}/stop", change.stop),
    web.get(f"/connectors/{_NAME}/tasks", connectors.get_tasks),
    web.get(f"/connectors/{_NAME}/tasks/{_TASK}/status", connectors.get_task_status),
    web.post(f"/connectors/{_NAME}/tasks/{_TASK}/restart", change.restart_task),
    web.get(f"/connectors/{_NAME}/topics", topics.get_topics),
    web.put(f"/connectors/{_NAME}/topics/reset", topics.reset_topics),
    web.get(f"/connectors/{_NAME}/offsets", offsets.get_offsets),
    web.patch(f"/connectors/{_NAME}/offsets", offsets.alter_offsets),
    web.delete(f"/connectors/{_NAME}/offsets", offsets.reset_offsets),
    web.get("/connector-plugins", plugins.get_plugins),
    web.get(f"/connector-plugins/{_NAME}/config", plugins.get_plugin_config),
    web.put(f"/connector-plugins/{_NAME}/config/validate", plugins.validate_config),
    web.get("/admin/loggers", loggers.get_loggers),
    web.get(f"/admin/loggers/{_NAME}", loggers.get_logger),
    web.put(f"/admin/loggers/{_NAME}", loggers.set_level),
    web.put("/aws/check", checks.check_connector),
    web.get("/aws/connections", connections.get_connections),
    web.post("/aws/connections", connections.create_connection),
    web.get(f"/aws/connections/{_NAME}", connections.get_connection),
    web.put(f"/aws/connections/{_NAME}", connections.update_connection),
    web.delete(f"/aws/connections/{_NAME}", connections.delete_connection),
    web.post(f"/aws/connections/{_NAME}/validate", connections.validate_connection),
    web.put(f"/aws/connections/{_NAME}/validate", connections.validate_connection),
    web.get(f"/aws/connections/{_NAME}/usage", connections.get_usage),
    web.get(f"/aws/connections/{_NAME}/policy", connections.get_policy),
)


class Part(StrEnum):
    """What may have listeners of its own."""

    PUBLIC = "public"
    ADMIN = "admin"


def routes(parts: frozenset[Part] = frozenset(Part)) -> Iterator[web.RouteDef]:
    """The table, with every path a second time with a slash at its end: clients use both."""
    for route in TABLE:
        if _part(route) not in parts:
            continue
        yield route
        if route.path != "/":
            yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)


def _part(route: web.RouteDef) -> Part:
    return Part.ADMIN if route.path.startswith("/admin/") else Part.PUBLIC
