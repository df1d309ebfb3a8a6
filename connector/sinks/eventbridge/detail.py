"""What an event carries of a record: an envelope around everything, or the value alone; and by reference.

The envelope and the reference are those of AWS's own connector for Kafka, so that rules and consumers that
were written for it go on: ``headers`` is a list of objects of one name each, a large value is in
``dataref``. Its ``timestampType`` is missing, since a batch does not have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connector.column import JsonColumn
from connector.sinks.messaging.body import json_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import Headers, RecordBatch, TopicPartition

_NULL = b"null"
_encode = msgspec.json.Encoder().encode
_check = msgspec.json.Decoder(msgspec.Raw).decode

NOT_JSON = "cannot be written as JSON"


class Value(NamedTuple):
    """A record's value as JSON.

    Attributes:
        text: The JSON text.
        is_null: There is none.
        fault: Why there is no text; None if there is one.
    """

    text: bytes
    is_null: bool = False
    fault: str | None = None


def values(column: Sequence[Any], *, must_be_json: bool) -> list[Value]:
    """The values of a column.

    Args:
        column: As the converter left it; is read before anything else looks into it, so that JSON stays as
            it was written.
        must_be_json: Text and bytes are JSON themselves; else they become JSON strings.
    """
    if isinstance(column, JsonColumn) and (texts := column.texts) is not None:
        nulls = column.nulls()
        return [Value(text or _NULL, is_null) for text, is_null in zip(texts, nulls, strict=True)]
    return [_value(value, must_be_json=must_be_json) for value in column]


def _value(value: Any, *, must_be_json: bool) -> Value:
    if value is None:
        return Value(_NULL, is_null=True)
    if must_be_json and isinstance(value, bytes | str):
        return _parsed(value)
    try:
        return Value(_encode(json_value(value)))
    except (TypeError, ValueError, OverflowError) as error:
        return Value(b"", fault=f"the value {NOT_JSON}: {error}")


def _parsed(value: bytes | str) -> Value:
    try:
        text = value.encode() if isinstance(value, str) else value
        if not text.isascii():
            text.decode()  # which msgspec does not look at
        _check(text)
    except (ValueError, RecursionError) as error:
        return Value(
            b"",
            fault=f"the value is no JSON ({error}), and the detail of an event is: set"
            " aws.eventbridge.detail=envelope, or correct value.converter",
        )
    return Value(text, is_null=text.strip() == _NULL)


def heads(batch: RecordBatch) -> list[bytes | None]:
    """The beginning of each record's envelope, all but the value; None where that cannot be JSON."""
    topic, partition = batch.topic, batch.topic_partition.partition
    place = b'{"topic":%b,"partition":%d,"offset":' % (_encode(topic), partition)
    keys = _fragments(batch.keys)
    found: list[bytes | None] = []
    for offset, timestamp, key, headers in zip(
        batch.offsets, batch.timestamps, keys, batch.headers, strict=True
    ):
        written = _headers(headers) if headers else b"[]"
        if key is None or written is None:
            found.append(None)
            continue
        at = _NULL if timestamp is None else b"%d" % timestamp
        found.append(
            b'%b%d,"timestamp":%b,"headers":%b,"key":%b' % (place, offset, at, written, key),
        )
    return found


def enveloped(head: bytes, value: bytes) -> bytes:
    return b'%b,"value":%b}' % (head, value)


def referred(head: bytes, arn: str, path: str) -> bytes:
    """In place of what is too large: where it is, and what of the event it is."""
    return b'%b,"dataref":%b,"datarefJsonPath":%b}' % (head, _encode(arn), _encode(path))


def value_of(head: bytes, detail: bytes) -> bytes:
    """The JSON of the value in an envelope."""
    return detail[len(enveloped(head, b"")) - 1 : -1]


def place(partition: TopicPartition, offset: int) -> bytes:
    """The head of a detail by reference that is no envelope: what tells it from others."""
    return b'{"topic":%b,"partition":%d,"offset":%d' % (
        _encode(partition.topic),
        partition.partition,
        offset,
    )


def body(value: bytes) -> bytes:
    """What is stored of a large value: text as it is, anything else as JSON."""
    return msgspec.json.decode(value, type=str).encode() if value.lstrip()[:1] == b'"' else value


def _fragments(column: Sequence[Any]) -> list[bytes | None]:
    if isinstance(column, JsonColumn) and (texts := column.texts) is not None:
        return [text or _NULL for text in texts]
    return [_fragment(value) for value in column]


def _fragment(value: Any) -> bytes | None:
    try:
        return _encode(json_value(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _headers(headers: Headers) -> bytes | None:
    return _fragment([{name: json_value(value)} for name, value in headers])
