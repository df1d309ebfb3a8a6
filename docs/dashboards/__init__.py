"""The Grafana dashboards, made of the worker's metrics; ``python -m docs.generate`` writes them.

A panel answers a question, which is its title; what a metric means is left to the page on metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.dashboards.cluster import cluster
from docs.dashboards.connector import connector

if TYPE_CHECKING:
    from collections.abc import Callable

    from grafana_foundation_sdk.builders.dashboard import Dashboard

DASHBOARDS: dict[str, Callable[[], Dashboard]] = {"cluster.json": cluster, "connector.json": connector}
