"""Avro's schemas as Connect's, by what Confluent's converter is documented and known to do."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from connector.converters.avro import AvroConverter, AvroConverterConfig
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type
from connector.schema_registry.mock import MockSchemaRegistry

UNION = "io.confluent.connect.avro.Union"
ENUM = "io.confluent.connect.avro.Enum"


def record(*fields: Any, **rest: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Order", "namespace": "com.example", "fields": list(fields), **rest}


def read(avro: Any, value: Any, **options: str) -> tuple[Any, Schema]:
    """A value written with this schema, and the schema it is read with."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(avro), value)
    return converted(avro, buffer.getvalue(), **options)


def converted(avro: Any, data: bytes, **options: str) -> tuple[Any, Schema]:
    registry = MockSchemaRegistry()
    schema_id = registry.register("AVRO", json.dumps(avro))
    named = {key.replace("__", "."): value for key, value in options.items()}
    config = AvroConverterConfig.parse({"schema.registry.url": "mock://unused", **named})
    column = AvroConverter(config, registry).convert_column([b"\0" + schema_id.to_bytes(4) + data])
    ((_, _, schema),) = column.schemas.runs(1)  # type: ignore[attr-defined]
    assert schema is not None
    return column[0], schema


@pytest.mark.parametrize(
    ("avro", "written", "value", "schema"),
    [
        ("boolean", True, True, Schema(Type.BOOLEAN)),
        ("int", -1, -1, Schema(Type.INT32)),
        ("long", 1 << 62, 1 << 62, Schema(Type.INT64)),
        ("float", 0.1, 0.1, Schema(Type.FLOAT32)),
        ("double", 0.1, 0.1, Schema(Type.FLOAT64)),
        ("bytes", b"\xff", b"\xff", Schema(Type.BYTES)),
        ("string", "é", "é", Schema(Type.STRING)),
        ({"type": "int", "connect.type": "int8"}, 7, 7, Schema(Type.INT8)),
        ({"type": "int", "connect.type": "int16"}, 7, 7, Schema(Type.INT16)),
        ({"type": "string", "connect.doc": "d", "connect.version": 3, "connect.name": "n"}, "x", "x",
         Schema(Type.STRING, name="n", version=3, doc="d")),
        ({"type": "string", "connect.parameters": {"a": "b"}}, "x", "x",
         Schema(Type.STRING, parameters=(("a", "b"),))),
        ({"type": "int", "logicalType": "date"}, date(2020, 1, 2), date(2020, 1, 2),
         Schema(Type.INT32, name=DATE, version=1)),
        ({"type": "int", "logicalType": "time-millis"}, time(1, 2, 3, 4000), time(1, 2, 3, 4000),
         Schema(Type.INT32, name=TIME, version=1)),
        ({"type": "long", "logicalType": "timestamp-millis"}, 1000, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
         Schema(Type.INT64, name=TIMESTAMP, version=1)),
        ({"type": "long", "logicalType": "timestamp-micros"}, 1000, 1000, Schema(Type.INT64)),
        ({"type": "string", "logicalType": "uuid"}, "x", "x", Schema(Type.STRING)),
        ({"type": "bytes", "logicalType": "decimal", "precision": 64, "scale": 2}, b"\x96", Decimal("-1.06"),
         Schema(Type.BYTES, name=DECIMAL, version=1, parameters=(("scale", "2"),))),
        ({"type": "array", "items": ["null", "float"]}, [0.1, None], [0.1, None],
         Schema(Type.ARRAY, values=Schema(Type.FLOAT32, optional=True))),
        ({"type": "map", "values": "float"}, {"a": 0.1}, {"a": 0.1},
         Schema(Type.MAP, keys=Schema(Type.STRING), values=Schema(Type.FLOAT32))),
        (["null", "string"], None, None, Schema(Type.STRING, optional=True)),
    ],
)  # fmt: skip
def test_a_value_is_what_confluents_converter_makes_of_it(
    avro: Any, written: Any, value: Any, schema: Schema
) -> None:
    plain = json.loads(json.dumps(avro))
    if isinstance(plain, dict) and plain.get("logicalType") in {"decimal", "timestamp-millis", "uuid"}:
        plain.pop("logicalType")
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(plain), written)
    found, found_schema = converted(avro, buffer.getvalue())
    assert (found, type(found), found_schema) == (value, type(value), schema)


def test_a_type_may_stand_in_a_type() -> None:
    assert converted({"type": {"type": "string"}}, b"\x02x") == ("x", Schema(Type.STRING))


def test_a_union_is_a_struct_with_a_field_for_each_member() -> None:
    inner = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "float"}]}
    avro = record({"name": "u", "type": ["null", "int", "long", "string", inner]})
    nothing: dict[str, Any] = {"int": None, "long": None, "string": None, "In": None}
    members: list[tuple[bytes, dict[str, Any]]] = [
        (b"\2\12", {"int": 5}),
        (b"\4\12", {"long": 5}),
        (b"\6\2s", {"string": "s"}),
    ]
    for data, given in members:
        value, _ = converted(avro, data)
        assert value == {"u": {**nothing, **given}}
    value, schema = read(avro, {"u": {"x": 0.1}})
    assert value == {"u": {**nothing, "In": {"x": 0.1}}}
    union = schema.fields[0].schema
    assert (union.name, union.optional, union.type) == (UNION, True, Type.STRUCT)
    assert [field.name for field in union.fields] == ["int", "long", "string", "In"]
    assert all(field.schema.optional for field in union.fields)
    assert read(avro, {"u": None})[0] == {"u": None}


def test_enhanced_support_names_members_of_unions_in_full() -> None:
    inner = {"type": "enum", "name": "Kind", "symbols": ["A"]}
    avro = record({"name": "u", "type": ["string", inner]})
    data = b"\x02\x00"
    assert converted(avro, data)[0] == {"u": {"string": None, "Kind": "A"}}
    enhanced, _ = converted(avro, data, enhanced__avro__schema__support="true")
    assert enhanced == {"u": {"string": None, "com.example.Kind": "A"}}


def test_an_enum_is_text_and_its_symbols_are_parameters() -> None:
    avro = {"type": "enum", "name": "Kind", "namespace": "com.example", "symbols": ["A", "B"]}
    parameters = ((ENUM, "com.example.Kind"), (f"{ENUM}.A", "A"), (f"{ENUM}.B", "B"))
    assert read(avro, "B") == ("B", Schema(Type.STRING, name="com.example.Kind", parameters=parameters))


def test_a_fixed_keeps_its_size_unless_meta_data_is_off() -> None:
    avro = {"type": "fixed", "name": "Id", "size": 2}
    sized = Schema(Type.BYTES, name="Id", parameters=(("connect.fixed.size", "2"),))
    assert read(avro, b"ab") == (b"ab", sized)
    assert read(avro, b"ab", connect__meta__data="false") == (b"ab", Schema(Type.BYTES, name="Id"))


def test_a_named_type_is_known_by_its_name_from_then_on() -> None:
    kind = {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}
    other = {"type": "record", "name": "org.other.Box", "fields": [{"name": "k", "type": "com.example.Kind"}]}
    fields = [{"name": "a", "type": kind}, {"name": "b", "type": "Kind"}, {"name": "c", "type": other}]
    value = {"a": "A", "b": "B", "c": {"k": "A"}}
    found, schema = read(record(*fields), value)
    assert found == value
    assert schema.fields[0].schema == schema.fields[1].schema


def test_maps_with_keys_that_are_no_text_are_lists_of_entries() -> None:
    entry = {
        "type": "record", "name": "MapEntry", "namespace": "io.confluent.connect.avro",
        "fields": [{"name": "key", "type": "int"}, {"name": "value", "type": "string"}],
    }  # fmt: skip
    value, schema = read({"type": "array", "items": entry}, [{"key": 1, "value": "a"}])
    expected = Schema(Type.MAP, keys=Schema(Type.INT32), values=Schema(Type.STRING))
    assert (value, schema) == ({1: "a"}, expected)


def test_a_default_stands_in_the_schema_and_for_the_nulls_of_its_field() -> None:
    optional = {"name": "o", "type": ["null", {"type": "string", "connect.default": "d"}]}
    avro = record(optional, {"name": "f", "type": "int", "default": 7})
    value, schema = read(avro, {"o": None, "f": 1})
    assert value == {"o": "d", "f": 1}
    assert [field.schema.default for field in schema.fields] == ["d", 7]
    kept, _ = read(avro, {"o": None, "f": 1}, ignore__default__for__nullables="true")
    assert kept == {"o": None, "f": 1}


def test_docs_of_records_and_fields_are_parameters() -> None:
    avro = record({"name": "f", "type": "int", "doc": "a field"}, doc="an order")
    _, schema = read(avro, {"f": 1})
    space = "io.confluent.connect.avro"
    parameters = ((f"{space}.record.doc", "an order"), (f"{space}.field.doc.f", "a field"))
    fields = (Field("f", Schema(Type.INT32)),)
    assert schema == Schema(Type.STRUCT, name="com.example.Order", parameters=parameters, fields=fields)
    assert read(avro, {"f": 1}, connect__meta__data="false")[1].parameters == ()


SELF = record({"name": "next", "type": ["null", "Order"]})
DEEP: Any = "int"
for _level in range(70):
    DEEP = {"type": "array", "items": DEEP}
BOMB: list[Any] = [{"name": "f0", "type": {"type": "record", "name": "R0", "fields": []}}]
for _level in range(1, 30):
    inner_fields = [{"name": "a", "type": f"R{_level - 1}"}, {"name": "b", "type": f"R{_level - 1}"}]
    BOMB.append(
        {"name": f"f{_level}", "type": {"type": "record", "name": f"R{_level}", "fields": inner_fields}}
    )


@pytest.mark.parametrize(
    ("avro", "reason"),
    [
        ("null", "Standalone null"),
        (["null"], "Standalone null"),
        (record({"name": "n", "type": "null"}), "Standalone null"),
        (SELF, "is in itself"),
        (DEEP, "nested deeper"),
        (record(*BOMB), "more than 10000 types"),
        ({"type": "array", "items": {"type": "record", "name": "Nothing", "fields": []}}, "no bytes"),
        ("com.example.Nobody", "not defined"),
        ({"type": "record", "name": "R", "fields": [{"name": "f"}]}, "has no type"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, "scale must be"),
        ([{"type": "record", "name": "a.R", "fields": []}, {"type": "record", "name": "b.R", "fields": []}],
         "Multiple union schemas"),
        (5, "no Avro schema"),
    ],
)  # fmt: skip
def test_what_connect_has_no_words_for_is_refused_with_the_id(avro: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"Schema 1 cannot be used: .*{reason}"):
        converted(avro, b"\0" * 20)


@pytest.mark.parametrize(
    ("avro", "data"),
    [
        ("long", b""),
        ("long", b"\xff" * 20),
        ("string", b"\x08ab"),
        ("string", b"\x02\xff"),
        ("string", b"\x01"),
        (["null", "int"], b"\x08\x02"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x0a"),
        ({"type": "array", "items": "long"}, b"\xfe\xff\xff\xff\x0f"),
        ({"type": "int", "logicalType": "date"}, b"\xfe\xff\xff\xff\x0f"),
        ({"type": "long", "logicalType": "timestamp-millis"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    ],
)
def test_bytes_that_do_not_fit_the_schema_are_a_fault_of_the_record(avro: Any, data: bytes) -> None:
    with pytest.raises(ValueError, match="does not fit schema 1"):
        converted(avro, data)
