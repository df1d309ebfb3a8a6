"""All metrics in Prometheus' text format, or in OpenMetrics for those who ask for it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from connector import metrics
from connector.config.connector import ConnectorConfig
from connector.rest.context import CONNECT_METRICS, HERDER, METRICS_REGISTRY, WORKER_ID
from connector.rest.jmx.connect import ConnectorFacts
from connector.rest.root import build
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client import Metric

    from connector.cluster.status import ConnectorStatus
    from connector.rest.herder import Herder
    from connector.rest.jmx import ConnectMetrics

PATH = "/metrics"


async def get_metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    scrape = CollectorRegistry(auto_describe=False)
    scrape.register(_scrape(request.app))
    # Thousands of series take milliseconds that the data path should not wait for.
    body = await asyncio.to_thread(encode, scrape)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})


@dataclass(frozen=True, slots=True, eq=False)  # registries keep collectors in a dict
class _Scrape(Collector):
    """What the registry has, and what was looked up for this scrape."""

    registry: CollectorRegistry
    looked_up: Sequence[Metric]
    connect: ConnectMetrics | None
    connectors: Sequence[ConnectorFacts]

    def collect(self) -> Iterator[Metric]:
        ours = [*self.registry.collect(), *self.looked_up]
        yield from ours
        if self.connect is not None:
            yield from self.connect.families(ours, self.connectors, time.time())


def _scrape(app: web.Application) -> _Scrape:
    herder, worker_id = app[HERDER], app[WORKER_ID]
    statuses = [status for name in herder.connectors() if (status := herder.status(name)) is not None]
    return _Scrape(
        app[METRICS_REGISTRY],
        [*_of_cluster(statuses), *_of_worker(herder, worker_id)],
        app[CONNECT_METRICS],
        [_facts(herder, status) for status in statuses if status.worker_id == worker_id],
    )


def _of_cluster(statuses: Iterable[ConnectorStatus]) -> Iterator[Metric]:
    """With a series for each state, so that an alert sees it begin and end."""
    statuses = list(statuses)
    connectors = Counter(status.state.value for status in statuses)
    tasks = Counter((status.name, task.state.value) for status in statuses for task in status.tasks)
    yield metrics.CLUSTER_CONNECTORS.family({(state.value,): connectors[state.value] for state in State})
    yield metrics.CLUSTER_CONNECTOR_STATE.family(
        {(status.name, state.value): float(status.state is state) for status in statuses for state in State}
    )
    yield metrics.CLUSTER_TASKS.family(
        {
            (status.name, state.value): tasks[status.name, state.value]
            for status in statuses
            for state in State
        }
    )


def _of_worker(herder: Herder, worker_id: str) -> Iterator[Metric]:
    yield metrics.WORKER_READY.family({(): float(herder.is_ready)})
    yield metrics.WORKER_INFO.family({(worker_id, build()): 1.0})


def _facts(herder: Herder, status: ConnectorStatus) -> ConnectorFacts:
    info = herder.info(status.name)
    sink = info.config.get(ConnectorConfig.connector_class.name, "") if info else ""
    return ConnectorFacts(status.name, status.state.value, sink, status.version)
