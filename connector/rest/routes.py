"""The whole API at a glance: every path, and the handler that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from connector.rest import checks, connections, connectors, metrics, root

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "{name:[^/]+}"  # aiohttp's own pattern leaves out braces
_TASK = "{task:-?[0-9]+}"  # another number is no path of ours (404), as in Kafka Connect

# GET answers HEAD, too.
_TABLE = (
    web.get("/", root.get_root),
    web.get("/health", root.get_health),
    web.get(metrics.PATH, metrics.get_metrics),
    web.get("/connectors", connectors.get_connectors),
    web.get(f"/connectors/{_NAME}", connectors.get_connector),
    web.get(f"/connectors/{_NAME}/config", connectors.get_config),
    web.get(f"/connectors/{_NAME}/status", connectors.get_status),
    web.get(f"/connectors/{_NAME}/tasks", connectors.get_tasks),
    web.get(f"/connectors/{_NAME}/tasks/{_TASK}/status", connectors.get_task_status),
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


def routes() -> Iterator[web.RouteDef]:
    """The table, with every path a second time with a slash at its end: clients use both."""
    for route in _TABLE:
        yield route
        if route.path != "/":
            yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)
