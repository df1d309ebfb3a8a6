"""Aiven's jsonl: one compact JSON object per line, keys in Aiven's fixed order.

Values that are still JSON text (:class:`~connector.column.JsonColumn`) go in as they are; with the
default envelope around the value alone, a batch is then one ``bytes.join``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.column import JsonColumn
from connector.formats.base import Format
from connector.formats.columns import Encoding, integers, weave
from connector.formats.instant import json_instants
from connector.formats.json_value import json_text, json_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.formats.fields import OutputFields
    from connector.record import Headers, RecordBatch

_ORDER = ("headers", "offset", "value", "key", "timestamp")
"""Iteration order of the Java HashMap that the peer collects fields in; files depend on it by now."""


class JsonlFormat(Format):
    """``{"headers":[…],"offset":0,"value":…,"key":…,"timestamp":"…"}``, or the only field bare.

    Bytes become base64 strings; the timestamp is an ISO instant in UTC; nulls are ``null``.
    """

    content_type: ClassVar[str] = "application/x-ndjson"

    def __init__(self, fields: OutputFields) -> None:
        super().__init__(fields)
        self._names = [name for name in _ORDER if name in fields.names]
        self._between = _between(self._names) if fields.envelope else [b"", b""]

    def encode(self, batch: RecordBatch) -> bytes:
        encoding = Encoding(batch, type(self).__name__)
        columns = [_texts(name, batch, encoding) for name in self._names]
        encoding.finish()
        return weave(columns, self._between, self.separator)


def _between(names: Sequence[str]) -> list[bytes]:
    """What stands before, between and after the columns of an object."""
    labels = [b'"%b":' % name.encode() for name in names]
    return [b"{" + labels[0], *(b"," + label for label in labels[1:]), b"}"]


def _texts(name: str, batch: RecordBatch, encoding: Encoding) -> Sequence[bytes]:
    match name:
        case "offset":
            return integers(batch.offsets, null=b"null")
        case "timestamp":
            return json_instants(batch.timestamps)
        case "headers":
            return _header_texts(batch, encoding)
        case "key":
            return _value_texts(batch.keys, encoding)
        case _:
            return _value_texts(batch.values, encoding)


def _value_texts(values: Sequence[Any], encoding: Encoding) -> Sequence[bytes]:
    if isinstance(values, JsonColumn) and (texts := values.texts) is not None:
        return [text or b"null" for text in texts]
    return encoding.column(list(values), json_text, json_texts)


def _header_texts(batch: RecordBatch, encoding: Encoding) -> Sequence[bytes]:
    if not any(batch.headers):
        return [b"[]"] * len(batch)
    return encoding.column([_pairs(headers) for headers in batch.headers], json_text, json_texts)


def _pairs(headers: Headers | None) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in headers or ()]
