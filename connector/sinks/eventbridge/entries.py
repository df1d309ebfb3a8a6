"""Events out of records: pure, and each made once, as the bytes that are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from connector.errors import RecordError
from connector.sinks.dispatch import Entry, Order, Prepared
from connector.sinks.eventbridge import legal
from connector.sinks.eventbridge.config import ENVELOPE, NO_TIME, RECORD_TIME
from connector.sinks.eventbridge.detail import (
    NOT_JSON,
    body,
    enveloped,
    heads,
    place,
    referred,
    value_of,
    values,
)
from connector.sinks.eventbridge.moment import milliseconds, moment_fault
from connector.sinks.messaging.config import FAIL, SKIP
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.pointer import object_key
from connector.sinks.variable import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from connector.record import RecordBatch
    from connector.sinks.eventbridge.config import EventBridgeConfig
    from connector.sinks.eventbridge.detail import Value

    Column = Sequence[str | None]
    Write = Callable[["Event", str], Any]
    Render = Callable[[Expression], Column]

NULL, OVERSIZE = "null_value", "too_large"
"""Reasons why records are passed over."""
_PATH_OF_VALUE, _PATH_OF_ALL = "$.detail.value", "$.detail"


class Event(NamedTuple):
    """An event before it is written down.

    Attributes:
        detail: A JSON object.
        head: Its beginning, if it is an envelope.
        position: Of its record in the batch.
    """

    detail: bytes
    head: bytes
    source: str
    detail_type: str
    resources: Sequence[str]
    time_ms: int | None
    trace: str | None
    position: int

    @property
    def size_bytes(self) -> int:
        return legal.size_bytes(
            detail=len(self.detail),
            source=self.source,
            detail_type=self.detail_type,
            resources=self.resources,
            has_time=self.time_ms is not None,
            trace=self.trace,
        )


class Writer(Protocol):
    """How events are written down for one kind of bus."""

    @property
    def columns(self) -> set[str]:
        """What of a batch it looks at."""
        ...

    def begin(self, render: Render) -> Write:
        """For one batch; ``render`` gives the texts of an expression for it."""
        ...


class EntryMaker:
    """Makes the entries of each batch as the options say."""

    def __init__(self, config: EventBridgeConfig, writer: Writer, connector: str, origin: str) -> None:
        """Prepare; ``origin`` is the class that errant records name as theirs."""
        self._config = config
        self._writer = writer
        self._origin = origin
        self._default_source = f"kafka-connect.{connector}"
        self._source = Expression(config.source) if config.source else None
        self._detail_type = Expression(config.detail_type)
        self._resources = [Expression(resource) for resource in config.resources]
        self._time = None if config.time in {RECORD_TIME, NO_TIME} else Expression(config.time)
        self._order = config.chosen_order
        self._is_envelope = config.detail == ENVELOPE
        self._null_policy = config.null_policy

    @property
    def columns(self) -> set[str]:
        """What of a batch is looked at."""
        config = self._config
        found = {"values"} | self._writer.columns
        if self._is_envelope or self._null_policy == ENVELOPE:
            found |= {"keys", "timestamps", "headers"}
        if config.time == RECORD_TIME:
            found.add("timestamps")
        if self._order is Order.KEY:
            found.add("keys")
        if config.trace_header:
            found.add("headers")
        given = (self._source, self._detail_type, self._time, *self._resources)
        return found.union(*(expression.columns for expression in given if expression))

    def topic_fault(self, topic: str) -> str | None:
        """What is wrong with every event of a topic."""
        if not self._detail_type.is_of_topic:
            return None
        return legal.detail_type_fault(self._detail_type.of_topic(topic))

    def prepare(self, batch: RecordBatch, destination: str) -> Prepared:
        """The entries for a destination."""
        prepared = Prepared()
        # Details first: whatever decodes a column of JSON takes its texts away.
        details = self._details(batch, prepared)
        if len(details) < len(batch):
            batch = batch.select(list(details))
        events = self._events(batch, list(details.values()), prepared)
        write = self._writer.begin(lambda expression: self._render(expression, batch, prepared))
        orders = self._order_keys(batch)
        for event in events:
            final, size = self._within_limits(batch, event, prepared)
            if final is not None:
                offset = batch.offsets[event.position]
                payload = write(final, destination)
                prepared.entries.append(Entry(offset, payload, size, orders(event.position), destination))
        return prepared

    # ---- events ----

    def _events(
        self, batch: RecordBatch, details: Sequence[tuple[bytes, bytes]], prepared: Prepared
    ) -> list[Event]:
        sources = self._render(self._source, batch, prepared)
        detail_types = self._render(self._detail_type, batch, prepared)
        resources = [self._render(resource, batch, prepared) for resource in self._resources]
        times = self._times(batch, prepared)
        traces = self._traces(batch)
        events = []
        for index, (head, detail) in enumerate(details):
            offset = batch.offsets[index]
            if offset in prepared.failed:
                continue
            source = sources[index] if self._source else self._default_source
            detail_type = detail_types[index]
            about = [text for column in resources if (text := column[index])]
            at = times[index]
            fault = (
                legal.source_fault(source)
                or legal.detail_type_fault(detail_type)
                or legal.resources_fault(about)
                or legal.detail_fault(detail)
                or (None if at is None else moment_fault(at))
            )
            if fault or source is None or detail_type is None:
                self._fail(prepared, offset, fault or "")
                continue
            events.append(Event(detail, head, source, detail_type, about, at, traces[index], index))
        return events

    def _details(self, batch: RecordBatch, prepared: Prepared) -> dict[int, tuple[bytes, bytes]]:
        """Head and detail of each record by its index; why the others have none is noted."""
        found = values(batch.values, must_be_json=not self._is_envelope)
        needs_heads = self._is_envelope or (
            self._null_policy == ENVELOPE and any(value.is_null for value in found)
        )
        beginnings = heads(batch) if needs_heads else []
        details = {}
        for index, value in enumerate(found):
            head = beginnings[index] if beginnings else b""
            detail = self._detail(batch.offsets[index], value, head, prepared)
            if detail is not None:
                details[index] = detail
        return details

    def _detail(
        self, offset: int, value: Value, head: bytes | None, prepared: Prepared
    ) -> tuple[bytes, bytes] | None:
        if value.fault:
            self._fail(prepared, offset, value.fault)
            return None
        if value.is_null and self._null_policy == SKIP:
            prepared.pass_over(NULL)
            return None
        if value.is_null and self._null_policy == FAIL:
            self._fail(prepared, offset, "the value is null: set behavior.on.null.values to skip or envelope")
            return None
        if not self._is_envelope and not value.is_null:
            return b"", value.text
        if head is None:
            self._fail(prepared, offset, f"the key or a header {NOT_JSON}")
            return None
        return head, enveloped(head, value.text)

    def _times(self, batch: RecordBatch, prepared: Prepared) -> Sequence[int | None]:
        if self._config.time == NO_TIME:
            return [None] * len(batch)
        if self._time is None:
            return batch.timestamps
        texts = self._render(self._time, batch, prepared)
        return [
            self._moment(text, offset, prepared) for text, offset in zip(texts, batch.offsets, strict=True)
        ]

    def _moment(self, text: str | None, offset: int, prepared: Prepared) -> int | None:
        if not text:
            return None
        try:
            return milliseconds(text)
        except ValueError:
            self._fail(
                prepared,
                offset,
                f"{text[:40]!r} is neither an ISO-8601 time nor milliseconds since the epoch: correct"
                " aws.eventbridge.time",
            )
            return None

    def _traces(self, batch: RecordBatch) -> Sequence[str | None]:
        """A trace that the service would refuse is worth less than its event."""
        header = self._config.trace_header
        if not header:
            return [None] * len(batch)
        found = Expression(f"{{{{header:{header}}}}}").render(batch)
        return [text if text and len(text) <= legal.MOST_TRACE_CHARACTERS else None for text in found]

    # ---- limits ----

    def _within_limits(
        self, batch: RecordBatch, event: Event, prepared: Prepared
    ) -> tuple[Event | None, int]:
        """The event, or one that refers to its value, or None if it is left out; and how large it is."""
        size, policy = event.size_bytes, self._config.oversize_policy
        if size <= legal.REQUEST_BYTES or policy == FAIL:
            return event, size  # the dispatcher tells what is too large
        if policy == SKIP:
            prepared.pass_over(OVERSIZE)
            return None, 0
        smaller = self._by_reference(batch, event, prepared)
        return smaller, smaller.size_bytes

    def _by_reference(self, batch: RecordBatch, event: Event, prepared: Prepared) -> Event:
        config = self._config
        offset = batch.offsets[event.position]
        key = object_key(config.oversize_prefix, batch.topic_partition, offset)
        arn = f"arn:{config.partition}:s3:::{config.oversize_bucket}/{key}"
        if not event.head:
            prepared.attachments[key] = event.detail
            return event._replace(detail=referred(place(batch.topic_partition, offset), arn, _PATH_OF_ALL))
        prepared.attachments[key] = body(value_of(event.head, event.detail))
        return event._replace(detail=referred(event.head, arn, _PATH_OF_VALUE))

    # ---- order ----

    def _order_keys(self, batch: RecordBatch) -> Callable[[int], Hashable]:
        if self._order is Order.PARTITION:
            return lambda _index: True
        if self._order is Order.KEY:
            keys = batch.keys
            return lambda index: text_of(keys[index])
        return lambda _index: None

    # ---- what every part needs ----

    def _render(self, expression: Expression | None, batch: RecordBatch, prepared: Prepared) -> Column:
        """The text for each record; one whose value is no JSON fails alone."""
        if expression is None:
            return [None] * len(batch)
        try:
            return expression.render(batch)
        except ValueError:
            return [self._render_one(expression, batch, index, prepared) for index in range(len(batch))]

    def _render_one(
        self, expression: Expression, batch: RecordBatch, index: int, prepared: Prepared
    ) -> str | None:
        try:
            return expression.render(batch.select([index]))[0]
        except ValueError as error:
            self._fail(prepared, batch.offsets[index], f"for {expression.text}: the value {error}")
            return None

    def _fail(self, prepared: Prepared, offset: int, fault: str) -> None:
        """Note why a record cannot be an event; the first reason counts."""
        error = RecordError(fault, stage="TASK_PUT", origin=self._origin)
        prepared.failed.setdefault(offset, error)


_text = msgspec.json.Encoder().encode


class JsonWriter:
    """Entries of PutEvents of the classic bus, in JSON 1.1 as its model says."""

    @property
    def columns(self) -> set[str]:
        return set()

    def begin(self, render: Render) -> Write:  # noqa: ARG002 - there is nothing more to render
        return write


def write(event: Event, bus: str) -> bytes:
    """An entry of PutEvents; times are whole seconds, as events have them."""
    time = b"" if event.time_ms is None else b'"Time":%d,' % (event.time_ms // 1000)
    resources = b'"Resources":%b,' % _text(event.resources) if event.resources else b""
    trace = b'"TraceHeader":%b,' % _text(event.trace) if event.trace else b""
    return b'{%b%b%b"Source":%b,"DetailType":%b,"EventBusName":%b,"Detail":%b}' % (
        time,
        resources,
        trace,
        _text(event.source),
        _text(event.detail_type),
        _text(bus),
        _text(event.detail.decode()),
    )
