from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from connector.metrics import STS_CALLS

if TYPE_CHECKING:
    from tests.unit.rest.conftest import Client


async def test_metrics_are_in_prometheus_text_by_default(client: Client) -> None:
    STS_CALLS.labels("ok").inc()
    response = await client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = {sample.name for family in parse(await response.text()) for sample in family.samples}
    assert {"connector_sts_requests_total", "process_cpu_seconds_total"} <= samples


async def test_metrics_are_in_openmetrics_for_who_asks(client: Client) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    response = await client.get("/metrics", headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert list(parse_openmetrics(await response.text()))  # type: ignore[no-untyped-call]


async def test_metrics_are_shown_to_a_browser(client: Client) -> None:
    assert (await client.get("/metrics", headers={"Accept": "text/html"})).status == 200
