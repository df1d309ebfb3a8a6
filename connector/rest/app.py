"""Puts the REST API together: routes, middleware, and what handlers work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from connector.metrics import REGISTRY
from connector.rest.context import (
    CHECKS,
    CONNECTIONS,
    DESCRIPTION,
    HEALTH_TIMEOUT_SECONDS,
    HERDER,
    METRICS_REGISTRY,
    SECRETS,
    TOPIC_TRACKING,
    TopicTracking,
)
from connector.rest.middleware import answer_errors, check_media_types
from connector.rest.openapi import describe
from connector.rest.root import CONNECT_VERSION
from connector.rest.routes import TABLE, routes
from connector.rest.secrets import Secrets

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from connector.cluster.checks import ConnectorChecks
    from connector.cluster.connection_service import ConnectionService
    from connector.rest.herder import Herder

_MAX_BODY_BYTES = 1024 * 1024


def make_app(
    herder: Herder,
    *,
    secrets: Secrets = Secrets.MASKED,
    connections: ConnectionService | None = None,
    checks: ConnectorChecks | None = None,
    tracking: TopicTracking = TopicTracking(),  # noqa: B008 - it has no state
    registry: CollectorRegistry = REGISTRY,
    health_timeout_seconds: float = 10.0,
) -> web.Application:
    """The REST API of the worker that ``herder`` speaks for.

    Args:
        herder: Answers for connectors and tasks.
        secrets: Whether configs are shown with their secrets.
        connections: Answers for named connections; None if they are off.
        checks: Checks connectors; None if this worker does not.
        tracking: Whether topics that were read are told, and may be forgotten.
        registry: Where ``/metrics`` reads.
        health_timeout_seconds: How long ``/health`` waits for the main loop (KIP-1017: 10 seconds).
    """
    app = web.Application(middlewares=[answer_errors, check_media_types], client_max_size=_MAX_BODY_BYTES)
    app[HERDER] = herder
    app[SECRETS] = secrets
    if connections is not None:
        app[CONNECTIONS] = connections
    if checks is not None:
        app[CHECKS] = checks
    app[DESCRIPTION] = describe(TABLE, CONNECT_VERSION)
    app[TOPIC_TRACKING] = tracking
    app[METRICS_REGISTRY] = registry
    app[HEALTH_TIMEOUT_SECONDS] = health_timeout_seconds
    app.add_routes(list(routes()))
    return app
