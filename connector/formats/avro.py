"""Aiven's avro: object container files whose rows have the configured fields.

A batch is written as one Avro array in one C call; an array's items are just what a block of a container
file holds. So a record that does not fit is found before anything is added to an object.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import fastavro

from connector.formats.avro_container import block, header, long
from connector.formats.avro_schema import AvroSchemas, avro_names
from connector.formats.base import Body, Encoder, Format
from connector.formats.inference import coercion
from connector.formats.rows import NOTHING, Row, RowEncoder, header_map
from connector.schema import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.formats.fields import OutputFields
    from connector.record import RecordBatch
    from connector.schema import Schema

_ROW = "io.aiven.avro.output.schema.connector_records"
_BLOCK_BYTES = 64 * 1024
"""Blocks end when they have this many bytes, as Java's writer has it (64,000)."""


class AvroFormat(Format):
    """Rows of Connect's schemas, or of inferred ones where values have none."""

    suffix: ClassVar[str] = ".avro"

    def encoder(self) -> Encoder:
        return _AvroEncoder(self.fields)


class _Rows(NamedTuple):
    schema: _Compiled
    blocks: list[tuple[int, bytes]]


class _Compiled:
    """What a schema of rows becomes once: Avro's schemas, and what prepares values for them."""

    def __init__(self, row: Row, *, meta_data: bool) -> None:
        self.row = row
        self.avro = AvroSchemas(meta_data=meta_data).of_row(row)
        self._array = fastavro.parse_schema({"type": "array", "items": self.avro})
        self.prepare = preparation(row.schema)

    def encode(self, rows: list[Any]) -> bytes:
        """The rows, one after the other."""
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, self._array, rows)
        return buffer.getvalue()[len(long(len(rows))) : -1]


class _AvroEncoder(RowEncoder):
    def __init__(self, fields: OutputFields) -> None:
        super().__init__(fields, _ROW, AvroFormat.__name__)
        self._codec = fields.avro_codec
        self._meta_data = fields.connect_meta_data
        self._compiled: _Compiled | None = None

    def begin(self) -> Body:
        return _AvroBody(self._codec)

    def _encode_rows(self, batch: RecordBatch, row: Row) -> _Rows:
        schema = self._compile(row)
        rows = list(_rows(batch, row))
        if schema.prepare:
            rows = [schema.prepare(each) for each in rows]
        return _Rows(schema, [(len(rows), schema.encode(rows))])

    def _compile(self, row: Row) -> _Compiled:
        if self._compiled is None or self._compiled.row != row:
            self._compiled = _Compiled(row, meta_data=self._meta_data)
        return self._compiled


def _rows(batch: RecordBatch, row: Row) -> Iterable[Any]:
    columns = {field.name: _column(field.name, batch) for field in row.schema.fields} if not row.is_bare else {}
    if row.is_bare:
        return batch.values
    names = list(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _column(name: str, batch: RecordBatch) -> Iterable[Any]:
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


def preparation(schema: Schema) -> Callable[[Any], Any] | None:
    """What makes a value what fastavro takes for its schema; None if it is already."""
    if schema is NOTHING:
        return lambda _: None
    if change := coercion(schema):
        inner = _inner_preparation(schema)
        return (lambda value: inner(change(value))) if inner else change
    return _inner_preparation(schema)


def _inner_preparation(schema: Schema) -> Callable[[Any], Any] | None:
    match schema.type:
        case Type.STRUCT:
            return _struct_preparation(schema)
        case Type.ARRAY:
            change = _inner_preparation(schema.items)
            return (lambda value: value and [change(item) for item in value]) if change else None
        case Type.MAP if schema.keys is not None and schema.keys.type is not Type.STRING:
            return lambda value: value and [{"key": key, "value": item} for key, item in value.items()]
        case Type.MAP:
            change = _inner_preparation(schema.items)
            return (lambda value: value and {k: change(v) for k, v in value.items()}) if change else None
    return None


def _struct_preparation(schema: Schema) -> Callable[[Any], Any] | None:
    names = avro_names(schema)
    changes = {each.name: preparation(each.schema) for each in schema.fields}
    if not any(changes.values()) and all(name == avro for name, avro in names.items()):
        return None

    def prepare(value: Any) -> Any:
        if value is None:
            return None
        return {
            avro: change(value.get(name)) if (change := changes[name]) else value.get(name)
            for name, avro in names.items()
        }

    return prepare


class _AvroBody(Body):
    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._schema: _Compiled | None = None
        self._mark = b""
        self._records = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    @property
    def held_bytes(self) -> int:
        return self._waiting_bytes

    def takes(self, data: _Rows) -> bool:
        return self._schema is None or self._schema is data.schema or self._schema.avro == data.schema.avro

    def append(self, data: _Rows) -> bytes:
        start = b"" if self._schema else self._begin(data.schema)
        for records, encoded in data.blocks:
            self._records += records
            self._waiting.append(encoded)
            self._waiting_bytes += len(encoded)
        return start + (self._end_block() if self._waiting_bytes >= _BLOCK_BYTES else b"")

    def finish(self) -> bytes:
        return self._end_block()

    def _begin(self, schema: _Compiled) -> bytes:
        self._schema = schema
        start, self._mark = header(schema.avro, self._codec)
        return start

    def _end_block(self) -> bytes:
        if not self._records:
            return b""
        ended = block(self._records, b"".join(self._waiting), self._codec, self._mark)
        self._records = self._waiting_bytes = 0
        self._waiting.clear()
        return ended

