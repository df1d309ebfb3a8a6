"""Records as messages of a queue: an entry is made once, in the bytes that every attempt sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connector.column import JsonColumn
from connector.errors import RecordError
from connector.sinks.dispatch import Entry, Order, Prepared
from connector.sinks.messaging.attributes import BINARY, MOST, NUMBER, STRING, Attribute
from connector.sinks.messaging.body import ENVELOPE, bodies, envelopes
from connector.sinks.messaging.characters import BASE64, ENCODING_ATTRIBUTE, legal_text
from connector.sinks.messaging.config import S3, SKIP
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.fifo import CONTENT, POSITION, legal_id, position_id
from connector.sinks.messaging.pointer import SIZE_ATTRIBUTE, object_key, pointer
from connector.sinks.sqs.config import seconds_of_delay
from connector.sinks.sqs.queue import is_fifo_by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch
    from connector.sinks.messaging.characters import Text
    from connector.sinks.sqs.config import SqsConfig
    from connector.sinks.sqs.queue import Queue

    Column = Sequence[str | None]

NULL_VALUE, TOO_LARGE = "null_value", "too_large"
"""Why records are passed over."""

_KEY = Expression("{{key}}")
_encode = msgspec.json.Encoder().encode


class MessageMaker:
    """Makes the entries for one queue; ``origin`` is the class that errant records name."""

    def __init__(self, config: SqsConfig, queue: Queue, origin: str) -> None:
        self._config = config
        self._queue = queue
        self._origin = origin
        self._attributes = config.create_attributes()
        self._group = _group_expression(config, queue)
        self._deduplication = _deduplication_expression(config, queue)
        self._positions = queue.is_fifo and config.deduplication_id == POSITION
        self._delay = Expression(config.delay_seconds) if config.delay_seconds else None
        # On a FIFO queue the group is what the service keeps in order, be it the key or something else.
        self._order = Order(config.order) if config.order else None if queue.is_fifo else Order.NONE
        self._expressions = {
            "group": self._group,
            "deduplication": self._deduplication,
            "delay": self._delay,
            "key": _KEY if self._order is Order.KEY else None,
        }

    def make(self, batch: RecordBatch) -> Prepared:
        prepared = Prepared()
        made = bodies(batch, self._config.message_body)
        nulls = _nulls(batch.values)
        texts, faults = self._render(batch)
        for index, offset in enumerate(batch.offsets):
            body = made[index]
            if nulls[index]:
                if self._config.null_values == SKIP:
                    prepared.pass_over(NULL_VALUE)
                    continue
                body = envelopes(batch.select([index]))[0] if self._config.null_values == ENVELOPE else None
            try:
                if fault := faults.get(index):
                    raise ValueError(fault)
                row = {name: column[index] for name, column in texts.items()}
                self._add(prepared, batch, index, self._legal(body), row)
            except ValueError as error:
                prepared.failed[offset] = RecordError(str(error), stage="TASK_PUT", origin=self._origin)
        return prepared

    def _render(self, batch: RecordBatch) -> tuple[dict[str, Column], dict[int, str]]:
        texts: dict[str, Column] = {}
        faults: dict[int, str] = {}
        for name, expression in self._expressions.items():
            if expression is not None:
                texts[name], found = expression.render_each(batch)
                faults |= found
        return texts, faults

    def _legal(self, body: bytes | str | None) -> Text:
        if body is None:
            raise ValueError(
                "it has no value, and a message needs a body: set behavior.on.null.values to skip or envelope"
            )
        if not body:
            raise ValueError("its value is empty, and SQS takes no empty message")
        return legal_text(body, self._config.illegal_characters)

    def _add(
        self, prepared: Prepared, batch: RecordBatch, index: int, text: Text, row: dict[str, str | None]
    ) -> None:
        """One more entry, or what the config says about one that is too large; raises ValueError."""
        offset = batch.offsets[index]
        attributes = [] if self._attributes.is_empty else self._chosen_attributes(batch, index)
        if text.is_mended_by_base64:
            attributes = self._with(attributes, Attribute(ENCODING_ATTRIBUTE, STRING, BASE64))
        body, size_bytes = text.text, text.size_bytes + sum(each.size_bytes for each in attributes)
        if size_bytes > self._queue.most_bytes:
            if self._config.oversize_policy == SKIP:
                prepared.pass_over(TOO_LARGE)
                return
            if self._config.oversize_policy == S3:
                key = object_key(self._config.oversize_prefix, batch.topic_partition, offset)
                attributes = self._with(attributes, Attribute(SIZE_ATTRIBUTE, NUMBER, str(text.size_bytes)))
                prepared.attachments[key] = body.encode()
                body = pointer(self._config.oversize_bucket or "", key)
                size_bytes = len(body.encode()) + sum(each.size_bytes for each in attributes)
        message: dict[str, Any] = {"MessageBody": body}
        if attributes:
            message["MessageAttributes"] = {each.name: _member(each) for each in attributes}
        group = self._identify(message, batch, offset, row)
        if delay := row.get("delay"):
            message["DelaySeconds"] = seconds_of_delay(delay)
        order_key = self._order_key(group, row)
        prepared.entries.append(Entry(offset, _encode(message)[1:], size_bytes, order_key, self._queue.url))

    def _chosen_attributes(self, batch: RecordBatch, index: int) -> list[Attribute]:
        attributes, fault = self._attributes.of(batch, index)
        if fault:
            raise ValueError(fault)
        return attributes

    def _with(self, attributes: list[Attribute], ours: Attribute) -> list[Attribute]:
        if len(attributes) == MOST:
            if self._config.attribute_overflow != "drop":
                raise ValueError(
                    f"it has {MOST} attributes, and {ours.name} is needed, too: choose fewer, or set"
                    " message.attributes.overflow=drop"
                )
            # Ours stand at the end; the last of the user's goes.
            mine = {ENCODING_ATTRIBUTE, SIZE_ATTRIBUTE}
            last = max(position for position, each in enumerate(attributes) if each.name not in mine)
            attributes = attributes[:last] + attributes[last + 1 :]
        return [*attributes, ours]

    def _identify(
        self, message: dict[str, Any], batch: RecordBatch, offset: int, row: dict[str, str | None]
    ) -> str | None:
        """Write group and deduplication id, where there are any; the group."""
        topic, partition = batch.topic_partition
        group = row.get("group")
        if group is None and self._queue.is_fifo:
            group = f"{topic}-{partition}"
        if group is not None:
            group = message["MessageGroupId"] = legal_id(group)
        if self._positions:
            message["MessageDeduplicationId"] = position_id(batch.topic_partition, offset)
        elif self._deduplication is not None:
            found = row["deduplication"]
            if found is None:
                raise ValueError(f"it has no {self._deduplication.text}, which should identify its message")
            message["MessageDeduplicationId"] = legal_id(found)
        return group

    def _order_key(self, group: str | None, row: dict[str, str | None]) -> str | None:
        match self._order:
            case None:
                return group
            case Order.KEY:
                return row["key"]
            case Order.PARTITION:
                return ""
        return None


def columns(config: SqsConfig) -> set[str]:
    """The columns of a batch that messages are made of, whatever kind of queue there will be."""
    found = config.body_columns | config.create_attributes().columns
    needs_key = config.order == Order.KEY or (
        config.group_id is None and is_fifo_by_name(config.queue) is not False
    )
    texts = [config.group_id, config.deduplication_id, config.delay_seconds, _KEY.text if needs_key else None]
    return found.union(*(Expression(text).columns for text in texts if text))


def _group_expression(config: SqsConfig, queue: Queue) -> Expression | None:
    if config.group_id is not None:
        return Expression(config.group_id)
    return _KEY if queue.is_fifo else None


def _deduplication_expression(config: SqsConfig, queue: Queue) -> Expression | None:
    if not queue.is_fifo or config.deduplication_id in {POSITION, CONTENT}:
        return None
    return Expression(config.deduplication_id)


def _nulls(values: Sequence[Any]) -> Sequence[bool]:
    if isinstance(values, JsonColumn) and values.texts is not None:
        return values.nulls()
    return [value is None for value in values]


def _member(attribute: Attribute) -> dict[str, Any]:
    """As SQS's JSON has it; msgspec writes bytes in base64, which is how the protocol writes blobs."""
    if attribute.type != BINARY:
        return {"DataType": attribute.type, "StringValue": attribute.value}
    value = attribute.value
    return {
        "DataType": BINARY,
        "BinaryValue": value.encode() if isinstance(value, str) else value,
    }
