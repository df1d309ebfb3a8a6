"""From records to entries of PublishBatch: what is sent, how SNS counts it, what cannot be sent and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connector.errors import RecordError
from connector.sinks.dispatch import Entry, Order, Prepared
from connector.sinks.messaging.attributes import MOST, NUMBER, STRING, Attribute
from connector.sinks.messaging.body import BASE64, ENVELOPE, bodies, envelopes, nulls
from connector.sinks.messaging.characters import ENCODING_ATTRIBUTE, legal_text
from connector.sinks.messaging.config import S3, SKIP
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.fifo import CONTENT, POSITION, legal_id, position_id
from connector.sinks.messaging.pointer import SIZE_ATTRIBUTE, object_key, pointer
from connector.sinks.sns import form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connector.record import RecordBatch
    from connector.sinks.messaging.characters import Text
    from connector.sinks.sns.config import SnsConfig
    from connector.sinks.sns.topic import Topic

    Column = Sequence[str | None]

NULL_VALUE, TOO_LARGE = "null_value", "too_large"
"""Why a record is passed over."""

SUBJECT, DEDUPLICATION, GROUP = b"Subject", b"MessageDeduplicationId", b"MessageGroupId"
_LEGAL_SUBJECT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,99}")
"""API reference, Publish, Subject: no line breaks, no control characters, less than 100 characters."""
_OURS = frozenset({ENCODING_ATTRIBUTE, SIZE_ATTRIBUTE})


class _Draft(NamedTuple):
    """A record that will be sent."""

    place: int
    """In its batch."""
    message: bytes
    attributes: list[Attribute]
    size_bytes: int


class _UnfitError(Exception):
    """This record can never be sent; says why."""


class EntryMaker:
    """Makes the entries of one batch after the other; remembers nothing of them."""

    def __init__(self, config: SnsConfig, origin: str) -> None:
        """Args: ``origin`` is the class that errors of records name."""
        self._config = config
        self._origin = origin
        self._attributes = config.create_attributes()
        self._subject = Expression(config.subject) if config.subject else None
        is_word = config.deduplication_id in {POSITION, CONTENT}
        self._deduplication = None if is_word else Expression(config.deduplication_id)

    @property
    def columns(self) -> set[str]:
        """Those of a batch that are looked at, whatever kind of topic it is for."""
        config = self._config
        group = config.group(is_fifo=config.names_fifo is not False)
        keys = Expression("{{key}}") if config.order == Order.KEY else None
        found = config.body_columns | self._attributes.columns
        expressions = (self._subject, self._deduplication, group, keys)
        return found.union(*(expression.columns for expression in expressions if expression))

    def prepare(self, batch: RecordBatch, topic: Topic) -> Prepared:
        """The entries of a batch for one topic."""
        prepared = Prepared()
        texts, faults = self._texts(batch, topic)
        drafts = list(self._drafts(batch, topic, faults, prepared))
        order_keys = self._order_keys(batch, topic, texts.get(GROUP))
        for draft, payload in zip(drafts, self._payloads(drafts, texts), strict=True):
            order_key = None if order_keys is None else order_keys[draft.place]
            offset = batch.offsets[draft.place]
            prepared.entries.append(Entry(offset, payload, draft.size_bytes, order_key, topic.arn))
        return prepared

    def _payloads(self, drafts: list[_Draft], texts: Mapping[bytes, Column]) -> Iterator[bytes]:
        messages = form.quoted_column([draft.message for draft in drafts])
        columns = {
            name: form.quoted_column([(column[draft.place] or "").encode() for draft in drafts])
            for name, column in texts.items()
        }
        structure = form.field(b"MessageStructure", b"json") if self._config.structure else b""
        for index, (draft, message) in enumerate(zip(drafts, messages, strict=True)):
            fields = [form.field(b"Message", message), structure]
            fields += [form.field(name, column[index]) for name, column in columns.items() if column[index]]
            if draft.attributes:
                fields.append(form.attribute_fields(draft.attributes))
            yield b"".join(fields)

    # ---- messages ----

    def _drafts(
        self, batch: RecordBatch, topic: Topic, faults: Mapping[int, str], prepared: Prepared
    ) -> Iterator[_Draft]:
        absent = nulls(batch.values)
        for place, body in enumerate(self._bodies(batch, absent)):
            if body is None and self._config.null_values == SKIP:
                prepared.pass_over(NULL_VALUE)
                continue
            try:
                if place in faults:
                    raise _UnfitError(faults[place])
                draft = self._within(topic, batch, self._draft(batch, place, body), prepared)
            except _UnfitError as error:
                failure = RecordError(str(error), stage="TASK_PUT", origin=self._origin)
                prepared.failed[batch.offsets[place]] = failure
            else:
                if draft is not None:
                    yield draft

    def _bodies(self, batch: RecordBatch, absent: Sequence[bool]) -> Sequence[bytes | str | None]:
        """None where there is nothing to send."""
        found = bodies(batch, self._config.message_body)
        places = [place for place, is_absent in enumerate(absent) if is_absent]
        if not places:
            return found
        instead: Sequence[bytes | None] = [None] * len(places)
        if self._config.null_values == ENVELOPE:
            instead = envelopes(batch.select(places))
        by_place = dict(zip(places, instead, strict=True))
        return [by_place.get(place, body) if absent[place] else body for place, body in enumerate(found)]

    def _draft(self, batch: RecordBatch, place: int, body: bytes | str | None) -> _Draft:
        text = self._text(body)
        attributes: list[Attribute] = []
        if not self._attributes.is_empty:
            attributes, fault = self._attributes.of(batch, place)
            if fault:
                raise _UnfitError(
                    f"{fault}: choose other headers with message.attributes.headers, or set"
                    " message.attributes.overflow=drop"
                )
        if text.is_mended_by_base64:
            attributes = self._with(attributes, Attribute(ENCODING_ATTRIBUTE, STRING, BASE64))
        return _Draft(place, text.text.encode(), attributes, text.size_bytes + _size_bytes(attributes))

    def _text(self, body: bytes | str | None) -> Text:
        if body is None:
            raise _UnfitError(
                "it has no value (a tombstone): set behavior.on.null.values to skip or envelope"
            )
        if not body:
            raise _UnfitError("its value is empty, and SNS takes no empty message: set message.body=envelope")
        if self._config.structure:
            _check_structure(body)
        try:
            return legal_text(body, self._config.illegal_characters)
        except ValueError as error:
            raise _UnfitError(str(error)) from None

    def _within(self, topic: Topic, batch: RecordBatch, draft: _Draft, prepared: Prepared) -> _Draft | None:
        """The draft itself if the topic takes it, else what the config makes of it; None to leave it out."""
        if draft.size_bytes <= topic.most_bytes:
            return draft
        if self._config.oversize_policy == SKIP:
            prepared.pass_over(TOO_LARGE)
            return None
        if self._config.oversize_policy != S3:
            return draft  # it fails where all sinks' do, with the limit named
        attributes = self._with(draft.attributes, Attribute(SIZE_ATTRIBUTE, NUMBER, str(len(draft.message))))
        offset = batch.offsets[draft.place]
        key = object_key(self._config.oversize_prefix, batch.topic_partition, offset)
        prepared.attachments[key] = draft.message
        message = pointer(self._config.oversize_bucket or "", key).encode()
        return _Draft(draft.place, message, attributes, len(message) + _size_bytes(attributes))

    def _with(self, attributes: list[Attribute], ours: Attribute) -> list[Attribute]:
        """One more, for which the last of the user's gives way if that is allowed."""
        others = [each for each in attributes if each.name != ours.name]
        if len(others) == MOST:
            if self._config.attribute_overflow != "drop":
                raise _UnfitError(
                    f"it has {MOST} attributes, and {ours.name} is needed, too: choose fewer with"
                    " message.attributes.headers, or set message.attributes.overflow=drop"
                )
            others.remove([each for each in others if each.name not in _OURS][-1])
        return [*others, ours]

    # ---- what stands beside them ----

    def _texts(self, batch: RecordBatch, topic: Topic) -> tuple[dict[bytes, Column], dict[int, str]]:
        """The columns of fields that come from expressions, and by place the records that have none."""
        texts: dict[bytes, Column] = {}
        faults: dict[int, str] = {}
        group = self._config.group(is_fifo=topic.is_fifo)
        deduplication = self._deduplication if topic.is_fifo else None
        for name, expression in ((SUBJECT, self._subject), (DEDUPLICATION, deduplication), (GROUP, group)):
            if expression is not None:
                texts[name], found = expression.render_each(batch)
                faults |= found
        if self._subject:
            faults |= _subject_faults(texts[SUBJECT])
        if deduplication:
            faults |= _missing(texts[DEDUPLICATION], deduplication)
            texts[DEDUPLICATION] = [text and legal_id(text) for text in texts[DEDUPLICATION]]
        elif topic.is_fifo and not self._config.dedups_by_content:
            partition = batch.topic_partition
            texts[DEDUPLICATION] = [position_id(partition, offset) for offset in batch.offsets]
        if group:
            instead = legal_id(str(batch.topic_partition)) if topic.is_fifo else None
            texts[GROUP] = [instead if text is None else legal_id(text) for text in texts[GROUP]]
        return texts, faults

    def _order_keys(self, batch: RecordBatch, topic: Topic, groups: Column | None) -> Sequence[Any] | None:
        """The dispatcher keeps order within a partition only, so that the partition's key is any constant."""
        match self._config.order_for(is_fifo=topic.is_fifo):
            case Order.PARTITION:
                return [True] * len(batch)
            case Order.KEY:
                return groups if topic.is_fifo else Expression("{{key}}").render(batch)
        return None


def _subject_faults(subjects: Column) -> dict[int, str]:
    return {
        place: "its subject would have 100 characters or more, a line break or a control character, which SNS"
        " refuses: take another field for aws.sns.subject"
        for place, subject in enumerate(subjects)
        if subject and not _LEGAL_SUBJECT.fullmatch(subject)
    }


def _missing(ids: Column, expression: Expression) -> dict[int, str]:
    return {
        place: f"it has no {expression.text}, which aws.sns.message.deduplication.id asks for"
        for place, id_ in enumerate(ids)
        if not id_
    }


def _size_bytes(attributes: Iterable[Attribute]) -> int:
    return sum(attribute.size_bytes for attribute in attributes)


def _check_structure(body: bytes | str) -> None:
    """API reference, PublishBatchRequestEntry, MessageStructure."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("default"), str):
        raise _UnfitError(
            "its value is no JSON object with a text called default, as aws.sns.message.structure=json asks"
        )
