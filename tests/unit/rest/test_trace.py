"""Requests to the REST API are traced by their route, below the span of whoever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connector import tracing

if TYPE_CHECKING:
    from tests.unit.rest.conftest import Client

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_request_is_a_span_of_its_route(client: Client) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    try:
        await client.get("/connectors/customer-4711/status?secret=abc", headers={"traceparent": CALLER})
        await client.get("/nowhere/customer-4711")
    finally:
        tracing.use(None)
    found, unknown = exporter.get_finished_spans()
    assert found.name == "GET /connectors/{name}/status"
    assert found.attributes == {
        "http.request.method": "GET",
        "http.route": "/connectors/{name}/status",
        "http.response.status_code": 404,
    }
    assert found.parent is not None
    assert f"{found.context.trace_id:032x}" == CALLER.split("-")[1]
    assert unknown.name == "GET unknown"
    assert "4711" not in found.to_json() + unknown.to_json()
    assert "abc" not in found.to_json()
