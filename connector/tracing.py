"""Spans of what a worker does, for operators who want traces; for others OpenTelemetry is not even imported.

A span has a name out of the code and attributes out of a closed set: what users and records say is in none,
and neither is the message of an error, which may quote either.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from connector import logs
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

P = ParamSpec("P")
T = TypeVar("T")
log = logs.get(__name__)

ATTRIBUTES = frozenset(
    {
        "connector",
        "task",
        "records",
        "partitions",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "rpc.method",
        "rpc.system",
    }
)
"""What may be told. Nothing here comes from a record, from a config, or from an error's message."""
OPTION = "tracing.enable"
_SERVICE = "kafka-aws-connector"
_STOP_SECONDS = 3.0
_NOTHING: AbstractContextManager[None] = nullcontext()

_tracer: Tracer | None = None
_provider: TracerProvider | None = None


def start(worker_id: str) -> None:
    """Send spans over OTLP/HTTP to where ``OTEL_EXPORTER_OTLP_…`` say, from now on.

    Raises:
        ConfigError: The extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise ConfigError.of(
            OPTION, "Traces need the extra otel: install kafka-aws-connector[otel], or set it to false."
        ) from None
    own = {"service.instance.id": worker_id}
    if not os.environ.get("OTEL_SERVICE_NAME"):
        own["service.name"] = _SERVICE
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use(provider)
    log.info("traces are sent")


def use(provider: TracerProvider | None) -> None:
    """Make spans with this provider; with none, no more."""
    global _provider, _tracer  # noqa: PLW0603 - there is one process, and one that it tells
    _provider = provider
    _tracer = provider.get_tracer(_SERVICE) if provider else None


def stop() -> None:
    """Send what is left, if that is quick; blocks for a moment."""
    provider = _provider
    use(None)
    if provider is not None:
        # Its own deadline is half a minute, which a worker that stops does not have.
        thread = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
        thread.start()
        thread.join(_STOP_SECONDS)


def is_on() -> bool:
    return _tracer is not None


def span(
    name: str, attributes: Mapping[str, str | int] | None = None, carrier: Mapping[str, str] | None = None
) -> AbstractContextManager[Span | None]:
    """Around a piece of work; the work's own spans are below it.

    Args:
        name: Out of the code.
        attributes: Some of ``ATTRIBUTES``.
        carrier: Headers of a request, which may say whose span this one belongs to.
    """
    return _NOTHING if _tracer is None else _span(_tracer, name, attributes or {}, carrier)


@contextmanager
def _span(
    tracer: Tracer, name: str, attributes: Mapping[str, str | int], carrier: Mapping[str, str] | None
) -> Iterator[Span]:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    parent = TraceContextTextMapPropagator().extract(carrier) if carrier is not None else None
    with tracer.start_as_current_span(
        name, parent, attributes=_allowed(attributes), record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except BaseException as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(StatusCode.ERROR)
            raise


def tell(made: Span | None, attributes: Mapping[str, str | int]) -> None:
    """Add what is known only now."""
    if made is not None:
        made.set_attributes(_allowed(attributes))


def in_context(function: Callable[P, T]) -> Callable[P, T]:
    """The function as it is to be called in another thread, so that its spans are below the present one."""
    if _tracer is None:
        return function
    context = copy_context()

    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.run(function, *args, **kwargs)

    return called


def _allowed(attributes: Mapping[str, str | int]) -> dict[str, Any]:
    foreign = attributes.keys() - ATTRIBUTES
    if foreign:
        raise AssertionError(f"not to be told in traces: {', '.join(sorted(foreign))}")
    return dict(attributes)
