"""The whole API at a glance: every path, and the handler that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from connector.rest import connectors, metrics, root

if TYPE_CHECKING:
    from collections.abc import Iterator

# GET answers HEAD, too. A task's number that is no integer is no path of ours (404), as in Kafka Connect.
_TABLE = (
    web.get("/", root.get_root),
    web.get("/health", root.get_health),
    web.get(metrics.PATH, metrics.get_metrics),
    web.get("/connectors", connectors.get_connectors),
    web.get("/connectors/{name}", connectors.get_connector),
    web.get("/connectors/{name}/config", connectors.get_config),
    web.get("/connectors/{name}/status", connectors.get_status),
    web.get("/connectors/{name}/tasks", connectors.get_tasks),
    web.get("/connectors/{name}/tasks/{task:-?[0-9]+}/status", connectors.get_task_status),
)


def routes() -> Iterator[web.RouteDef]:
    """The table, with every path a second time with a slash at its end: clients use both."""
    for route in _TABLE:
        yield route
        if route.path != "/":
            yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)
