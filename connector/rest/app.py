"""Puts the REST API together: routes, middleware, and what handlers work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from connector.metrics import REGISTRY
from connector.rest.access import check_access
from connector.rest.context import (
    CHECKS,
    CONNECT_METRICS,
    CONNECTIONS,
    DESCRIPTION,
    HEADERS,
    HEALTH_TIMEOUT_SECONDS,
    HERDER,
    METRICS_REGISTRY,
    PRINCIPALS,
    SECRETS,
    TOPIC_TRACKING,
    WORKER_ID,
    WRITE_LIMIT,
    TopicTracking,
)
from connector.rest.cross_origin import HeaderPolicy, add_headers
from connector.rest.limit import WriteLimit, limit_time, limit_writes
from connector.rest.middleware import answer_errors, check_media_types
from connector.rest.openapi import describe
from connector.rest.root import CONNECT_VERSION
from connector.rest.routes import TABLE, Part, routes
from connector.rest.secrets import Secrets
from connector.rest.trace import trace

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from connector.cluster.checks import ConnectorChecks
    from connector.cluster.connection_service import ConnectionService
    from connector.rest.herder import Herder
    from connector.rest.jmx import ConnectMetrics
    from connector.rest.principal import Principals

_MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before the API; open to everybody who reaches it, if nothing else is said.

    Attributes:
        principals: Who may ask; None for anybody.
        writes_per_second: How many changes a client may ask for; 0 for any number.
        headers: Of answers.
    """

    principals: Principals | None = None
    writes_per_second: float = 0.0
    headers: HeaderPolicy = field(default_factory=HeaderPolicy)


def make_app(
    herder: Herder,
    *,
    secrets: Secrets = Secrets.MASKED,
    connections: ConnectionService | None = None,
    checks: ConnectorChecks | None = None,
    guard: Guard = Guard(),
    parts: frozenset[Part] = frozenset(Part),
    tracking: TopicTracking = TopicTracking(),  # noqa: B008 - it has no state
    registry: CollectorRegistry = REGISTRY,
    worker_id: str = "",
    connect_metrics: ConnectMetrics | None = None,
    health_timeout_seconds: float = 10.0,
) -> web.Application:
    """The REST API of the worker that ``herder`` speaks for.

    Args:
        herder: Answers for connectors and tasks.
        secrets: Whether configs are shown with their secrets.
        connections: Answers for named connections; None if they are off.
        checks: Checks connectors; None if this worker does not.
        guard: Who may ask, and for how much.
        parts: Which paths there are.
        tracking: Whether topics that were read are told, and may be forgotten.
        registry: Where ``/metrics`` reads.
        worker_id: What statuses call this worker.
        connect_metrics: Gives metrics once more under names of Kafka Connect's; None if nobody wants them.
        health_timeout_seconds: How long ``/health`` waits for the main loop (KIP-1017: 10 seconds).
    """
    app = web.Application(
        middlewares=[trace, answer_errors, limit_time, check_access, limit_writes, check_media_types],
        client_max_size=_MAX_BODY_BYTES,
    )
    app[PRINCIPALS] = guard.principals
    app[WRITE_LIMIT] = WriteLimit(guard.writes_per_second)
    app[HEADERS] = guard.headers
    app.on_response_prepare.append(add_headers)
    app[HERDER] = herder
    app[SECRETS] = secrets
    if connections is not None:
        app[CONNECTIONS] = connections
    if checks is not None:
        app[CHECKS] = checks
    app[DESCRIPTION] = describe(TABLE, CONNECT_VERSION)
    app[TOPIC_TRACKING] = tracking
    app[METRICS_REGISTRY] = registry
    app[WORKER_ID] = worker_id
    app[CONNECT_METRICS] = connect_metrics
    app[HEALTH_TIMEOUT_SECONDS] = health_timeout_seconds
    app.add_routes(list(routes(parts)))
    return app
