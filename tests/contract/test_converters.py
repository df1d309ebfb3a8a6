"""The built-in converters under the suite that plug-ins run, found by the names that users write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.plugins import PluginKind, find, names
from connector.schema_registry.mock import MockSchemaRegistry
from connector.testing.contract.converters import ConverterContract

if TYPE_CHECKING:
    from connector.converters.base import Converter

BUILT_IN = ("boolean", "byte_array", "double", "float", "integer", "json", "long", "short", "string")


def create(name: str, **options: str) -> Converter:
    found: type[Converter] = find(PluginKind.CONVERTER, name, "value.converter")
    return found(found.config_class.parse({key.replace("__", "."): value for key, value in options.items()}))


class TestByteArrayConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        return create("org.apache.kafka.connect.converters.ByteArrayConverter")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [(b"", b""), (b"\xff\x00", b"\xff\x00")]


class TestStringConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        return create("StringConverter")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [(b"", ""), ("é".encode(), "é"), (b"a\xff", "a\ufffd")]


class TestJsonConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        return create("JsonConverter", schemas__enable="false")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [
            (b"", None),
            (b"null", None),
            (b'{"a": [1, 2.5]}', {"a": [1, 2.5]}),
            (b'"\xc3\xa9"', "é"),
            (b"1\n", 1),
        ]

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        return [b"{", b'{"a":1', b'"b":2}', b"1,2", b"1 2", b"1\n2", b'"\xc3', b'\xa9"', b"]", b"[1"]


class TestJsonConverterWithSchemas(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        return create("Json")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [
            (b'{"schema":null,"payload":{"a":1}}', {"a": 1}),
            (b'{"payload":null,"schema":{"type":"string","optional":true}}', None),
            (b'{"payload":7,"schema":{"type":"int8"}}', 7),
        ]

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        return [
            b"",
            b"{}",
            b'{"payload":1}',
            b'{"schema":{},"payload":1',
            b"}",
            b'{"schema":{},"payload":1,"x":2}',
            b'{"schema":{"type":"int8"},"payload":128}',
            b'{"schema":{"type":"string"},"payload":null}',
        ]


class TestLongConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        return create("org.apache.kafka.connect.converters.LongConverter")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [(b"\0" * 7 + b"\1", 1), (b"\xff" * 8, -1)]

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        return [b"", b"\0" * 7, b"\0" * 9]


class TestBooleanConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        return create("Boolean")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [(b"\0", False), (b"\1", True)]

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        return [b"", b"\2", b"\0\0"]


class TestSimpleHeaderConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        found = find(PluginKind.HEADER_CONVERTER, "Simple", "header.converter")
        converter: Converter = found(found.config_class.parse({}))
        return converter

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [
            (b"", ""),
            (b"text", "text"),
            (b"7", 7),
            (b"true", True),
            (b"null", None),
            (b'["a",1]', ["a", 1]),
            (b"[" * 100_000, b"[" * 100_000),
            (b"a\xff", "a\ufffd"),
        ]


class TestAvroConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        MockSchemaRegistry.of_scope("contract").register("AVRO", '"long"')
        return create("io.confluent.connect.avro.AvroConverter", schema__registry__url="mock://contract")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [(b"\0\0\0\0\1\2", 1), (b"\0\0\0\0\1\1", -1)]

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        return [b"", b"\0", b"\0\0\0\0\1", b"\1\0\0\0\1\2", b"\0\0\0\0\2\2", b"{}"]


class TestJsonSchemaConverter(ConverterContract):
    @pytest.fixture
    def converter(self) -> Converter:
        MockSchemaRegistry.of_scope("contract json").register("JSON", "{}")
        name = "io.confluent.connect.json.JsonSchemaConverter"
        return create(name, schema__registry__url="mock://contract json")

    @pytest.fixture
    def valid(self) -> list[tuple[bytes | None, Any]]:
        return [(b'\0\0\0\0\1{"a":1}', {"a": 1}), (b"\0\0\0\0\1null", None)]

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        return [b"", b"{}", b'\0\0\0\0\1{"a"', b"\0\0\0\0\2{}"]


@pytest.mark.parametrize("kind", [PluginKind.CONVERTER, PluginKind.HEADER_CONVERTER])
def test_the_built_in_converters_are_installed(kind: PluginKind) -> None:
    assert set(BUILT_IN) <= set(names(kind))


@pytest.mark.parametrize(
    ("kind", "name", "attribute"),
    [
        (PluginKind.CONVERTER, "org.apache.kafka.connect.json.JsonConverter", "JsonConverter"),
        (PluginKind.CONVERTER, "String", "StringConverter"),
        (PluginKind.HEADER_CONVERTER, "ByteArray", "ByteArrayConverter"),
        (
            PluginKind.HEADER_CONVERTER,
            "org.apache.kafka.connect.storage.SimpleHeaderConverter",
            "SimpleHeaderConverter",
        ),
        (PluginKind.CONVERTER, "io.confluent.connect.avro.AvroConverter", "AvroConverter"),
        (PluginKind.CONVERTER, "ProtobufConverter", "ProtobufConverter"),
        (PluginKind.CONVERTER, "JsonSchemaConverter", "JsonSchemaConverter"),
        (PluginKind.CONVERTER, "Short", "ShortConverter"),
        (PluginKind.TRANSFORM, "org.apache.kafka.connect.transforms.Filter", "Filter"),
        (PluginKind.PREDICATE, "RecordIsTombstone", "RecordIsTombstone"),
        (
            PluginKind.PREDICATE,
            "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
            "TopicNameMatches",
        ),
        (PluginKind.PREDICATE, "HasHeaderKey", "HasHeaderKey"),
    ],
)
def test_java_names_find_their_plugins(kind: PluginKind, name: str, attribute: str) -> None:
    assert find(kind, name, "an.option").__name__ == attribute
