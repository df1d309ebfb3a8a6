"""A function written for one schema reads what fastavro reads, and leaves to it what it cannot."""

from __future__ import annotations

import json
import math
from functools import cache
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.converters.avro_code import compiled
from connector.converters.avro_data import AvroData
from connector.schema_registry.base import AVRO, RegisteredSchema


def record(*types: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": "R",
        "fields": [{"name": f"f{number}", "type": each} for number, each in enumerate(types)],
    }


PLAIN = [
    "null",
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "string",
    "bytes",
    ["null", "string"],
    ["long", "null"],
    {"type": "enum", "name": "E", "symbols": ["A", "B", "C"]},
    {"type": "fixed", "name": "F", "size": 3},
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
    {"type": "array", "items": "long"},
    {"type": "array", "items": {"type": "fixed", "name": "G", "size": 1}},
    {"type": "map", "values": ["null", "double"]},
    {"type": "array", "items": {"type": "map", "values": {"type": "array", "items": "string"}}},
]
SCHEMAS = [*map(record, (each for each in PLAIN if each != "null")), record(*PLAIN[1:10])]


class Both:
    """A schema read in both ways; counts how often the compiled function asked fastavro."""

    def __init__(self, schema: Any) -> None:
        mapped = AvroData().of(RegisteredSchema(AVRO, json.dumps(schema)))
        self.parsed = fastavro.parse_schema(mapped.avro)
        self.asked = 0
        self.fast = compiled(mapped.avro, self._slow)

    def _slow(self, data: bytes) -> Any:
        self.asked += 1
        return self.slow(data)

    def slow(self, data: bytes) -> Any:
        return fastavro.schemaless_reader(BytesIO(data), self.parsed)


def written(schema: Any, value: Any) -> bytes:
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), value)
    return buffer.getvalue()


@cache
def both_of(schema: str) -> Both:
    return Both(json.loads(schema))


def outcome(read: Any, data: bytes) -> Any:
    try:
        return repr(read(data))
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
        return type(error)


@pytest.mark.parametrize("schema", list(map(json.dumps, SCHEMAS)))
@given(data=st.binary(max_size=40))
@example(b"")
@example(b"\x80" * 12)
@example(b"\x02\x02a")
@example(b"\x01" * 12)
@example(b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f")
@example(b"\x04\x02a\x02b\x00")
def test_any_bytes_are_what_fastavro_makes_of_them(schema: str, data: bytes) -> None:
    both = both_of(schema)
    assert outcome(both.fast, data) == outcome(both.slow, data)


VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "int": [0, -1, 63, 64, -65, 2**31 - 1, -(2**31)],
    "long": [0, -1, 63, 64, 8191, 8192, 2**40, -(2**40), 2**61],
    "double": [0.1, -1e300, math.inf],
    "string": ["", "a", "é" * 31, "x" * 63, "x" * 64, "x" * 100_000],
    "bytes": [b"", b"\0" * 200],
}


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, each) for kind, every in VALUES.items() for each in every]
)
def test_what_is_usual_is_read_without_fastavro(kind: str, value: Any) -> None:
    schema = record(kind, ["null", kind], ["null", kind], {"type": "array", "items": kind})
    given_ = {"f0": value, "f1": value, "f2": None, "f3": [value, value]}
    both = Both(schema)
    assert both.fast(written(schema, given_)) == given_
    assert both.asked == 0


def test_a_named_type_that_is_used_twice_is_read_twice() -> None:
    inner = {"type": "record", "name": "In", "fields": [{"name": 'a"\\', "type": "int"}]}
    schema = record({**inner, "fields": [{"name": "a", "type": "int"}]}, "In")
    value = {"f0": {"a": 1}, "f1": {"a": 2}}
    both = Both(schema)
    assert both.fast(written(schema, value)) == value
    assert both.asked == 0


@pytest.mark.parametrize(
    "schema", [record(["null", "int", "string"]), record(record("long") | {"name": "B"})]
)
def test_a_union_of_several_types_is_left_to_fastavro(schema: Any) -> None:
    both = Both(schema)
    value = {"f0": "text"} if isinstance(schema["fields"][0]["type"], list) else {"f0": {"f0": 7}}
    data = written(schema, value)
    assert both.fast(data) == both.slow(data)
    assert both.asked == (1 if isinstance(schema["fields"][0]["type"], list) else 0)


def test_deep_and_wide_schemas_are_left_to_fastavro() -> None:
    deep: Any = "int"
    for _ in range(12):
        deep = {"type": "array", "items": deep}
    for schema in (record(deep), record(*["int"] * 600)):
        both = Both(schema)
        data = written(
            schema, {f["name"]: [] if schema["fields"][0]["type"] != "int" else 1 for f in schema["fields"]}
        )
        assert both.fast(data) == both.slow(data)
        assert both.asked == 1
