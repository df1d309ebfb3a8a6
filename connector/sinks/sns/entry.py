"""From records to entries of PublishBatch: what stands beside a message, and the bytes that are sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from connector.sinks.dispatch import Entry
from connector.sinks.messaging.draft import Draft
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.message import MessageMaker
from connector.sinks.sns import form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.record import RecordBatch
    from connector.sinks.dispatch import Prepared
    from connector.sinks.messaging.expression import Column
    from connector.sinks.messaging.message import Message
    from connector.sinks.sns.config import SnsConfig
    from connector.sinks.sns.topic import Topic

SUBJECT, DEDUPLICATION, GROUP = b"Subject", b"MessageDeduplicationId", b"MessageGroupId"
_LEGAL_SUBJECT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,99}")
"""API reference, Publish, Subject: no line breaks, no control characters, less than 100 characters."""


class EntryMaker:
    """Makes the entries of one batch after the other; remembers nothing of them."""

    def __init__(self, config: SnsConfig, origin: str) -> None:
        """Args: ``origin`` is the class that errant records name."""
        self._config = config
        self._origin = origin
        self._messages = MessageMaker(config, _check_structure if config.structure else None)
        self._ids = {is_fifo: config.create_ids(is_fifo=is_fifo) for is_fifo in (False, True)}
        self._subject = Expression(config.subject) if config.subject else None

    @property
    def columns(self) -> set[str]:
        """Those of a batch that are looked at, whatever kind of topic it is for."""
        ids = self._ids[self._config.names_fifo is not False]
        subject = self._subject.columns if self._subject else set()
        return self._messages.columns | ids.columns | subject

    def prepare(self, batch: RecordBatch, topic: Topic) -> Prepared:
        """The entries of a batch for one topic."""
        draft = Draft(batch, self._origin)
        bodies = self._messages.bodies(draft)
        ids = self._ids[topic.is_fifo].of(draft)
        beside = {SUBJECT: self._subjects(draft), GROUP: ids.groups, DEDUPLICATION: ids.deduplication}
        messages = list(self._messages.messages(draft, bodies, topic.most_bytes))
        offsets = draft.batch.offsets
        draft.prepared.entries = [
            Entry(
                offsets[message.position],
                payload,
                message.size_bytes,
                ids.order_keys[message.position],
                topic.arn,
                held_bytes=len(payload),
            )
            for message, payload in zip(messages, self._payloads(messages, beside), strict=True)
        ]
        return draft.prepared

    def _payloads(self, messages: Sequence[Message], beside: Mapping[bytes, Column]) -> Iterator[bytes]:
        bodies = form.quoted_column([message.body.encode() for message in messages])
        columns = {
            name: form.quoted_column([(column[message.position] or "").encode() for message in messages])
            for name, column in beside.items()
            if any(column)
        }
        structure = form.field(b"MessageStructure", b"json") if self._config.structure else b""
        for index, (message, body) in enumerate(zip(messages, bodies, strict=True)):
            fields = [form.field(b"Message", body), structure]
            fields += [form.field(name, column[index]) for name, column in columns.items() if column[index]]
            if message.attributes:
                fields.append(form.attribute_fields(message.attributes))
            yield b"".join(fields)

    def _subjects(self, draft: Draft) -> Column:
        subjects = draft.texts("aws.sns.subject", self._subject)
        if self._subject is None:
            return subjects
        for position, subject in enumerate(subjects):
            if subject and not _LEGAL_SUBJECT.fullmatch(subject):
                draft.fail(
                    position,
                    "its subject would have 100 characters or more, a line break or a control character,"
                    " which SNS refuses: take another field for aws.sns.subject",
                )
        return subjects


def _check_structure(body: bytes | str) -> None:
    """API reference, PublishBatchRequestEntry, MessageStructure; raises ValueError."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("default"), str):
        raise ValueError(  # noqa: TRY004 - of a record's value, not of an argument
            "its value is no JSON object with a text called default, as aws.sns.message.structure=json asks"
        )
