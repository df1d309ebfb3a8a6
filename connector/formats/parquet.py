"""Aiven's parquet: columnar files whose rows have the configured fields; compressed inside, not outside.

Records wait in Arrow's memory until they make a row group; a row group leaves as bytes at once, so an object
holds one row group and the index of the others. A batch for many objects is encoded once: each takes its rows
as a view, which is copied together with others' before long (:class:`_Views`).
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from connector.column import JsonColumn
from connector.formats.arrow import arrow_column, arrow_field, read_json
from connector.formats.avro_schema import AvroSchemas
from connector.formats.base import Body, Encoder, Format
from connector.formats.inference import Drift, Runs, is_too_deep, pruned
from connector.formats.rows import Row, RowEncoder, header_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from connector.formats.fields import OutputFields, ParquetOptions
    from connector.record import RecordBatch
    from connector.schema import Field, Schema

_ROW = "io.aiven.parquet.output.schema.connector_records"
_CODECS = {"none": "none", "gzip": "gzip", "snappy": "snappy", "zstd": "zstd"}
_AVRO_SCHEMA = b"parquet.avro.schema"
"""Where Java's reader of Avro rows looks for their schema."""
_VIEWS_BYTES = 4 * 1024 * 1024
"""Of batches whose memory objects share, for a partition."""
_COLUMN_BYTES = 8 * 1024
"""What the writer of a file holds for each column once it has written a row group, measured."""
_PRESS = "zstd"
"""Of rows that wait while memory is short; lz4 is hardly faster here and half as good."""
_TRIM_BYTES = 4 * 1024 * 1024


class ParquetFormat(Format):
    """Rows of Connect's schemas, or of inferred ones where values have none."""

    content_type: ClassVar[str] = "application/vnd.apache.parquet"
    compresses: ClassVar[bool] = True
    resumes: ClassVar[bool] = False

    def encoder(self) -> Encoder:
        return _ParquetEncoder(self.fields)


class _ParquetEncoder(RowEncoder):
    def __init__(self, fields: OutputFields) -> None:
        super().__init__(fields, _ROW, ParquetFormat.__name__)
        self._options = fields.parquet
        self._meta_data = fields.connect_meta_data
        self._views = _Views()
        self._freed = _Freed()
        self._schema: tuple[Row, Any] | None = None
        self._read: tuple[Sequence[bytes | None], Schema, Any] | None = None

    def begin(self) -> Body:
        return _ParquetBody(self._options, self._views, self._freed)

    def _infer(self, column: Sequence[Any], known: Schema | None) -> Runs:
        """Arrow's reader knows types while it reads; it gives up where types conflict."""
        texts = column.texts if isinstance(column, JsonColumn) else None
        if texts is None:
            return super()._infer(column, known)
        try:
            schema, array = read_json(texts, known)
        except (pa.ArrowException, ValueError, RecursionError):
            return super()._infer(column, known)
        is_drift = known is not None and schema != known and self._fields.drift == Drift.FAIL
        if is_drift or is_too_deep(schema):
            return super()._infer(column, known)
        if (known_part := pruned(schema)) is not None:
            self._read = (texts, known_part, array)
        return Runs([(0, len(column), schema)])

    def _encode_rows(self, batch: RecordBatch, row: Row) -> Any:
        schema = self._arrow_schema(row)
        if row.is_bare:
            (only,) = self._fields.names
            struct = self._values(batch.keys if only == "key" else batch.values, row.schema.as_optional())
            return _Rows.of(pa.RecordBatch.from_arrays(struct.flatten(), schema=schema))
        arrays = [self._column(field, batch) for field in row.schema.fields]
        return _Rows.of(pa.RecordBatch.from_arrays(arrays, schema=schema))

    def _split(self, data: _Rows, parts: Sequence[Sequence[int]]) -> Iterator[_Rows]:
        # One copy, in the order of the parts: to copy each by itself takes a hundred times as long.
        self._views.join(data.size_bytes)
        rows = data.rows.take(pa.array(chain.from_iterable(parts), pa.int64()))
        start = 0
        for part in parts:
            share = data.size_bytes * len(part) // len(rows)
            yield _Rows(rows.slice(start, len(part)), share, is_view=True)
            start += len(part)

    def _column(self, field: Field, batch: RecordBatch) -> Any:
        match field.name:
            case "offset":
                return pa.array(batch.offsets, pa.int64())
            case "timestamp":
                return pa.array(batch.timestamps, pa.int64())
            case "headers":
                return arrow_column(
                    [list(header_map(headers).items()) for headers in batch.headers], field.schema
                )
            case "key":
                return self._values(batch.keys, field.schema)
        return self._values(batch.values, field.schema)

    def _values(self, column: Sequence[Any], schema: Schema) -> Any:
        if self._read and isinstance(column, JsonColumn) and column.texts is self._read[0]:
            _, found, array = self._read
            self._read = None
            if found == schema:
                return array
        return arrow_column(column, schema)

    def _arrow_schema(self, row: Row) -> Any:
        if self._schema is None or self._schema[0] != row:
            avro = json.dumps(AvroSchemas(meta_data=self._meta_data).of_row(row), separators=(",", ":"))
            fields = [arrow_field(field) for field in row.schema.fields]
            self._schema = (row, pa.schema(fields, metadata={_AVRO_SCHEMA: avro.encode()}))
        return self._schema[1]


class _Rows(NamedTuple):
    """Rows of one schema.

    Attributes:
        rows: As Arrow has them.
        size_bytes: What they take; of a view its share.
        is_view: Their memory is that of other objects' rows, too.
    """

    rows: Any
    size_bytes: int
    is_view: bool = False

    @classmethod
    def of(cls, rows: Any) -> Self:
        return cls(rows, rows.nbytes)


class _Views:
    """Which bodies have views: the last of them keeps the memory of all.

    So from time to time each has its rows copied, when they have become some more.
    """

    def __init__(self) -> None:
        self._size_bytes = 0
        self._bodies: dict[_ParquetBody, None] = {}

    def join(self, size_bytes: int) -> None:
        """Memory is about to be shared."""
        if self._size_bytes + size_bytes > _VIEWS_BYTES:
            for body in self._bodies:
                body.own()
            self._bodies.clear()
            self._size_bytes = 0
        self._size_bytes += size_bytes

    def add(self, body: _ParquetBody) -> None:
        self._bodies[body] = None

    def remove(self, body: _ParquetBody) -> None:
        self._bodies.pop(body, None)


class _Freed:
    """Gives memory back to the system now and then.

    Thousands of buffers are freed with a row group, of all sizes and by another thread than made them.
    Allocators keep such memory for later, and later is another object's row group, in another thread.
    """

    def __init__(self) -> None:
        self._size_bytes = 0

    def add(self, size_bytes: int) -> None:
        self._size_bytes += size_bytes
        if self._size_bytes >= _TRIM_BYTES:
            self._size_bytes = 0
            pa.default_memory_pool().release_unused()


class _ParquetBody(Body):
    def __init__(self, options: ParquetOptions, views: _Views, freed: _Freed) -> None:
        self._options = options
        self._views = views
        self._freed = freed
        self._rows: list[Any] = []
        """Batches of rows, or what they are packed into."""
        self._owned = 0
        """How many of these are no views."""
        self._pressed = 0
        """How many of these are compressed."""
        self._pressed_bytes = 0
        self._group_bytes = 0
        """As the rows were taken."""
        self._views_bytes = 0
        self._held_bytes = 0
        self._schema: Any = None
        self._writer: Any = None
        self._written = _Written()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    @property
    def raw_bytes(self) -> int:
        return self._group_bytes

    @property
    def loose_bytes(self) -> int:
        return self._held_bytes - self._pressed_bytes

    @property
    def overhead_bytes(self) -> int:
        return _COLUMN_BYTES * len(self._schema) if self._writer else 0

    def takes(self, data: _Rows) -> bool:
        return self._schema is None or self._schema.equals(data.rows.schema, check_metadata=True)

    def append(self, data: _Rows) -> Sequence[bytes]:
        self._schema = self._schema or data.rows.schema
        if data.is_view:
            self._views.add(self)
            self._views_bytes += data.size_bytes
        else:
            self.own()
            self._owned += 1
        self._rows.append(data.rows)
        self._held_bytes += data.size_bytes
        self._group_bytes += data.size_bytes
        return self._end_row_group() if self._group_bytes >= self._options.row_group_bytes else ()

    def own(self) -> None:
        """Copy the views into one buffer: arrays of a few rows each would take more than these."""
        if self._views_bytes:
            packed = pa.concat_batches(self._rows[self._owned :]).serialize()
            self._rows[self._owned :] = [packed]
            self._owned += 1
            self._held_bytes += packed.size - self._views_bytes
            self._views_bytes = 0

    def shrink(self) -> Sequence[bytes]:
        """Compress rows as they are: a row group of their own would be small, and its file's writer large."""
        if loose := self._rows[self._pressed :]:
            self._views.remove(self)
            rows = pa.concat_batches([_unpacked(each, self._schema) for each in loose])
            pressed = _Pressed.of(rows.serialize())
            self._rows[self._pressed :] = [pressed]
            self._freed.add(self.loose_bytes)
            self._pressed_bytes += len(pressed.data)
            self._held_bytes, self._views_bytes = self._pressed_bytes, 0
            self._pressed = self._owned = len(self._rows)
        return ()

    def finish(self) -> bytes:
        ended = b"".join(self._end_row_group())
        self._writer.add_key_value_metadata(self._schema.metadata)
        self._writer.close()
        self._writer = None
        return ended + self._written.take()

    def _end_row_group(self) -> Sequence[bytes]:
        if not self._rows:
            return ()
        if self._writer is None:
            self._writer = _writer(self._written, self._schema, self._options)
        self._views.remove(self)
        table = pa.Table.from_batches([_unpacked(rows, self._schema) for rows in self._rows])
        self._writer.write_table(table, row_group_size=max(1, len(table)))
        del table
        self._freed.add(self._group_bytes)
        self._rows.clear()
        self._owned = self._pressed = 0
        self._held_bytes = self._views_bytes = self._pressed_bytes = self._group_bytes = 0
        return (self._written.take(),)


class _Pressed(NamedTuple):
    """Packed rows, compressed while memory is short."""

    data: bytes
    size_bytes: int

    @classmethod
    def of(cls, packed: Any) -> Self:
        return cls(pa.compress(packed, codec=_PRESS, asbytes=True), packed.size)

    def packed(self) -> Any:
        return pa.decompress(self.data, self.size_bytes, codec=_PRESS)


def _unpacked(rows: Any, schema: Any) -> Any:
    """A batch of rows, whatever became of it."""
    if isinstance(rows, _Pressed):
        rows = rows.packed()
    return pa.ipc.read_record_batch(rows, schema) if isinstance(rows, pa.Buffer) else rows


def _writer(sink: Any, schema: Any, options: ParquetOptions) -> Any:
    codec = _CODECS[options.codec]
    return parquet.ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        schema,
        compression=codec,
        compression_level=options.level if codec in {"gzip", "zstd"} else None,
        use_dictionary=options.dictionary,
        dictionary_pagesize_limit=options.dictionary_page_bytes,
        data_page_size=options.page_bytes,
        data_page_version=options.page_version,
        store_schema=False,
    )


class _Written:
    """A file that hands over what was written to it."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing is open."""
