"""The bytes of csv, json and jsonl, and the rows and schemas of avro and parquet, in every combination."""

from __future__ import annotations

import gzip
import io
import json
from base64 import b64encode
from datetime import UTC, date, datetime
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import duckdb
import fastavro
import pytest
import zstandard
from cramjam import snappy
from pyarrow import parquet

from connector.formats.fields import FIELDS, OutputFields, ParquetOptions
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3.compression import compressor
from connector.testing.contract.formats import objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMBINATIONS = list(chain.from_iterable(combinations(FIELDS, size) for size in range(1, 6)))
ORDERS = [*COMBINATIONS, tuple(reversed(FIELDS)), ("value", "key")]
BYTES = [Record(0, b"k1", b"v1", 1000, [("h", b"x")]), Record(1, b"k2", None, 1234, [])]
TEXTS = [Record(0, "k1", "v1", 1000, [("h", "x")]), Record(1, "k2", None, 1234, [])]
CSV = {
    "key": ("azE=", "azI="),
    "value": ("djE=", ""),
    "offset": ("0", "1"),
    "timestamp": ("1000", "1234"),
    "headers": ("aA==:eA==;", ""),
}
JSON = {
    "headers": ('[{"key":"h","value":"x"}]', "[]"),
    "offset": ("0", "1"),
    "value": ('"v1"', "null"),
    "key": ('"k1"', '"k2"'),
    "timestamp": ('"1970-01-01T00:00:01Z"', '"1970-01-01T00:00:01.234Z"'),
}
ROWS: dict[str, tuple[Any, Any]] = {
    "key": ("k1", "k2"),
    "value": ("v1", None),
    "offset": (0, 1),
    "timestamp": (1000, 1234),
    "headers": ({"h": "x"}, {}),
}
AVRO_TYPES = {
    "key": ["null", "string"],
    "value": ["null", "string"],
    "offset": "long",
    "timestamp": "long",
    "headers": {"type": "map", "values": ["null", "string"]},
}
PARQUET_TYPES = {
    "key": ("BYTE_ARRAY", "String", "OPTIONAL"),
    "value": ("BYTE_ARRAY", "String", "OPTIONAL"),
    "offset": ("INT64", "None", "REQUIRED"),
    "timestamp": ("INT64", "None", "REQUIRED"),
}


def unxerial(data: bytes) -> bytes:
    assert data[:16] == b"\x82SNAPPY\0" + bytes([0, 0, 0, 1, 0, 0, 0, 1])
    found, at = b"", 16
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found += bytes(snappy.decompress_raw(data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


READERS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.decompress,
    "snappy": unxerial,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def stored(format_name: str, records: list[Record], fields: OutputFields, compression: str = "none") -> bytes:
    """An object as it is in the bucket."""
    created = find(PluginKind.FORMAT, format_name, "format.output.type")(fields)
    (content,) = objects(created, RecordBatch.of(TopicPartition("t", 0), records))
    stream = compressor(compression)
    return stream.compress(content) + stream.finish()


def json_lines(names: tuple[str, ...], *, envelope: bool = True) -> list[str]:
    order = [name for name in JSON if name in names]
    if not envelope:
        return list(JSON[order[0]])
    return ["{" + ",".join(f'"{name}":{JSON[name][row]}' for name in order) + "}" for row in (0, 1)]


@pytest.mark.parametrize("compression", READERS)
@pytest.mark.parametrize("names", ORDERS, ids=",".join)
def test_csv_is_as_aiven_writes_it(names: tuple[str, ...], compression: str) -> None:
    data = stored("csv", BYTES, OutputFields(names), compression)
    expected = "\n".join(",".join(CSV[name][row] for name in names) for row in (0, 1))
    assert READERS[compression](data) == expected.encode()


@pytest.mark.parametrize("name", FIELDS)
def test_csv_knows_no_envelope(name: str) -> None:
    fields = OutputFields((name,), envelope=False)
    assert stored("csv", BYTES, fields) == "\n".join(CSV[name]).encode()


@pytest.mark.parametrize("compression", READERS)
@pytest.mark.parametrize("names", ORDERS, ids=",".join)
def test_jsonl_and_json_are_as_aiven_writes_them(names: tuple[str, ...], compression: str) -> None:
    first, second = json_lines(names)
    jsonl = stored("jsonl", TEXTS, OutputFields(names), compression)
    assert READERS[compression](jsonl) == f"{first}\n{second}".encode()
    whole = stored("json", TEXTS, OutputFields(names), compression)
    assert READERS[compression](whole) == f"[\n{first},\n{second}\n]".encode()


@pytest.mark.parametrize("name", FIELDS)
def test_without_the_envelope_json_is_the_field_itself(name: str) -> None:
    first, second = json_lines((name,), envelope=False)
    fields = OutputFields((name,), envelope=False)
    assert stored("jsonl", TEXTS, fields) == f"{first}\n{second}".encode()
    assert stored("json", TEXTS, fields) == f"[\n{first},\n{second}\n]".encode()


@pytest.mark.parametrize("envelope", [True, False])
@pytest.mark.parametrize("names", ORDERS, ids=",".join)
def test_avro_rows_and_schema_are_as_aiven_writes_them(names: tuple[str, ...], *, envelope: bool) -> None:
    # What is no struct stays in its field, so the envelope makes no difference here.
    data = stored("avro", TEXTS, OutputFields(names, envelope=envelope))
    reader = fastavro.reader(io.BytesIO(data))
    assert list(reader) == [{name: ROWS[name][row] for name in names} for row in (0, 1)]
    schema = json.loads(reader.metadata["avro.schema"])
    assert schema["namespace"] == "io.aiven.avro.output.schema"
    assert schema["name"] == "connector_records"
    assert [(each["name"], each["type"]) for each in schema["fields"]] == [
        (name, AVRO_TYPES[name]) for name in names
    ]


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "snappy", "zstandard", "xz"])
@pytest.mark.parametrize("compression", READERS)
def test_every_avro_codec_reads_back_inside_every_compression(codec: str, compression: str) -> None:
    data = stored("avro", TEXTS, OutputFields(FIELDS, avro_codec=codec), compression)
    reader = fastavro.reader(io.BytesIO(READERS[compression](data)))
    assert reader.codec == codec
    assert list(reader) == [{name: ROWS[name][row] for name in FIELDS} for row in (0, 1)]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "zstd"])
@pytest.mark.parametrize("envelope", [True, False])
@pytest.mark.parametrize("names", ORDERS, ids=",".join)
def test_parquet_rows_and_schema_are_as_aiven_writes_them(
    names: tuple[str, ...], codec: str, *, envelope: bool
) -> None:
    fields = OutputFields(names, envelope=envelope, parquet=ParquetOptions(codec))
    file = parquet.ParquetFile(io.BytesIO(stored("parquet", TEXTS, fields)))
    rows = [
        {name: dict(item) if name == "headers" else item for name, item in row.items()}
        for row in file.read().to_pylist()
    ]
    assert rows == [{name: ROWS[name][row] for name in names} for row in (0, 1)]
    assert file.metadata.row_group(0).column(0).compression == {"none": "UNCOMPRESSED"}.get(
        codec, codec.upper()
    )
    avro = json.loads(file.metadata.metadata[b"parquet.avro.schema"])
    assert (avro["namespace"], avro["name"]) == ("io.aiven.parquet.output.schema", "connector_records")
    assert file.schema_arrow.names == list(names)
    for name in set(names) - {"headers"}:
        column = file.schema.column([each.name for each in leaves(file)].index(name))
        optional = "OPTIONAL" if column.max_definition_level else "REQUIRED"
        assert (column.physical_type, str(column.logical_type), optional) == PARQUET_TYPES[name]


DUCKDB_TYPES = {
    "key": "VARCHAR",
    "value": "VARCHAR",
    "offset": "BIGINT",
    "timestamp": "BIGINT",
    "headers": "MAP(VARCHAR, VARCHAR)",
}


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def duckdb_reads(
    duck: duckdb.DuckDBPyConnection, folder: Path, data: bytes, select: str = "*"
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Types of columns, and rows, as a reader sees them that shares no code with what wrote them."""
    file = folder / "object.parquet"
    file.write_bytes(data)
    found = duck.read_parquet(str(file)).project(select)
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    if "at" in types:  # as a number: Python's DuckDB wants pytz for moments
        found = found.project('* REPLACE (epoch_ms("at") AS "at")')
    return types, [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "zstd"])
@pytest.mark.parametrize("envelope", [True, False])
@pytest.mark.parametrize("names", ORDERS, ids=",".join)
def test_duckdb_reads_the_parquet_that_we_write(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, names: tuple[str, ...], codec: str, *, envelope: bool
) -> None:
    fields = OutputFields(names, envelope=envelope, parquet=ParquetOptions(codec))
    types, rows = duckdb_reads(duck, tmp_path, stored("parquet", TEXTS, fields))
    assert types == {name: DUCKDB_TYPES[name] for name in names}
    assert rows == [{name: ROWS[name][row] for name in names} for row in (0, 1)]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "zstd"])
@pytest.mark.parametrize("envelope", [True, False])
def test_duckdb_reads_nested_and_logical_types_over_many_row_groups(
    duck: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    codec: str,
    version: str,
    *,
    dictionary: bool,
    envelope: bool,
) -> None:
    records = [Record(offset, None, order(offset)) for offset in range(300)]
    options = ParquetOptions(
        codec, dictionary=dictionary, page_version=version, page_bytes=512, row_group_bytes=4096
    )
    fields = OutputFields(("value",), envelope=envelope, parquet=options)
    data = stored_in_batches(records, fields)
    assert parquet.ParquetFile(io.BytesIO(data)).num_row_groups > 1
    types, rows = duckdb_reads(duck, tmp_path, data, "unnest(value)" if envelope else "*")
    assert types == {
        "id": "BIGINT",
        "price": "DOUBLE",
        "is_paid": "BOOLEAN",
        "at": "TIMESTAMP WITH TIME ZONE",
        "day": "DATE",
        "raw": "BLOB",
        "lines": "STRUCT(sku VARCHAR, tags VARCHAR[])[]",
    }
    assert rows == [{**record.value, "at": record.offset * 1000} for record in records]


def order(number: int) -> dict[str, Any]:
    """A value with everything that is inferred, and nulls in all places where they may be."""
    return {
        "id": number,
        "price": number / 4,
        "is_paid": None if number % 7 == 3 else number % 2 == 0,
        "at": datetime.fromtimestamp(number, UTC),
        "day": date(2026, 1, 1 + number % 28),
        "raw": bytes([number % 256]),
        "lines": None
        if number % 5 == 4
        else [{"sku": f"sku-{number}", "tags": ["a", None] * (number % 3)}] * (number % 4),
    }


def stored_in_batches(records: list[Record], fields: OutputFields) -> bytes:
    """An object that grew by a hundred records at a time."""
    created = find(PluginKind.FORMAT, "parquet", "format.output.type")(fields)
    batches = [
        RecordBatch.of(TopicPartition("t", 0), records[start : start + 100])
        for start in range(0, len(records), 100)
    ]
    (content,) = objects(created, *batches)
    return content


def leaves(file: parquet.ParquetFile) -> list[Any]:
    return [file.schema.column(index) for index in range(len(file.schema))]


def test_every_codec_of_avro_and_raw_values_of_csv_leave_bytes_as_they_are() -> None:
    rows = list(fastavro.reader(io.BytesIO(stored("avro", BYTES, OutputFields(("value",))))))
    assert rows == [{"value": b"v1"}, {"value": None}]
    assert stored("csv", BYTES, OutputFields(("value",), "none")) == b"v1\n"
    assert b64encode(b"v1").decode() in stored("jsonl", BYTES, OutputFields(("value",))).decode()
