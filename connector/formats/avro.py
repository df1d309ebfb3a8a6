"""Aiven's avro: object container files whose rows have the configured fields.

Batches are encoded before anything is added to an object, so a record that does not fit harms no other.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from connector.formats.avro_column import column_encoder
from connector.formats.avro_container import block, header
from connector.formats.avro_schema import AvroSchemas
from connector.formats.base import Body, Encoder, Format
from connector.formats.rows import Row, RowEncoder, header_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.formats.fields import OutputFields
    from connector.record import RecordBatch

    _FieldEncoder = tuple[str, Callable[[Sequence[Any]], list[bytes]]]

_ROW = "io.aiven.avro.output.schema.connector_records"
_BLOCK_BYTES = 64 * 1024
"""Blocks end when they have this many bytes, as Java's writer has it (64,000)."""


class AvroFormat(Format):
    """Rows of Connect's schemas, or of inferred ones where values have none."""

    suffix: ClassVar[str] = ".avro"
    content_type: ClassVar[str] = "application/avro"
    resumes: ClassVar[bool] = False

    def encoder(self) -> Encoder:
        return _AvroEncoder(self.fields)


class _Rows(NamedTuple):
    schema: Any
    records: int
    columns: Sequence[Sequence[bytes]]

    def encoded(self) -> bytes:
        return b"".join(chain.from_iterable(zip(*self.columns, strict=True)))


class _AvroEncoder(RowEncoder):
    def __init__(self, fields: OutputFields) -> None:
        super().__init__(fields, _ROW, AvroFormat.__name__)
        self._codec = fields.avro_codec
        self._meta_data = fields.connect_meta_data
        self._compiled: tuple[Row, Any, list[_FieldEncoder]] | None = None

    def begin(self) -> Body:
        return _AvroBody(self._codec)

    def _encode_rows(self, batch: RecordBatch, row: Row) -> _Rows:
        if self._compiled is None or self._compiled[0] != row:
            self._compiled = (row, AvroSchemas(meta_data=self._meta_data).of_row(row), self._encoders(row))
        _, schema, encoders = self._compiled
        return _Rows(schema, len(batch), [encode(_column(name, batch)) for name, encode in encoders])

    def _split(self, data: _Rows, parts: Sequence[Sequence[int]]) -> Iterator[_Rows]:
        for part in parts:
            yield data._replace(
                records=len(part), columns=[[column[at] for at in part] for column in data.columns]
            )

    def _encoders(self, row: Row) -> list[_FieldEncoder]:
        if row.is_bare:
            return [(self._fields.names[0], column_encoder(row.schema))]
        return [(field.name, column_encoder(field.schema)) for field in row.schema.fields]


def _column(name: str, batch: RecordBatch) -> Sequence[Any]:
    match name:
        case "offset":
            return batch.offsets
        case "timestamp":
            return batch.timestamps
        case "headers":
            return [header_map(headers) for headers in batch.headers]
        case "key":
            return batch.keys
    return batch.values


class _AvroBody(Body):
    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._schema: Any = None
        self._mark = b""
        self._records = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    @property
    def held_bytes(self) -> int:
        return self._waiting_bytes

    @property
    def loose_bytes(self) -> int:
        return 0 if self._codec == "null" else self._waiting_bytes

    def shrink(self) -> Sequence[bytes]:
        return (self._end_block(),)

    def takes(self, data: _Rows) -> bool:
        return self._schema is None or self._schema is data.schema or self._schema == data.schema

    def append(self, data: _Rows) -> Sequence[bytes]:
        start = b"" if self._schema else self._begin(data.schema)
        self._records += data.records
        encoded = data.encoded()
        self._waiting.append(encoded)
        self._waiting_bytes += len(encoded)
        return (start, self._end_block()) if self._waiting_bytes >= _BLOCK_BYTES else (start,)

    def finish(self) -> bytes:
        return self._end_block()

    def _begin(self, schema: Any) -> bytes:
        self._schema = schema
        start, self._mark = header(schema, self._codec)
        return start

    def _end_block(self) -> bytes:
        if not self._records:
            return b""
        ended = block(self._records, b"".join(self._waiting), self._codec, self._mark)
        self._records = self._waiting_bytes = 0
        self._waiting.clear()
        return ended
