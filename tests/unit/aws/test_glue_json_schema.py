"""JSON Schemas of Glue where AWS's converter has no answer, or one that loses data."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from connector.aws.glue import GlueJsonConfig, GlueJsonConverter
from connector.column import schemas_of
from connector.schema import Field, Schema, Type
from connector.schema_registry.mock import MockSchemaRegistry

ENUM = "com.amazonaws.services.schemaregistry.kafkaconnect.jsonschema.Enum"
TEXT = {"type": "string"}
MAYBE = Schema(Type.STRING, optional=True)


def struct(*fields: tuple[str, Schema], **rest: Any) -> Schema:
    return Schema(Type.STRUCT, fields=tuple(Field(name, schema) for name, schema in fields), **rest)


def read(schema: Any, value: Any, **options: str) -> tuple[Any, Schema | None]:
    registry = MockSchemaRegistry()
    version = UUID(int=registry.register("JSON", json.dumps(schema)))
    named = {name.replace("_", "."): each for name, each in options.items()}
    converter = GlueJsonConverter(GlueJsonConfig.parse({"region": "eu-north-1", **named}), registry)
    column = converter.convert_column([b"\x03\x00" + version.bytes + json.dumps(value).encode()])
    found = schemas_of(column)
    return column[0], found.of_each(1)[0] if found else None


def properties(**found: Any) -> dict[str, Any]:
    return {"type": "object", "properties": found}


@pytest.mark.parametrize(
    ("schema", "value", "expected", "shown"),
    [
        ({"type": ["string", "null"]}, None, None, MAYBE),
        ({"anyOf": [{"type": "null"}, TEXT]}, "x", "x", MAYBE),
        (
            properties(u={"oneOf": [TEXT, {"type": "boolean"}, {"type": "null"}]}),
            {"u": True},
            {"u": {"field1": None, "field2": True}},
            struct(
                ("u", struct(("field1", MAYBE), ("field2", Schema(Type.BOOLEAN, optional=True)), name="oneOf",
                             optional=True)),
            ),
        ),
        (
            {"oneOf": [{"type": "number"}, TEXT]},
            7,
            {"field1": 7.0, "field2": None},
            struct(("field1", Schema(Type.FLOAT64, optional=True)), ("field2", MAYBE), name="oneOf"),
        ),
        (
            properties(s={"type": "string", "enum": ["a"]}),
            {"s": "a"},
            {"s": "a"},
            struct(("s", Schema(Type.STRING, parameters=((ENUM, ""), (f"{ENUM}.a", "a"))))),
        ),
        (
            {"allOf": [properties(a=TEXT), properties(b=TEXT)]},
            {"a": "x", "b": "y"},
            {"a": "x", "b": "y"},
            struct(("a", Schema(Type.STRING)), ("b", Schema(Type.STRING))),
        ),
    ],
)  # fmt: skip
def test_what_awss_converter_fails_at_or_drops_is_read(
    schema: Any, value: Any, expected: Any, shown: Schema
) -> None:
    assert read(schema, value) == (expected, shown)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        properties(a={"type": "object"}),
        properties(a={}),
        {"$ref": "#"},
        {"type": {}},
        {"properties": []},
        {"type": "integer", "connect.type": ["int8"]},
        {"allOf": 1},
        properties(a={"$ref": 7}),
        [],
    ],
    ids=str,
)
def test_values_of_a_schema_that_cannot_be_applied_go_without_one(schema: Any) -> None:
    assert read(schema, {"a": {"b": 1}}) == ({"a": {"b": 1}}, None)


def test_an_index_that_is_no_number_orders_nothing() -> None:
    schema = properties(a={**TEXT, "connect.index": "x"}, b={**TEXT, "connect.index": 0})
    value, _ = read(schema, {"a": "1", "b": "2"})
    assert list(value.items()) == [("b", "2"), ("a", "1")]


def test_large_integers_are_whole_if_asked_for() -> None:
    value, schema = read(properties(id={"type": "integer"}), {"id": 2**53 + 1}, integers_as_int64="true")
    assert value == {"id": 2**53 + 1}
    assert schema == struct(("id", Schema(Type.INT64)))


def test_properties_that_are_not_required_are_optional_if_asked_for() -> None:
    schema = {**properties(a=TEXT, b=TEXT), "required": ["a"]}
    assert read(schema, {"a": "x"}, use_optional_for_nonrequired="true") == (
        {"a": "x", "b": None},
        struct(("a", Schema(Type.STRING)), ("b", MAYBE)),
    )
