from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.column import JsonColumn
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.formats.csv import CsvFormat
from connector.formats.fields import FIELDS, OutputFields
from connector.formats.jsonl import JsonlFormat
from connector.record import Record, RecordBatch, TopicPartition

WHERE = TopicPartition("t", 0)
PLAIN = JsonConverter(JsonConverterConfig.parse({"schemas.enable": "false"}))

maybe_bytes = st.none() | st.binary(max_size=20)
headers = st.none() | st.lists(st.tuples(st.text(max_size=5), maybe_bytes), max_size=3)
timestamps = st.none() | st.integers(-(10**12), 10**13)
records = st.lists(st.tuples(maybe_bytes, maybe_bytes, timestamps, headers), min_size=1, max_size=8).map(
    lambda rows: [Record(offset * 3, *row) for offset, row in enumerate(rows)]
)
fields = st.lists(st.sampled_from(FIELDS), min_size=1, unique=True).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def b64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


@given(records, fields, st.sampled_from(["none", "base64"]))
def test_csv_is_what_a_plain_reading_of_the_rules_gives(
    rows: list[Record], names: tuple[str, ...], encoding: str
) -> None:
    def cell(record: Record, name: str) -> bytes:
        item = getattr(record, name)
        if name == "headers":
            return "".join(f"{b64(key.encode())}:{b64(value) or ''};" for key, value in item or ()).encode()
        if item is None:
            return b""
        if isinstance(item, int):
            return str(item).encode()
        return bytes(item) if (name, encoding) == ("value", "none") else base64.b64encode(item)

    expected = b"\n".join(b",".join(cell(record, name) for name in names) for record in rows)
    assert CsvFormat(OutputFields(names, encoding)).encode(RecordBatch.of(WHERE, rows)) == expected


@given(records, fields)
def test_jsonl_reads_back_as_the_records(rows: list[Record], names: tuple[str, ...]) -> None:
    encoded = JsonlFormat(OutputFields(names)).encode(RecordBatch.of(WHERE, rows))
    lines = [json.loads(line) for line in encoded.split(b"\n")]
    order = [name for name in ("headers", "offset", "value", "key", "timestamp") if name in names]
    assert [list(line) for line in lines] == [order] * len(rows)
    for line, record in zip(lines, rows, strict=True):
        expected = {
            "headers": [{"key": key, "value": b64(value)} for key, value in record.headers or ()],
            "offset": record.offset,
            "value": b64(record.value),
            "key": b64(record.key),
            "timestamp": line.get("timestamp"),
        }
        assert line == {name: expected[name] for name in order}
        assert ("timestamp" in line and line["timestamp"] is None) == (
            "timestamp" in names and record.timestamp is None
        )


@given(
    values=st.lists(json_values, min_size=1, max_size=6),
    indent=st.sampled_from([None, 2]),
    looked_at=st.booleans(),
)
def test_json_passes_through_and_reads_the_same_looked_at_or_not(
    values: list[Any], indent: int | None, *, looked_at: bool
) -> None:
    column = [json.dumps(value, indent=indent, ensure_ascii=False).encode() for value in values]
    converted = PLAIN.convert_column(column)
    if looked_at:
        assert list(converted) == values
    batch = RecordBatch.of(WHERE, [Record(index, None, None) for index in range(len(values))])
    encoded = JsonlFormat(OutputFields(envelope=False)).encode(batch.with_columns(values=converted))
    assert [json.loads(line) for line in encoded.split(b"\n")] == values
    if indent is None and not looked_at:
        assert encoded == b"\n".join(column)


mangled = st.builds(
    lambda text, at, junk, drop: text[: at % (len(text) + 1)] + junk + text[at % (len(text) + 1) + drop :],
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False).encode()),
    st.integers(0, 200),
    st.binary(max_size=2)
    | st.sampled_from([b",", b'"', b"\\", b"]", b"}", b"\xc3", b"0", b"\n", b"-", b"e"]),
    st.integers(0, 2),
)


@given(mangled)
@example(b'"\xed\xa0\x80"')
@example(b'{"a":01}')
def test_the_converter_refuses_exactly_what_orjson_refuses(data: bytes) -> None:
    if not data or b"e" in data:
        return  # Empty is null for Kafka; and orjson refuses numbers beyond its range, which pass here.
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        with pytest.raises(ValueError, match="The value is not JSON"):
            PLAIN.convert_column([b"{}", data, b"{}"])
    else:
        column = PLAIN.convert_column([b"{}", data, b"{}"])
        assert isinstance(column, JsonColumn)
        assert column.texts is not None
        assert column.texts[0] == column.texts[2] == b"{}"
        assert b"\n" not in (column.texts[1] or b"")
