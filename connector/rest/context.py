"""What every handler may ask the application for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from connector.cluster.checks import ConnectorChecks
from connector.cluster.connection_service import ConnectionService
from connector.rest.herder import Herder
from connector.rest.jmx import ConnectMetrics
from connector.rest.principal import Principals
from connector.rest.secrets import Secrets

if TYPE_CHECKING:
    from connector.rest.cross_origin import HeaderPolicy
    from connector.rest.limit import WriteLimit


@dataclass(frozen=True, slots=True)
class TopicTracking:
    """The worker's ``topic.tracking.enable`` and ``topic.tracking.allow.reset``."""

    is_on: bool = True
    may_be_reset: bool = True


# aiohttp's application keys are checked by identity; the type is for readers and mypy.
HERDER: web.AppKey[Herder] = web.AppKey("herder", Herder)
SECRETS: web.AppKey[Secrets] = web.AppKey("secrets", Secrets)
CONNECTIONS: web.AppKey[ConnectionService] = web.AppKey("connections", ConnectionService)
CHECKS: web.AppKey[ConnectorChecks] = web.AppKey("checks", ConnectorChecks)
METRICS_REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("metrics_registry", CollectorRegistry)
CONNECT_METRICS: web.AppKey[ConnectMetrics | None] = web.AppKey("connect_metrics", ConnectMetrics)
WORKER_ID: web.AppKey[str] = web.AppKey("worker_id", str)
DESCRIPTION: web.AppKey[dict[str, Any]] = web.AppKey("description", dict)
PRINCIPALS: web.AppKey[Principals | None] = web.AppKey("principals", Principals)
WRITE_LIMIT: web.AppKey[WriteLimit] = web.AppKey("write_limit")
HEADERS: web.AppKey[HeaderPolicy] = web.AppKey("headers")
TOPIC_TRACKING: web.AppKey[TopicTracking] = web.AppKey("topic_tracking", TopicTracking)
HEALTH_TIMEOUT_SECONDS: web.AppKey[float] = web.AppKey("health_timeout_seconds", float)
