"""Records as the bytes that they are, one after the other: nothing is encoded, at most framed.

Without framing an object is the concatenation of its values, which suits formats that concatenate (gzip,
zstd, MPEG, DER, lines that end themselves).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Any

from connector.formats.base import Format
from connector.formats.columns import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.formats.fields import OutputFields
    from connector.record import RecordBatch

_INT32 = Struct(">i").pack
_MOST_LENGTHS = 4096


class RawFormat(Format):
    """The value, or the key, of each record; null is an empty record, text is UTF-8."""

    def __init__(self, fields: OutputFields) -> None:
        super().__init__(fields)
        self.separator = fields.raw_separator if fields.raw_framing == "separator" else b""
        self._prefix = _PREFIXES.get(fields.raw_framing)

    def encode(self, batch: RecordBatch) -> bytes:
        column = batch.keys if self.fields.names == ("key",) else batch.values
        try:
            # All there is to do for bytes: join and len refuse whatever is none.
            return self._framed(column)
        except (TypeError, ValueError):
            encoding = Encoding(batch, type(self).__name__)
            records = encoding.column(list(column), _bytes)
            encoding.finish()
            return self._framed(records)

    def _framed(self, records: Sequence[bytes]) -> bytes:
        if self._prefix is None:
            return self.separator.join(records)
        lengths = map(self._prefix, map(len, records))
        return b"".join(chain.from_iterable(zip(lengths, records, strict=True)))


@lru_cache(_MOST_LENGTHS)
def _varint(number: int) -> bytes:
    """Seven bits to a byte, the lowest first (Protobuf encoding, base 128 varints)."""
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_PREFIXES: dict[str, Callable[[int], bytes]] = {"int32": _INT32, "varint": _varint}


def _bytes(value: Any) -> bytes:
    """A field as bytes.

    Raises:
        TypeError: It is neither bytes nor text.
    """
    match value:
        case None:
            return b""
        case bytes():
            return value
        case str():
            return value.encode()
    raise TypeError(
        f"raw writes bytes and text, and there is {type(value).__name__}: set the converter to"
        " org.apache.kafka.connect.converters.ByteArrayConverter, or format.output.type to jsonl."
    )
