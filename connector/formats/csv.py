"""Aiven's csv: fields in configured order, no header, no quoting, null as nothing.

Not RFC 4180: base64 keeps commas and line breaks out of the fields; a value written with encoding
``none`` is in there as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.formats.base import Format
from connector.formats.columns import Encoding, base64, base64_column, base64_lines, integers, weave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import Headers, RecordBatch

_CONNECT_TYPES = {bool: "BOOLEAN", int: "INT64", float: "FLOAT64", str: "STRING", dict: "MAP", list: "ARRAY"}


class CsvFormat(Format):
    """``key,value,offset,timestamp,headers`` or any choice of these.

    Keys, values and headers are base64, values not with encoding ``none``. The timestamp is milliseconds
    since the epoch. Values and header values must be bytes, as ByteArrayConverter leaves them.
    """

    content_type: ClassVar[str] = "text/csv"

    def encode(self, batch: RecordBatch) -> bytes:
        if self.fields.names == ("value",):
            try:
                return self._values_alone(batch.values)
            except TypeError:
                pass
        encoding = Encoding(batch, type(self).__name__)
        columns = [self._column(name, batch, encoding) for name in self.fields.names]
        encoding.finish()
        return weave(columns, [b"", *[b","] * (len(columns) - 1), b""], self.separator)

    def _values_alone(self, values: Sequence[Any]) -> bytes:
        """All there is to do when no value is null: both joins refuse what is not bytes."""
        if self.fields.value_encoding == "none":
            return self.separator.join(values)
        return base64_lines(values)

    def _column(self, name: str, batch: RecordBatch, encoding: Encoding) -> list[bytes]:
        if name == "offset":
            return integers(batch.offsets, null=b"")
        if name == "timestamp":
            return integers(batch.timestamps, null=b"")
        if name == "headers":
            return encoding.column(batch.headers, _headers)
        if name == "key":
            return encoding.column(batch.keys, _key, base64_column)
        if self.fields.value_encoding == "none":
            return encoding.column(batch.values, _raw_value)
        return encoding.column(batch.values, _value, base64_column)


def _key(key: Any) -> bytes:
    if isinstance(key, str):
        return base64(key.encode())
    return base64(_bytes(key, "key", "BYTES or STRING", "key.converter"))


def _value(value: Any) -> bytes:
    return base64(_raw_value(value))


def _raw_value(value: Any) -> bytes:
    return _bytes(value, "value", "BYTES", "value.converter")


def _headers(headers: Headers | None) -> bytes:
    return b"".join([b"%b:%b;" % (base64(name.encode()), _header(value)) for name, value in headers or ()])


def _header(value: Any) -> bytes:
    return base64(_bytes(value, "header value", "BYTES", "header.converter"))


def _bytes(value: Any, what: str, accepted: str, option: str) -> bytes:
    """The value if it is bytes, nothing if it is null.

    Raises:
        TypeError: It is something else.
    """
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    given = _CONNECT_TYPES.get(type(value), type(value).__name__)
    raise TypeError(
        f"Record {what} schema type must be {accepted}, {given} given. csv writes bytes: set {option} to"
        " org.apache.kafka.connect.converters.ByteArrayConverter, or format.output.type to jsonl."
    )
