"""AWS Glue Schema Registry as converters see it: a real client against moto's Glue."""

from __future__ import annotations

import datetime as dt
import io
import json
import zlib
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import fastavro
import pytest

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.cluster.connections import ConnectionDirectory
from connector.cluster.defaults import Defaults
from connector.column import schemas_of
from connector.errors import AccessError, ConfigError, RetriableError
from connector.plugins import PluginKind, find
from connector.runtime.blueprint import draw
from connector.schema import Field, Schema, Type
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connector.converters.base import Converter
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy

GLUE = "com.amazonaws.services.schemaregistry.kafkaconnect."
AVRO = GLUE + "AWSKafkaAvroConverter"
JSON = GLUE + "jsonschema.JsonSchemaConverter"
PROTOBUF = GLUE + "protobuf.ProtobufSchemaConverter"
ORDER_PROTO = """syntax = "proto3"; package shop;
import "google/protobuf/timestamp.proto";
message Order { int64 id = 1; google.protobuf.Timestamp at = 2; }
message Bill { string text = 1; }"""
ORDER = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}


@pytest.fixture
def register(aws: AwsServer) -> Iterator[Callable[..., UUID]]:
    glue = aws.client("glue")
    glue.create_registry(RegistryName="lake")
    names: list[str] = []

    def register(schema: Any, kind: str = "AVRO") -> UUID:
        names.append(f"schema-{len(names)}")
        made = glue.create_schema(
            RegistryId={"RegistryName": "lake"},
            SchemaName=names[-1],
            DataFormat=kind,
            Compatibility="NONE",
            SchemaDefinition=schema if isinstance(schema, str) else json.dumps(schema),
        )
        return UUID(made["SchemaVersionId"])

    yield register
    glue.delete_registry(RegistryId={"RegistryName": "lake"})


def framed(version: UUID, payload: bytes, *, compressed: bool = False) -> bytes:
    if compressed:
        return b"\x03\x05" + version.bytes + zlib.compress(payload)
    return b"\x03\x00" + version.bytes + payload


def avro(value: Any) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(ORDER), value)
    return buffer.getvalue()


def made(aws: AwsServer, name: str = AVRO, **more: str) -> Converter:
    found = find(PluginKind.CONVERTER, name, "value.converter")
    own = {
        "region": "us-east-1",
        "registry.name": "lake",
        "avroRecordType": "GENERIC_RECORD",
        "endpoint": aws.url,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
    }
    converter: Converter = found(found.config_class.parse({**own, **more}))
    return converter


def test_avro_is_read_by_its_version_compressed_or_not(
    aws: AwsServer, proxy: FaultProxy, register: Callable[..., UUID]
) -> None:
    version = register(ORDER)
    asked: list[Any] = []
    proxy.on("GetSchemaVersion", asked.append)
    converter = made(aws, endpoint=proxy.url)
    column = [framed(version, avro({"id": n}), compressed=n % 2 == 0) for n in range(4)]
    values = converter.convert_column([*column, None])
    assert list(values) == [{"id": 0}, {"id": 1}, {"id": 2}, {"id": 3}, None]
    schemas = schemas_of(values)
    assert schemas
    assert {schema.name for schema in schemas.of_each(5) if schema} == {"Order"}
    # Compressed values have a header of their own, so each version is asked for once for either.
    converter.convert_column(column)
    assert len(asked) == 2


def test_json_has_the_types_of_its_schema(aws: AwsServer, register: Callable[..., UUID]) -> None:
    number = {"type": "integer", "connect.type": "int64"}
    version = register({"type": "object", "properties": {"id": number, "paid": {"type": "boolean"}}}, "JSON")
    column = made(aws, JSON).convert_column(
        [framed(version, b'{"paid": true, "id": 7}', compressed=compressed) for compressed in (True, False)]
    )
    assert list(column) == [{"id": 7, "paid": True}] * 2
    schemas = schemas_of(column)
    assert schemas
    expected = (Field("id", Schema(Type.INT64)), Field("paid", Schema(Type.BOOLEAN)))
    assert [schema.fields for schema in schemas.of_each(2) if schema] == [expected, expected]


def test_json_of_a_schema_that_names_no_properties_is_kept_as_it_is(
    aws: AwsServer, register: Callable[..., UUID]
) -> None:
    version = register({"type": "object"}, "JSON")
    converter = made(aws, JSON)
    (value,) = converter.convert_column([framed(version, b'{"a": 1}')])
    assert value == {"a": 1}
    with pytest.raises(ValueError, match="JSON"):
        converter.convert(framed(version, b"{"))


def test_protobuf_is_read_by_the_text_of_its_schema_and_the_number_of_its_message(
    aws: AwsServer, register: Callable[..., UUID]
) -> None:
    version = register(ORDER_PROTO, "PROTOBUF")
    order, bill = b"\1\x08\x07\x12\x02\x08\x01", b"\0\x0a\1x"  # by name, Bill comes first
    column = made(aws, PROTOBUF).convert_column(
        [framed(version, order, compressed=True), None, framed(version, bill), framed(version, order)]
    )
    read = {"id": 7, "at": dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)}
    assert list(column) == [read, None, {"text": "x"}, read]
    schemas = schemas_of(column)
    assert schemas
    assert [schema and schema.name for schema in schemas.of_each(4)] == ["Order", "Order", "Bill", "Order"]


def test_what_is_not_of_glue_is_a_fault_of_its_record(aws: AwsServer, register: Callable[..., UUID]) -> None:
    version = register(ORDER)
    converter = made(aws)
    unknown = uuid4()
    cut = framed(version, avro({"id": 1}) * 100, compressed=True)[:-4]
    for data, reason in (
        (b"\0\0\0\0\1x", "does not begin with 3"),
        (b"\x03\x00", "does not begin with 3"),
        (b"\x03\x01" + version.bytes, "compression"),
        (framed(unknown, b"x"), str(unknown)),
        (framed(version, b""), str(version)),
        (cut, "cut off"),
        (b"\x03\x05" + version.bytes + b"no zlib", "decompressed"),
    ):
        with pytest.raises(ValueError, match=reason):
            converter.convert(data)
    with pytest.raises(ValueError, match="JSON"):
        made(aws, JSON).convert(framed(version, b"{}"))


def test_a_small_value_may_not_stand_for_gigabytes(aws: AwsServer, register: Callable[..., UUID]) -> None:
    data = framed(register(ORDER), b"\0" * (64 * 1024 * 1024 + 1), compressed=True)
    with pytest.raises(ValueError, match="bytes when decompressed"):
        made(aws).convert(data)


def test_while_glue_is_away_batches_wait(
    aws: AwsServer, proxy: FaultProxy, register: Callable[..., UUID]
) -> None:
    data = framed(register(ORDER), avro({"id": 7}))
    converter = made(aws, endpoint=proxy.url)
    proxy.fail("GetSchemaVersion", times=3, status=503, code="InternalServiceException")
    with pytest.raises(RetriableError):
        converter.convert(data)
    assert converter.convert(data) == {"id": 7}


def test_who_may_not_read_schemas_is_told(
    aws: AwsServer, proxy: FaultProxy, register: Callable[..., UUID]
) -> None:
    converter = made(aws, endpoint=proxy.url)
    version = register(ORDER)
    proxy.fail("GetSchemaVersion", status=400, code="AccessDeniedException")
    with pytest.raises(AccessError):
        converter.convert(framed(version, b"x"))


def test_a_converter_takes_the_options_of_a_named_connection(
    aws: AwsServer, register: Callable[..., UUID], tmp_path: Path
) -> None:
    options = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.region": "us-east-1",
        "aws.endpoint": aws.url,
    }
    store = ConnectionDirectory(tmp_path)
    store.prepare()
    definition = Definition.parse({"name": "glue", "options": options})
    store.create(NamedConnection.new(definition, dt.datetime.now(dt.UTC)))
    worker = Defaults(WorkerSettings.of({"bootstrap.servers": "k:1"}, {}), store)
    raw = {
        "name": "c",
        "connector.class": "s3",
        "topics": "t",
        "aws.s3.bucket.name": "lake",
        "value.converter": AVRO,
        "value.converter.aws.connection": "glue",
    }
    converter = draw(raw, worker).converters["value"]()
    assert converter.convert(framed(register(ORDER), avro({"id": 1}))) == {"id": 1}
    with pytest.raises(ConfigError, match=r"value\.converter\.aws|nobody"):
        draw({**raw, "value.converter.aws.connection": "nobody"}, worker)


def test_what_cannot_be_done_is_refused_with_the_config(aws: AwsServer) -> None:
    with pytest.raises(ConfigError, match="secondaryDeserializer"):
        made(aws, secondaryDeserializer="io.confluent.kafka.serializers.KafkaAvroDeserializer")
    with pytest.raises(ConfigError, match="region"):
        made(aws, region="nowhere at all")
