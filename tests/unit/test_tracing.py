"""Traces tell where time went, and nothing else; without them nothing of OpenTelemetry is there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from connector import tracing
from connector.errors import AccessError, ConfigError
from connector.runtime.context import TaskContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    yield exporter
    tracing.use(None)


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (found,) = spans.get_finished_spans()
    return found


def test_a_worker_without_traces_imports_nothing_of_them() -> None:
    program = "import sys, connector.distributed, connector.standalone, connector.sinks.s3 as _;"
    program += "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_what_is_not_traced_costs_no_object() -> None:
    assert tracing.span("put", {"records": 1}) is tracing.span("flush")
    assert tracing.in_context(print) is print


def test_an_error_is_told_by_its_class_alone(spans: InMemorySpanExporter) -> None:
    with pytest.raises(AccessError), tracing.span("aws AssumeRole", {"rpc.method": "AssumeRole"}):
        raise AccessError("the external id tenant-4711 is refused")
    found = only(spans)
    assert found.attributes == {"rpc.method": "AssumeRole", "error.type": "AccessError"}
    assert found.status.status_code is StatusCode.ERROR
    assert "tenant-4711" not in found.to_json()


def test_an_attribute_that_nobody_has_allowed_is_a_defect(spans: InMemorySpanExporter) -> None:
    with (
        pytest.raises(AssertionError, match=r"aws\.secret\.access\.key"),
        tracing.span("put", {"aws.secret.access.key": "abc"}),
    ):
        pass


async def test_what_runs_in_a_thread_is_below_what_has_sent_it_there(spans: InMemorySpanExporter) -> None:
    def work() -> None:
        with tracing.span("transform"):
            pass

    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("orders", 0, executor)
        with tracing.span("convert"):
            await asyncio.gather(context.in_thread(work), context.in_thread(work))
    inner, _, outer = spans.get_finished_spans()
    assert (inner.name, outer.name) == ("transform", "convert")
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id


def test_without_the_extra_the_worker_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"kafka-aws-connector\[otel\]"):
        tracing.start("10.0.0.1:8083")
    assert not tracing.is_on()
