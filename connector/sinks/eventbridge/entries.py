"""Events out of records: pure, and each made once, as the bytes that are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from connector.sinks.dispatch import Entry, Order
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
from connector.sinks.messaging.draft import Draft
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.null import refuse
from connector.sinks.messaging.oversize import Oversize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.record import RecordBatch
    from connector.sinks.dispatch import Prepared
    from connector.sinks.eventbridge.config import EventBridgeConfig
    from connector.sinks.eventbridge.detail import Value
    from connector.sinks.messaging.expression import Column

    Write = Callable[["Event", str], Any]
    Render = Callable[[str, Expression], Column]

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
        """For one batch; ``render`` gives the texts of an option's expression for it."""
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
        self._oversize = Oversize(config)
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
        draft = Draft(batch, self._origin)
        # Details first: whatever decodes a column of JSON takes its texts away.
        events = self._events(draft, self._details(draft))
        write = self._writer.begin(draft.texts)
        order_keys = draft.order_keys(self._order)
        for event in events:
            if draft.has_failed(event.position):
                continue  # for what the writer rendered
            final = self._within_limits(draft, event)
            if final is None:
                continue
            sent, size = final
            payload = write(sent, destination)
            offset = draft.batch.offsets[event.position]
            held = len(payload) if isinstance(payload, bytes) else size
            entry = Entry(offset, payload, size, order_keys[event.position], destination, held_bytes=held)
            draft.prepared.entries.append(entry)
        return draft.prepared

    # ---- events ----

    def _events(self, draft: Draft, details: Sequence[tuple[bytes, bytes]]) -> list[Event]:
        sources = draft.texts("aws.eventbridge.source", self._source)
        detail_types = draft.texts("aws.eventbridge.detail.type", self._detail_type)
        resources = [draft.texts("aws.eventbridge.resources", resource) for resource in self._resources]
        times = self._times(draft)
        traces = self._traces(draft.batch)
        events = []
        for index, (head, detail) in enumerate(details):
            if draft.has_failed(index):
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
                draft.fail(index, fault or "")
                continue
            events.append(Event(detail, head, source, detail_type, about, at, traces[index], index))
        return events

    def _details(self, draft: Draft) -> list[tuple[bytes, bytes]]:
        """Head and detail of each record that is left in the draft, which those without have left."""
        found = values(draft.batch.values, must_be_json=not self._is_envelope)
        needs_heads = self._is_envelope or (
            self._null_policy == ENVELOPE and any(value.is_null for value in found)
        )
        beginnings = heads(draft.batch) if needs_heads else []
        details = {}
        for index, value in enumerate(found):
            detail = self._detail(draft, index, value, beginnings[index] if beginnings else b"")
            if detail is not None:
                details[index] = detail
        draft.keep(list(details))
        return list(details.values())

    def _detail(
        self, draft: Draft, index: int, value: Value, head: bytes | None
    ) -> tuple[bytes, bytes] | None:
        if value.fault:
            draft.fail(index, value.fault)
            return None
        if value.is_null and self._null_policy != ENVELOPE:
            refuse(draft, index, self._null_policy)
            return None
        if not self._is_envelope and not value.is_null:
            return b"", value.text
        if head is None:
            draft.fail(index, f"the key or a header {NOT_JSON}")
            return None
        return head, enveloped(head, value.text)

    def _times(self, draft: Draft) -> Sequence[int | None]:
        if self._config.time == NO_TIME:
            return [None] * len(draft.batch)
        if self._time is None:
            return draft.batch.timestamps
        texts = draft.texts("aws.eventbridge.time", self._time)
        return [self._moment(draft, index, text) for index, text in enumerate(texts)]

    @staticmethod
    def _moment(draft: Draft, index: int, text: str | None) -> int | None:
        if not text:
            return None
        try:
            return milliseconds(text)
        except ValueError:
            draft.fail(
                index,
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

    def _within_limits(self, draft: Draft, event: Event) -> tuple[Event, int] | None:
        """The event, or one that refers to its value, and how large it is; None if it is left out."""
        size = event.size_bytes
        if size > legal.REQUEST_BYTES and self._oversize.acts:
            if self._oversize.passes_over(draft):
                return None
            event = self._by_reference(draft, event)
            size = event.size_bytes
        return event, size

    def _by_reference(self, draft: Draft, event: Event) -> Event:
        batch, position = draft.batch, event.position
        value = body(value_of(event.head, event.detail)) if event.head else event.detail
        key = self._oversize.store(draft, position, value)
        head = event.head or place(batch.topic_partition._replace(topic=batch.topic), batch.offsets[position])
        arn = f"arn:{self._config.partition}:s3:::{self._config.oversize_bucket}/{key}"
        path = _PATH_OF_VALUE if event.head else _PATH_OF_ALL
        return event._replace(detail=referred(head, arn, path))


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
