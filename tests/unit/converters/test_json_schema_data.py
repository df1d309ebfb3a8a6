"""JSON Schemas as Connect's, by what Confluent's converter is documented and known to do."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from connector.column import JsonColumn
from connector.converters.registered_json import JsonSchemaConverter, JsonSchemaConverterConfig
from connector.errors import BatchError
from connector.formats.fields import OutputFields
from connector.formats.jsonl import JsonlFormat
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type
from connector.schema_registry.mock import MockSchemaRegistry

ENUM = "io.confluent.connect.json.Enum"
ONE_OF = "io.confluent.connect.json.OneOf"
TEXT = Schema(Type.STRING)


def struct(*fields: tuple[str, Schema], **rest: Any) -> Schema:
    return Schema(Type.STRUCT, fields=tuple(Field(name, schema) for name, schema in fields), **rest)


def column(schema: Any, *values: Any, references: dict[str, Any] | None = None, **options: str) -> Any:
    registry = MockSchemaRegistry()
    ids = {name: registry.register("JSON", json.dumps(each)) for name, each in (references or {}).items()}
    schema_id = registry.register("JSON", json.dumps(schema), ids)
    named = {key.replace("__", "."): value for key, value in options.items()}
    config = JsonSchemaConverterConfig.parse({"schema.registry.url": "mock://unused", **named})
    head = b"\0" + schema_id.to_bytes(4)
    return JsonSchemaConverter(config, registry).convert_column(
        [head + (each if isinstance(each, bytes) else json.dumps(each).encode()) for each in values]
    )


def read(schema: Any, value: Any, **options: Any) -> tuple[Any, Schema | None]:
    found = column(schema, value, **options)
    schemas = getattr(found, "schemas", None)
    return found[0], schemas.of_each(1)[0] if schemas else None


def properties(**found: Any) -> dict[str, Any]:
    return {"type": "object", "properties": found}


BY_NUMBER = {
    "type": "array",
    "connect.type": "map",
    "items": properties(key={"type": "integer"}, value={"type": "string"}),
}
LOGICAL = "org.apache.kafka.connect.data."
CASES: list[tuple[Any, Any, Any, Schema]] = [
    ({"type": "boolean"}, True, True, Schema(Type.BOOLEAN)),
    ({"type": "integer"}, 7, 7, Schema(Type.INT64)),
    ({"type": "number"}, 7, 7.0, Schema(Type.FLOAT64)),
    ({"type": "integer", "connect.type": "int8"}, 7, 7, Schema(Type.INT8)),
    ({"type": "integer", "connect.type": "int16"}, 7, 7, Schema(Type.INT16)),
    ({"type": "integer", "connect.type": "int32"}, 7, 7, Schema(Type.INT32)),
    ({"type": "number", "connect.type": "float32"}, 0.5, 0.5, Schema(Type.FLOAT32)),
    ({"minimum": 1}, 0.5, 0.5, Schema(Type.FLOAT64)),
    ({"type": "string", "connect.type": "bytes"}, "/w==", b"\xff", Schema(Type.BYTES)),
    ({"pattern": "a.*"}, "a", "a", TEXT),
    (
        {"type": "string", "title": "n", "description": "d", "connect.version": 3,
         "connect.parameters": {"a": "b"}},
        "x",
        "x",
        Schema(Type.STRING, name="n", doc="d", version=3, parameters=(("a", "b"),)),
    ),
    ({"type": "string", "default": "x"}, None, "x", Schema(Type.STRING, default="x")),
    (
        {"type": "integer", "title": LOGICAL + "Date", "connect.type": "int32", "connect.version": 1},
        1,
        date(1970, 1, 2),
        Schema(Type.INT32, name=DATE, version=1),
    ),
    (
        {"type": "integer", "title": LOGICAL + "Time", "connect.type": "int32"},
        1000,
        time(0, 0, 1),
        Schema(Type.INT32, name=TIME),
    ),
    (
        {"type": "integer", "title": LOGICAL + "Timestamp", "connect.type": "int64"},
        1000,
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        Schema(Type.INT64, name=TIMESTAMP),
    ),
    *(
        (
            {"type": "number", "title": LOGICAL + "Decimal", "connect.type": "bytes",
             "connect.parameters": {"scale": "2"}},
            written,
            Decimal("1.50"),
            Schema(Type.BYTES, name=DECIMAL, parameters=(("scale", "2"),)),
        )
        for written in (1.5, "AJY=")
    ),
    ({"enum": ["A", 1, None]}, "A", "A",
     Schema(Type.STRING, parameters=(
         (ENUM, ""), (f"{ENUM}.A", "A"), (f"{ENUM}.1", "1"), (f"{ENUM}.<NULL>", "<NULL>")))),
    ({"type": "string", "enum": ["A"], "title": "lost"}, "A", "A",
     Schema(Type.STRING, parameters=((ENUM, ""), (f"{ENUM}.A", "A")))),
    ({"type": "integer", "enum": [1]}, 1, 1, Schema(Type.INT64)),
    ({"type": "string", "const": "A"}, "A", "A", TEXT),
    ({"const": "A"}, "A", "A", Schema(Type.STRING, parameters=((ENUM, ""), (f"{ENUM}.A", "A")))),
    ({"type": ["string", "null"]}, None, None, TEXT.as_optional()),
    ({"type": ["string"]}, "x", "x", TEXT),
    ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, None, None, Schema(Type.INT64, optional=True)),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1, 1, Schema(Type.INT64, optional=True)),
    ({"type": "array", "items": {"type": "integer"}}, [1, 2], [1, 2],
     Schema(Type.ARRAY, values=Schema(Type.INT64))),
    (
        {"type": "object", "connect.type": "map", "additionalProperties": {"type": "integer"}},
        {"a": 1},
        {"a": 1},
        Schema(Type.MAP, keys=TEXT, values=Schema(Type.INT64)),
    ),
    (
        BY_NUMBER,
        [{"key": 1, "value": "a"}, {"value": "b", "key": 2}],
        {1: "a", 2: "b"},
        Schema(Type.MAP, keys=Schema(Type.INT64), values=TEXT),
    ),
    (
        {"type": "object", "title": "R", "properties": {
            "b": {"type": "string", "connect.index": 1}, "a": {"type": "integer", "connect.index": 0}}},
        {"b": "x", "a": 1, "more": True},
        {"a": 1, "b": "x"},
        struct(("a", Schema(Type.INT64)), ("b", TEXT), name="R"),
    ),
    (
        {"allOf": [{"$ref": "#/definitions/A"}, properties(b={"type": "boolean"}), {"title": "lost"}],
         "definitions": {"A": properties(a={"type": "string"})}},
        {"a": "x", "b": True},
        {"a": "x", "b": True},
        struct(("a", TEXT), ("b", Schema(Type.BOOLEAN))),
    ),
    ({"$ref": "#/$defs/~1a%20b", "$defs": {"/a b": {"type": "string"}}}, "x", "x", TEXT),
    ({"$ref": "#name", "definitions": {"a": {"$id": "#name", "type": "string"}}}, "x", "x", TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "written", "value", "expected"), CASES, ids=lambda each: str(each)[:60])
def test_types_are_those_of_confluents_converter(
    schema: Any, written: Any, value: Any, expected: Schema
) -> None:
    assert read(schema, written) == (value, expected)
    if "$ref" not in json.dumps(schema):
        found, nested = read(properties(f=schema), {"f": written})
        assert found == {"f": value}
        assert nested == struct(("f", expected))


def test_a_union_is_a_struct_with_a_field_for_each_member() -> None:
    point, name = (
        properties(x={"type": "integer"}, y={"type": "integer"}),
        properties(name={"type": "string"}),
    )
    schema = {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}, name, point]}
    fields = [f"{ONE_OF}.field.{index}" for index in range(4)]
    values = ["a", 7, {"name": "n", "z": 1}, {"x": 1, "y": 2, "name": "n"}, None]
    found = column(schema, *values)
    nothing = dict.fromkeys(fields)
    assert list(found) == [
        {**nothing, fields[0]: "a"},
        {**nothing, fields[1]: 7},
        {**nothing, fields[2]: {"name": "n"}},
        {**nothing, fields[3]: {"x": 1, "y": 2}},
        None,
    ]
    expected = [
        TEXT,
        Schema(Type.INT64),
        struct(("name", TEXT)),
        struct(("x", Schema(Type.INT64)), ("y", Schema(Type.INT64))),
    ]
    assert found.schemas.of_each(1)[0] == struct(
        *((field, each.as_optional()) for field, each in zip(fields, expected, strict=True)),
        optional=True,
        name=ONE_OF,
    )


def test_a_value_of_no_member_of_a_union_is_a_fault() -> None:
    with pytest.raises(ValueError, match="Did not find matching oneof field"):
        column({"oneOf": [{"type": "string"}, {"type": "integer"}]}, True)


def test_unions_and_enums_have_general_names_if_asked_for() -> None:
    union = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    value, schema = read(properties(a=union, b=union, c={"enum": ["X", "Y"]}), {"a": "x", "b": 1, "c": "Y"},
                         generalized__sum__type__support="true")  # fmt: skip
    assert value["b"] == {"connect_union_field_0": None, "connect_union_field_1": 1}
    assert schema is not None
    assert [field.schema.name for field in schema.fields] == ["connect_union_0", "connect_union_1", None]
    name = LOGICAL + "Enum"
    assert schema.fields[2].schema.parameters == ((name, ""), (f"{name}.X", "0"), (f"{name}.Y", "1"))
    assert schema.fields[0].schema.parameters == ((LOGICAL + "Union", "connect_union_0"),)


def test_a_union_of_one_stays_one_if_asked_for() -> None:
    _, schema = read({"oneOf": [{"type": "string"}]}, "x", flatten__singleton__unions="false")
    assert schema == struct((f"{ONE_OF}.field.0", TEXT.as_optional()), name=ONE_OF)


@pytest.mark.parametrize(("option", "optional"), [("false", False), ("true", True)])
def test_properties_that_are_not_required_are_optional_if_asked_for(option: str, optional: bool) -> None:
    given = {**properties(a={"type": "string"}, b={"type": "string"}), "required": ["b"]}
    value, schema = read(given, {"b": "x"}, use__optional__for__nonrequired=option)
    assert value == {"a": None, "b": "x"}
    assert schema == struct(("a", TEXT.as_optional(optional=optional)), ("b", TEXT))


def test_a_reference_to_a_registered_schema_is_followed() -> None:
    other = {
        "$id": "http://example.com/other.json",
        **properties(x={"$ref": "#/definitions/n"}),
        "definitions": {"n": {"type": "integer"}},
    }
    for reference in ("other.json", "http://example.com/other.json"):
        value, schema = read(
            properties(a={"$ref": reference}), {"a": {"x": 1}}, references={"other.json": other}
        )
        assert value == {"a": {"x": 1}}
        assert schema == struct(("a", struct(("x", Schema(Type.INT64)))))
    assert read({"$ref": "other.json#/definitions/n"}, 1, references={"other.json": other})[1] == Schema(
        Type.INT64
    )


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        properties(a={}),
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"$ref": "#"},
        {"$ref": "nowhere.json"},
        {"$ref": "#/definitions/none"},
        {"type": "array"},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "object", "connect.type": "map"},
        {"not": {"type": "string"}},
        {"type": "text"},
        {"type": "null"},
        {"type": "integer", "connect.type": "int128"},
    ],
    ids=str,
)
def test_what_connect_has_no_words_for_is_not_applied(schema: Any) -> None:
    found = column(schema, {"a": 1})
    assert isinstance(found, JsonColumn)
    assert found.schemas is None
    assert found.texts == [b'{"a": 1}']


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (properties(a={"type": "string"}), []),
        (properties(a={"type": "string"}), {"a": 1}),
        (properties(a={"type": "string"}), {"a": None}),
        (properties(a={"type": "integer", "connect.type": "int8"}), {"a": 128}),
        (properties(a={"type": "array", "items": {"type": "integer"}}), {"a": ["x"]}),
        ({"type": "object", "connect.type": "map", "additionalProperties": {"type": "integer"}}, [1]),
        (
            {
                "type": "array",
                "connect.type": "map",
                "items": properties(key={"type": "integer"}, value={"type": "string"}),
            },
            [{"key": 1}],
        ),
        (properties(a={"type": "string"}), b'{"a":'),
        (properties(a={"type": "string"}), b'{"a":"\xff"}'),
    ],
    ids=str,
)
def test_what_does_not_fit_is_a_fault_of_its_record(schema: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="does not fit schema 1"):
        column(schema, value)


def lines(values: Any) -> list[Any]:
    records = [Record(offset, None, None) for offset in range(len(values))]
    batch = RecordBatch.of(TopicPartition("t", 0), records).with_columns(values=values)
    return [json.loads(line)["value"] for line in JsonlFormat(OutputFields()).encode(batch).splitlines()]


def test_plain_values_stay_text_and_read_the_same() -> None:
    schema = properties(a={"type": "integer"}, b=properties(c={"type": ["string", "null"]}))
    values = [{"b": {"c": "x", "more": 1}, "a": 1}, {"a": 2, "b": {}}]
    text, looked_at = (
        column(schema, *values),
        column(properties(x={"type": "string", "connect.type": "bytes"}, **schema["properties"]), *values),
    )
    assert text.texts == [b'{"a":1,"b":{"c":"x"}}', b'{"a":2,"b":{"c":null}}']
    assert [{"x": None, **each} for each in lines(text)] == lines(looked_at)


@pytest.mark.parametrize("form", ["avro", "parquet"])
def test_formats_with_types_refuse_a_required_property_that_is_absent(form: str) -> None:
    encoder = find(PluginKind.FORMAT, form, "format.output.type")(OutputFields()).encoder()
    batch = RecordBatch.of(TopicPartition("t", 0), [Record(0, None, None), Record(1, None, None)])
    schema = properties(a={"type": "integer"}, b={"type": "string"})
    values = [{"a": 1, "b": "x"}, {"a": 1}]
    with pytest.raises(BatchError) as caught:
        encoder.encode(batch.with_columns(values=column(schema, *values)))
    assert set(caught.value.failed) == {1}
    assert encoder.encode(
        batch.with_columns(values=column(schema, *values, use__optional__for__nonrequired="true"))
    )


def test_checks_beyond_types_are_refused() -> None:
    (problem,) = JsonSchemaConverterConfig(
        {"schema.registry.url": "mock://x", "json.fail.invalid.schema": "true"}
    ).check()
    assert problem.option == "json.fail.invalid.schema"
