"""Aiven's parquet: columnar files whose rows have the configured fields; compressed inside, not outside.

Records wait in Arrow's memory until they make a row group; a row group leaves as bytes at once, so an object
holds one row group and the index of the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from pyarrow import parquet

from connector.column import JsonColumn
from connector.formats.arrow import arrow_column, arrow_field, read_json
from connector.formats.avro_schema import AvroSchemas
from connector.formats.base import Body, Encoder, Format
from connector.formats.inference import Drift, Runs, pruned
from connector.formats.rows import Row, RowEncoder, header_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.formats.fields import OutputFields, ParquetOptions
    from connector.record import RecordBatch
    from connector.schema import Field, Schema

_ROW = "io.aiven.parquet.output.schema.connector_records"
_CODECS = {"none": "none", "gzip": "gzip", "snappy": "snappy", "zstd": "zstd"}
_AVRO_SCHEMA = b"parquet.avro.schema"
"""Where Java's reader of Avro rows looks for their schema."""


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
        self._schema: tuple[Row, Any] | None = None
        self._read: tuple[Sequence[bytes | None], Schema, Any] | None = None

    def begin(self) -> Body:
        return _ParquetBody(self._options)

    def _infer(self, column: Sequence[Any], known: Schema | None) -> Runs:
        """Arrow's reader knows types while it reads; it gives up where types conflict."""
        texts = column.texts if isinstance(column, JsonColumn) else None
        if texts is None:
            return super()._infer(column, known)
        try:
            schema, array = read_json(texts, known)
        except (pa.ArrowException, ValueError):
            return super()._infer(column, known)
        if known is not None and schema != known and self._fields.drift == Drift.FAIL:
            return super()._infer(column, known)
        if (known_part := pruned(schema)) is not None:
            self._read = (texts, known_part, array)
        return Runs([(0, len(column), schema)])

    def _encode_rows(self, batch: RecordBatch, row: Row) -> Any:
        schema = self._arrow_schema(row)
        if row.is_bare:
            (only,) = self._fields.names
            struct = self._values(batch.keys if only == "key" else batch.values, row.schema.as_optional())
            return pa.Table.from_arrays(struct.flatten(), schema=schema)
        arrays = [self._column(field, batch) for field in row.schema.fields]
        return pa.Table.from_arrays(arrays, schema=schema)

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


class _ParquetBody(Body):
    def __init__(self, options: ParquetOptions) -> None:
        self._options = options
        self._tables: list[Any] = []
        self._held_bytes = 0
        self._schema: Any = None
        self._writer: Any = None
        self._written = _Written()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def takes(self, data: Any) -> bool:
        return self._schema is None or self._schema.equals(data.schema, check_metadata=True)

    def append(self, data: Any) -> Sequence[bytes]:
        if self._writer is None:
            self._schema = data.schema
            self._writer = _writer(self._written, data.schema, self._options)
        self._tables.append(data)
        self._held_bytes += data.nbytes
        if self._held_bytes >= self._options.row_group_bytes:
            self._end_row_group()
        return (self._written.take(),)

    def finish(self) -> bytes:
        if self._tables:
            self._end_row_group()
        self._writer.add_key_value_metadata(self._schema.metadata)
        self._writer.close()
        return self._written.take()

    def _end_row_group(self) -> None:
        table = pa.concat_tables(self._tables)
        self._writer.write_table(table, row_group_size=max(1, len(table)))
        del table
        self._tables.clear()
        self._held_bytes = 0
        # Thousands of buffers have just been freed, of all sizes and by another thread than made them.
        # Allocators keep such memory for later, and later is another object's row group, in another thread.
        pa.default_memory_pool().release_unused()


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
