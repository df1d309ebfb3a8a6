"""What a message carries of a record: its value, its value in base64, or an envelope with everything."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from connector.column import JsonColumn
from connector.sinks.messaging.expression import texts
from connector.sinks.variable import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch

VALUE, ENVELOPE, BASE64 = "value", "envelope", "base64"
BODIES = (VALUE, ENVELOPE, BASE64)


def bodies(batch: RecordBatch, kind: str) -> Sequence[bytes | str | None]:
    """The body of each record; None where the value is null, except of envelopes."""
    if kind == ENVELOPE:
        return envelopes(batch)
    plain = texts(batch.values)
    return plain if kind == VALUE else [None if body is None else _base64(body) for body in plain]


def nulls(values: Sequence[Any]) -> Sequence[bool]:
    """Which values are null, JSON's own null among them."""
    if isinstance(values, JsonColumn) and values.texts is not None:
        return values.nulls()
    return [value is None for value in values]


def envelopes(batch: RecordBatch) -> list[bytes]:
    """A JSON object for each record.

    Its members are topic, partition, offset, timestamp, key, headers and value. Values that are JSON, or
    were converted, stand as they are; text as text; bytes as text if they are UTF-8, else as
    ``{"base64": …}``.
    """
    topic, partition = batch.topic, batch.topic_partition.partition
    values = batch.values
    column = values.texts if isinstance(values, JsonColumn) and values.texts is not None else None
    return [
        msgspec.json.encode(
            {
                "topic": topic,
                "partition": partition,
                "offset": offset,
                "timestamp": timestamp,
                "key": json_value(key),
                "headers": [{"key": name, "value": json_value(value)} for name, value in headers or ()],
                "value": _raw(column[index]) if column is not None else json_value(values[index]),
            }
        )
        for index, (offset, timestamp, key, headers) in enumerate(
            zip(batch.offsets, batch.timestamps, batch.keys, batch.headers, strict=True)
        )
    ]


def _raw(text: bytes | None) -> Any:
    return None if text is None else msgspec.Raw(text)


def json_value(value: Any) -> Any:
    """What stands for a converted value in JSON: bytes are text if they are UTF-8, else their base64."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": text_of(value)}


def _base64(body: bytes | str) -> bytes:
    return base64.b64encode(body.encode() if isinstance(body, str) else body)
