"""Records as messages of a queue: an entry is made once, in the bytes that every attempt sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connector.sinks.dispatch import Entry
from connector.sinks.messaging.attributes import BINARY, Attribute
from connector.sinks.messaging.draft import Draft
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.message import MessageMaker
from connector.sinks.sqs.config import seconds_of_delay
from connector.sinks.sqs.queue import is_fifo_by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch
    from connector.sinks.dispatch import Prepared
    from connector.sinks.messaging.message import Message
    from connector.sinks.sqs.config import SqsConfig
    from connector.sinks.sqs.queue import Queue

_encode = msgspec.json.Encoder().encode


class EntryMaker:
    """Makes the entries of one batch after the other; remembers nothing of them."""

    def __init__(self, config: SqsConfig, origin: str) -> None:
        """Args: ``origin`` is the class that errant records name."""
        self._config = config
        self._origin = origin
        self._messages = MessageMaker(config)
        self._ids = {is_fifo: config.create_ids(is_fifo=is_fifo) for is_fifo in (False, True)}
        self._delay = Expression(config.delay_seconds) if config.delay_seconds else None

    @property
    def columns(self) -> set[str]:
        """Those of a batch that are looked at, whatever kind of queue it is for."""
        ids = self._ids[is_fifo_by_name(self._config.queue) is not False]
        delay = self._delay.columns if self._delay else set()
        return self._messages.columns | ids.columns | delay

    def prepare(self, batch: RecordBatch, queue: Queue) -> Prepared:
        """The entries of a batch for one queue."""
        draft = Draft(batch, self._origin)
        bodies = self._messages.bodies(draft)
        groups, deduplication, order_keys = self._ids[queue.is_fifo].of(draft)
        delays = self._delays(draft)
        offsets, add = draft.batch.offsets, draft.prepared.entries.append
        for message in self._messages.messages(draft, bodies, queue.most_bytes):
            at = message.position
            payload = _payload(message, groups[at], deduplication[at], delays[at])
            add(
                Entry(
                    offsets[at],
                    payload,
                    message.size_bytes,
                    order_keys[at],
                    queue.url,
                    held_bytes=len(payload),
                )
            )
        return draft.prepared

    def _delays(self, draft: Draft) -> Sequence[int | None]:
        delays: list[int | None] = []
        for position, text in enumerate(draft.texts("aws.sqs.delay.seconds", self._delay)):
            try:
                delays.append(seconds_of_delay(text) if text else None)
            except ValueError as error:
                draft.fail(position, f"aws.sqs.delay.seconds: {error}")
                delays.append(None)
        return delays


def _payload(message: Message, group: str | None, deduplication: str | None, delay: int | None) -> bytes:
    """An entry of SendMessageBatch without its beginning, which is its id."""
    sent: dict[str, Any] = {"MessageBody": message.body}
    if message.attributes:
        sent["MessageAttributes"] = {each.name: _member(each) for each in message.attributes}
    if group is not None:
        sent["MessageGroupId"] = group
    if deduplication is not None:
        sent["MessageDeduplicationId"] = deduplication
    if delay is not None:
        sent["DelaySeconds"] = delay
    return _encode(sent)[1:]


def _member(attribute: Attribute) -> dict[str, Any]:
    """As SQS's JSON has it; msgspec writes bytes in base64, which is how the protocol writes blobs."""
    if attribute.type != BINARY:
        return {"DataType": attribute.type, "StringValue": attribute.value}
    value = attribute.value
    return {
        "DataType": BINARY,
        "BinaryValue": value.encode() if isinstance(value, str) else value,
    }
