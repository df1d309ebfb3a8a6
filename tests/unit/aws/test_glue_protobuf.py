"""Protobuf of Glue where AWS's converter has no answer, or one that loses data."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from connector.aws import protoc
from connector.aws.glue import GlueProtobufConfig, GlueProtobufConverter
from connector.column import schemas_of
from connector.errors import ConfigError
from connector.runtime.blueprint import draw
from connector.schema_registry.mock import MockSchemaRegistry
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from connector.schema import Schema

HEAD = 'syntax = "proto3"; package shop; '
NODE = HEAD + "message Node { int32 id = 1; Node next = 2; }"


def message(text: str, name: str, value: dict[str, Any]) -> bytes:
    found = GetMessageClass(protoc.compiled(text).pool.FindMessageTypeByName(f"shop.{name}"))
    return bytes(ParseDict(value, found()).SerializeToString())


def read(text: str, *payloads: bytes) -> list[tuple[Any, Schema]]:
    registry = MockSchemaRegistry()
    version = UUID(int=registry.register("PROTOBUF", text))
    converter = GlueProtobufConverter(GlueProtobufConfig.parse({"region": "eu-north-1"}), registry)
    column = converter.convert_column([b"\x03\x00" + version.bytes + each for each in payloads])
    schemas = schemas_of(column)
    assert schemas
    found = schemas.of_each(len(payloads))
    return [(value, schema) for value, schema in zip(column, found, strict=True) if schema]


def test_a_message_in_itself_is_shown_once_and_more_of_it_is_a_fault() -> None:
    deep = {"id": 1, "next": {"id": 2}}
    ((value, schema),) = read(NODE, b"\0" + message(NODE, "Node", deep))
    assert value == {"id": 1, "next": {"id": 2, "next": None}}
    inner = schema.fields[1].schema.fields[1].schema
    assert (inner.name, inner.optional, inner.fields) == ("shop.Node", True, ())
    with pytest.raises(ValueError, match=r"shop\.Node is in itself"):
        read(NODE, b"\0" + message(NODE, "Node", {"next": {"next": {"id": 3}}}))


def test_members_of_unions_within_messages_are_optional_fields() -> None:
    text = HEAD + "message A { B b = 1; message B { oneof choice { string text = 1; int32 number = 2; } } }"
    ((value, schema),) = read(text, b"\0" + message(text, "A", {"b": {"number": 0}}))
    assert value == {"b": {"text": None, "number": 0}}
    members = [(found.name, found.schema.optional) for found in schema.fields[0].schema.fields]
    assert members == [("text", True), ("number", True)]


def test_a_date_that_is_absent_is_null() -> None:
    text = HEAD + 'import "google/type/date.proto"; message A { google.type.Date day = 1; }'
    ((value, _),) = read(text, b"\0")
    assert value == {"day": None}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"units": 7, "fraction": 500_000_000, "precision": 2, "scale": 1}, Decimal("7.50")),
        ({"fraction": -10_000_000, "scale": 2}, Decimal("-0.01")),
        ({"units": 2**63 - 1, "fraction": 990_000_000}, Decimal("9223372036854775807.99")),
    ],
)
def test_decimals_have_the_digits_of_their_schema(given: dict[str, int], expected: Decimal) -> None:
    ((value, _),) = read(PRICES, b"\0" + message(PRICES, "A", {"price": given}))
    assert str(value["price"]) == str(expected)


PRICES = (
    HEAD
    + """import "additionalTypes/decimal.proto"; import "metadata/metadata.proto";
message A { additionalTypes.Decimal price = 1
  [(metadata.metadata_key) = "connect.decimal.scale", (metadata.metadata_value) = "2"]; }"""
)


def test_a_decimal_with_more_digits_than_its_schema_is_a_fault() -> None:
    with pytest.raises(ValueError, match="more than 2 digits"):
        read(PRICES, b"\0" + message(PRICES, "A", {"price": {"fraction": 1}}))


@pytest.mark.parametrize("scale", ["999999999", "-999999999"])
def test_a_scale_beyond_all_numbers_is_a_fault(scale: str) -> None:
    with pytest.raises(ValueError, match="scale"):
        read(PRICES.replace('"2"', f'"{scale}"'), b"\0")


def test_types_that_would_fill_the_memory_are_refused() -> None:
    fields = " ".join(f"M{{}} f{n} = {n};" for n in range(1, 6))
    text = HEAD + " ".join(f"message M{n} {{ {fields.format(*[n + 1] * 5)} }}" for n in range(8))
    text += " message M8 { int32 end = 1; }"
    with pytest.raises(ValueError, match="more than 10000 types"):
        read(text, b"\0")


@pytest.mark.parametrize("data", [b"", b"\x80\x80\x80\x80\x80\0", b"\1", b"\xff\xff\xff\xff\x0f", b"\0\xff"])
def test_what_is_no_message_of_the_schema_is_a_fault(data: bytes) -> None:
    with pytest.raises(ValueError, match="does not fit schema"):
        read(NODE, data)


def test_text_that_cannot_be_read_is_a_fault_that_names_its_version() -> None:
    with pytest.raises(ValueError, match=r"0001 cannot be used: protoc refuses its text: .*nope\.proto"):
        read('import "nope.proto";', b"\0")


def test_a_version_is_read_by_protoc_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(text: str) -> Any:
        asked.append(text)
        return compiled(text)

    compiled = protoc.compiled
    monkeypatch.setattr(protoc, "compiled", counted)
    assert len(read(NODE, *[b"\0"] * 100)) == 100
    assert asked == [NODE]


def test_without_the_extra_the_config_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protoc, "find_spec", lambda _: None)
    raw = {
        "name": "c",
        "connector.class": "s3",
        "topics": "t",
        "aws.s3.bucket.name": "lake",
        "value.converter": "glue_protobuf",
        "value.converter.region": "eu-north-1",
    }
    with pytest.raises(ConfigError, match=r"kafka-aws-connector\[protoc\]") as caught:
        draw(raw, WorkerSettings.of({"bootstrap.servers": "k:1"}, {}))
    assert [problem.option for problem in caught.value.problems] == ["value.converter"]
