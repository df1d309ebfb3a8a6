"""Converters and a Schema Registry; records are those of confluent-kafka's own serialisers."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import struct
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import timestamp_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from connector.column import JsonColumn, schemas_of
from connector.converters.avro import AvroConverter, AvroConverterConfig
from connector.converters.byte_array import ByteArrayConverter
from connector.converters.protobuf import ProtobufConverter, ProtobufConverterConfig
from connector.converters.registered_json import JsonSchemaConverter, JsonSchemaConverterConfig
from connector.errors import AccessError, ConfigError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.pipeline import Pipeline
from connector.schema import Type
from connector.testing.certificate import certificate
from connector.testing.kafka.broker import free_ports
from connector.testing.schema_registry import SchemaRegistryServer
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted

VALUE = SerializationContext("orders", MessageField.VALUE)
ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "com.example",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC)


@pytest.fixture
def registry() -> Iterator[SchemaRegistryServer]:
    with SchemaRegistryServer() as server:
        yield server


@pytest.fixture
def confluents(registry: SchemaRegistryServer) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry.url}) as client:
        yield client


def avro(url: str, **options: str) -> AvroConverter:
    return AvroConverter(AvroConverterConfig.parse({"schema.registry.url": url, **options}))


def framed(schema_id: int, payload: bytes) -> bytes:
    return struct.pack(">bI", 0, schema_id) + payload


def test_avro_records_of_confluents_serialiser_are_read(
    registry: SchemaRegistryServer, confluents: SchemaRegistryClient
) -> None:
    serialise = AvroSerializer(confluents, json.dumps(ORDER))
    orders = [
        {"id": 1, "note": "é", "price": Decimal("1.50"), "at": AT},
        {"id": -1, "note": None, "price": Decimal("-0.01"), "at": AT},
    ]
    column = avro(registry.url).convert_column([None, *(serialise(each, VALUE) for each in orders), None])
    assert list(column) == [None, *orders, None]
    schemas = schemas_of(column)
    assert schemas is not None
    ((start, end, schema),) = schemas.runs(4)
    assert schema is not None
    assert (start, end, schema.name, schema.type) == (0, 4, "com.example.Order", Type.STRUCT)


def test_avro_schemas_may_build_on_others(
    registry: SchemaRegistryServer, confluents: SchemaRegistryClient
) -> None:
    client = confluents
    address = {
        "type": "record",
        "name": "com.example.Address",
        "fields": [{"name": "city", "type": "string"}],
    }
    client.register_schema("address", Schema(json.dumps(address), "AVRO"))
    person = {
        "type": "record",
        "name": "com.example.Person",
        "fields": [{"name": "home", "type": "Address"}, {"name": "work", "type": ["null", "Address"]}],
    }
    references = [SchemaReference("com.example.Address", "address", 1)]
    serialise = AvroSerializer(client, Schema(json.dumps(person), "AVRO", references))
    value = {"home": {"city": "Utrecht"}, "work": {"city": "Delft"}}
    assert avro(registry.url).convert(serialise(value, VALUE)) == value


def test_protobuf_records_of_confluents_serialiser_are_read(
    registry: SchemaRegistryServer, confluents: SchemaRegistryClient
) -> None:
    message = order_message()
    serialise = ProtobufSerializer(message, confluents, {"use.deprecated.format": False})
    order = message(id=5, code="B", tags=["a"], kind=1, counts={1: 0.1})
    order.at.FromDatetime(AT)
    order.address.city = "Utrecht"
    config = ProtobufConverterConfig.parse({"schema.registry.url": registry.url})
    converter = ProtobufConverter(config)
    column = converter.convert_column([serialise(order, VALUE), serialise(message(), VALUE)])
    assert list(column) == [
        {
            "choice_0": {"number": None, "code": "B"}, "id": 5, "maybe": None, "at": AT,
            "address": {"city": "Utrecht"}, "tags": ["a"], "kind": "ONE", "counts": {1: 0.1},
        },
        {
            "choice_0": None, "id": 0, "maybe": None, "at": None, "address": None, "tags": [], "kind": "ZERO",
            "counts": {},
        },
    ]  # fmt: skip
    good = serialise(order, VALUE)
    # The message is the second of its file, so its path is [1]: a count and an index, as zigzag varints.
    assert good[5:7] == b"\x02\x02"
    for bad in (good[:-1], good[:5], good[:6], good[:5] + b"\x02\x63", good[:5] + b"\xff" * 9):
        with pytest.raises(ValueError, match="does not fit schema"):
            converter.convert(bad)


def test_json_records_of_confluents_serialiser_stay_text(
    registry: SchemaRegistryServer, confluents: SchemaRegistryClient
) -> None:
    schema = {"title": "Order", "type": "object", "properties": {"id": {"type": "integer"}}}
    serialise = JSONSerializer(json.dumps(schema), confluents)
    converter = JsonSchemaConverter(JsonSchemaConverterConfig.parse({"schema.registry.url": registry.url}))
    column = converter.convert_column([serialise({"id": 1}, VALUE), None])
    assert isinstance(column, JsonColumn)
    assert column.texts == [b'{"id":1}', None]
    with pytest.raises(ValueError, match="not JSON"):
        converter.convert(framed(1, b'{"id"'))
    with pytest.raises(ValueError, match="not in the Schema Registry"):
        converter.convert(framed(7, b"{}"))


DUAL = {
    f"{what}.schema.id.deserializer": "io.confluent.kafka.serializers.schema.id.DualSchemaIdDeserializer"
    for what in ("key", "value")
}


def in_headers(serialise: Any, value: Any) -> Record:
    """What Confluent's serialiser makes of a value if its schema's id is to be in a header."""
    headers: list[tuple[str, Any]] = []
    data = serialise(value, SerializationContext("orders", MessageField.VALUE, headers))
    return Record(0, None, data, None, headers)


def test_ids_in_headers_are_read_beside_those_before_values(
    registry: SchemaRegistryServer, confluents: SchemaRegistryClient
) -> None:
    message = order_message()
    by_header = {"schema.id.serializer": header_schema_id_serializer}
    order = {"id": 1, "note": "é", "price": Decimal("1.50"), "at": AT}
    avro_records = [
        in_headers(AvroSerializer(confluents, json.dumps(ORDER), conf=by_header), order),
        in_headers(AvroSerializer(confluents, json.dumps(ORDER)), order),
    ]
    protobuf = ProtobufSerializer(message, confluents, {"use.deprecated.format": False, **by_header})
    options = {"schema.registry.url": registry.url, **DUAL}
    nothing = ByteArrayConverter(ByteArrayConverter.config_class({}))
    for converter, records, values in (
        (AvroConverter(AvroConverterConfig.parse(options)), avro_records, [order, order]),
        (
            ProtobufConverter(ProtobufConverterConfig.parse(options)),
            [in_headers(protobuf, message(id=5))],
            [5],
        ),
    ):
        pipeline = Pipeline(nothing, converter, nothing, [])
        assert "headers" in pipeline.columns
        batch = RecordBatch.of(TopicPartition("orders", 0), [*records, Record(1, None, None)])
        (put,) = pipeline.apply(batch).batches
        assert [each["id"] if values == [5] else each for each in put.values[:-1]] == values
        assert put.values[-1] is None
    assert f"GET /schemas/guids/{registry.guid(1)}" in registry.requests


def test_an_unknown_guid_is_named_as_one(registry: SchemaRegistryServer) -> None:
    with pytest.raises(ValueError, match="Schema 00000000-0000-0000-0000-000000000007 is not in the Schema"):
        avro(registry.url).convert(b"\1" + (7).to_bytes(16) + b"\2")


def test_headers_are_read_only_if_ids_are_in_them(registry: SchemaRegistryServer) -> None:
    nothing = ByteArrayConverter(ByteArrayConverter.config_class({}))
    assert "headers" not in Pipeline(nothing, avro(registry.url), nothing, []).columns


def test_the_registry_is_asked_once_for_an_id(registry: SchemaRegistryServer) -> None:
    one, other = (registry.register(name, f'"{name}"') for name in ("string", "long"))
    converter = avro(registry.url)
    for _ in range(3):
        values = converter.convert_column([framed(one, b"\x02a"), framed(other, b"\x02"), framed(one, b"\0")])
        assert list(values) == ["a", 1, ""]
    assert registry.requests == ["GET /schemas/ids/1", "GET /schemas/ids/2"]


def test_no_more_schemas_are_kept_than_the_option_says(registry: SchemaRegistryServer) -> None:
    ids = [registry.register(name, f'"{name}"') for name in ("long", "int")]
    converter = avro(registry.url, **{"max.schemas.per.subject": "1"})
    for schema_id in (*ids, *ids):
        assert converter.convert(framed(schema_id, b"\x02")) == 1
    assert len(registry.requests) == 4


def test_an_unknown_id_is_a_fault_of_its_record_and_not_asked_for_at_once_again(
    registry: SchemaRegistryServer,
) -> None:
    converter = avro(registry.url)
    for _ in range(3):
        with pytest.raises(ValueError, match="Schema 9 is not in the Schema Registry"):
            converter.convert(framed(9, b""))
    assert registry.requests == ["GET /schemas/ids/9"]


@pytest.mark.parametrize("value", [b"", b"\x00\x00\x00\x01", b'{"id": 1}', b"\x02\x00\x00\x00\x01\x02"])
def test_what_does_not_begin_with_the_id_of_a_schema_is_a_fault_of_its_record_alone(
    registry: SchemaRegistryServer, value: bytes
) -> None:
    converter = avro(registry.url)
    good = framed(registry.register("orders", '"long"'), b"\x02")
    with pytest.raises(ValueError, match=r"Unknown magic byte!.*another converter must read it"):
        converter.convert(value)
    assert list(converter.convert_column([good, None, good])) == [1, None, 1]
    assert {request.partition("?")[0] for request in registry.requests} == {"GET /schemas/ids/1"}


def test_a_schema_of_another_type_is_a_fault_of_its_record(registry: SchemaRegistryServer) -> None:
    schema_id = registry.register("orders", "{}", "JSON")
    with pytest.raises(ValueError, match="of type JSON, and AvroConverter reads AVRO"):
        avro(registry.url).convert(framed(schema_id, b""))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_registry_in_trouble_is_waited_for(registry: SchemaRegistryServer, status: int) -> None:
    schema_id = registry.register("orders", '"long"')
    converter = avro(registry.url)
    registry.status = status
    with pytest.raises(RetriableError, match=f"answers {status}"):
        converter.convert(framed(schema_id, b"\x02"))
    registry.status = None
    assert converter.convert(framed(schema_id, b"\x02")) == 1


def test_the_url_that_answered_last_is_asked_first(registry: SchemaRegistryServer) -> None:
    with SchemaRegistryServer() as other:
        for server in (registry, other):
            for name in ("long", "int"):
                server.register(name, f'"{name}"')
        converter = avro(f"{registry.url},{other.url}")
        registry.status = 503
        assert converter.convert(framed(1, b"\x02")) == 1
        registry.status = None
        assert converter.convert(framed(2, b"\x02")) == 1
        assert registry.requests == ["GET /schemas/ids/1"]
        assert other.requests == ["GET /schemas/ids/1", "GET /schemas/ids/2"]


def test_when_one_url_does_not_answer_the_next_is_asked(registry: SchemaRegistryServer) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    ids = [registry.register(name, f'"{name}"') for name in ("long", "int")]
    converter = avro(f"{nobody},{registry.url}/")
    assert [converter.convert(framed(each, b"\x02")) for each in ids] == [1, 1]
    with pytest.raises(RetriableError, match="does not answer"):
        avro(nobody).convert(framed(1, b""))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_options_and_no_secret(registry: SchemaRegistryServer, status: int) -> None:
    registry.status = status
    url = registry.url.replace("http://", "http://reader:never-show-this@")
    with pytest.raises(AccessError) as caught:
        avro(url).convert(framed(1, b""))
    assert f"refuses with {status}: correct basic.auth.user.info" in str(caught.value)
    assert "never-show-this" not in str(caught.value)


def test_name_and_password_come_from_the_url_or_from_their_option(registry: SchemaRegistryServer) -> None:
    schema_id = registry.register("orders", '"long"')
    registry.user_info = "reader:p@ss:word"
    in_url = registry.url.replace("http://", "http://reader:p%40ss%3Aword@")
    record = framed(schema_id, b"\x02")
    assert avro(in_url).convert(record) == 1
    user_info = {"basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "reader:p@ss:word"}
    assert avro(registry.url, **user_info).convert(record) == 1
    long_name = {**user_info, "schema.registry.basic.auth.user.info": user_info["basic.auth.user.info"]}
    del long_name["basic.auth.user.info"]
    assert avro(registry.url, **long_name).convert(record) == 1
    with pytest.raises(AccessError):
        avro(registry.url).convert(record)


def test_name_and_password_come_from_a_login_as_kafka_clients_have_it(registry: SchemaRegistryServer) -> None:
    schema_id = registry.register("orders", '"long"')
    registry.user_info = "reader:pass word"
    options = {
        "basic.auth.credentials.source": "SASL_INHERIT",
        "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required"
        ' username="reader" password="pass word";',
    }
    assert avro(registry.url, **options).convert(framed(schema_id, b"\x02")) == 1


def test_a_bearer_token_is_shown(registry: SchemaRegistryServer) -> None:
    schema_id = registry.register("orders", '"long"')
    registry.token = "let-me-in"
    token = {"bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "let-me-in"}
    assert avro(registry.url, **token).convert(framed(schema_id, b"\x02")) == 1
    with pytest.raises(AccessError):
        avro(registry.url).convert(framed(schema_id, b"\x02"))


class Issuer:
    """An OAuth token endpoint: each token is a new one."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self.status = 200
        self.expires_in: float | None = 3600
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                issuer.forms.append(parse_qs(body))
                answer = {"access_token": f"token-{len(issuer.forms)}", "expires_in": issuer.expires_in}
                data = json.dumps(answer).encode()
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.stop()


def oauth(registry: SchemaRegistryServer, issuer: Issuer) -> AvroConverter:
    options = {
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.issuer.endpoint.url": issuer.url,
        "bearer.auth.client.id": "reader",
        "bearer.auth.client.secret": "never-show-this",
        "bearer.auth.scope": "schemas",
    }
    return avro(registry.url, **options)


def test_a_token_of_the_issuer_is_shown_as_long_as_it_holds(
    registry: SchemaRegistryServer, issuer: Issuer
) -> None:
    ids = [registry.register(name, f'"{name}"') for name in ("long", "int", "boolean")]
    registry.token = "token-1"
    converter = oauth(registry, issuer)
    assert [converter.convert(framed(each, b"\x02")) for each in ids[:2]] == [1, 1]
    (form,) = issuer.forms
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": ["reader"],
        "client_secret": ["never-show-this"],
        "scope": ["schemas"],
    }
    registry.token = "token-2"  # the first one is revoked
    assert converter.convert(framed(ids[2], b"\x01")) is True


def test_a_token_is_renewed_before_its_end(registry: SchemaRegistryServer, issuer: Issuer) -> None:
    ids = [registry.register(name, f'"{name}"') for name in ("long", "int")]
    issuer.expires_in = 0
    converter = oauth(registry, issuer)
    for number, each in enumerate(ids, 1):
        registry.token = f"token-{number}"
        assert converter.convert(framed(each, b"\x02")) == 1
    assert len(issuer.forms) == 2


def test_an_issuer_in_trouble_is_waited_for_and_one_that_refuses_is_told(
    registry: SchemaRegistryServer, issuer: Issuer
) -> None:
    schema_id = registry.register("long", '"long"')
    converter = oauth(registry, issuer)
    issuer.status = 503
    with pytest.raises(RetriableError, match="answers 503"):
        converter.convert(framed(schema_id, b"\x02"))
    issuer.status = 401
    with pytest.raises(AccessError, match=r"bearer\.auth\.client\.secret") as caught:
        converter.convert(framed(schema_id, b"\x02"))
    assert "never-show-this" not in str(caught.value)
    issuer.status = 200
    assert converter.convert(framed(schema_id, b"\x02")) == 1


def test_a_certificate_must_be_trusted(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "localhost")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    with SchemaRegistryServer(tls, "localhost") as server:
        schema_id = server.register("orders", '"long"')
        trusting = avro(server.url, **{"schema.registry.ssl.truststore.location": str(pem)})
        assert trusting.convert(framed(schema_id, b"\x02")) == 1
        with pytest.raises(AccessError, match=r"schema\.registry\.ssl\.truststore\.location"):
            avro(server.url).convert(framed(schema_id, b"\x02"))


def test_a_path_where_no_registry_is_is_no_unknown_id(registry: SchemaRegistryServer) -> None:
    with pytest.raises(AccessError, match="answers 404, as no registry does: correct the URL"):
        avro(f"{registry.url}/elsewhere").convert(framed(1, b""))


def test_something_else_at_the_url_is_named(aws: AwsServer) -> None:
    with pytest.raises(AccessError, match="correct the URL"):
        avro(aws.url).convert(framed(1, b""))


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({}, "schema.registry.url"),
        ({"schema.registry.url": "registry:8081"}, "schema.registry.url"),
        ({"schema.registry.url": "ftp://u:never-show-this@registry"}, "schema.registry.url"),
        ({"basic.auth.credentials.source": "USER_INFO"}, "basic.auth.user.info"),
        ({"basic.auth.credentials.source": "KERBEROS"}, "basic.auth.credentials.source"),
        ({"basic.auth.credentials.source": "SASL_INHERIT"}, "sasl.jaas.config"),
        ({"sasl.jaas.config": 'x.Module required password="never-show-this";'}, "sasl.jaas.config"),
        ({"sasl.jaas.config": "never-show-this"}, "sasl.jaas.config"),
        ({"basic.auth.user.info": "never-show-this"}, "basic.auth.user.info"),
        ({"bearer.auth.credentials.source": "STATIC_TOKEN"}, "bearer.auth.token"),
        (
            {
                "bearer.auth.credentials.source": "OAUTHBEARER",
                "bearer.auth.client.id": "reader",
                "bearer.auth.client.secret": "never-show-this",
            },
            "bearer.auth.issuer.endpoint.url",
        ),
        (
            {"schema.registry.ssl.truststore.location": "/nowhere.pem"},
            "schema.registry.ssl.truststore.location",
        ),
        ({"schema.registry.ssl.truststore.location": __file__}, "schema.registry.ssl.truststore.location"),
        ({"max.schemas.per.subject": "0"}, "max.schemas.per.subject"),
    ],
)
def test_wrong_options_are_found_before_anything_starts(options: dict[str, str], option: str) -> None:
    valid = {"schema.registry.url": "http://registry:8081"} if options else {}
    with pytest.raises(ConfigError) as caught:
        AvroConverterConfig.parse({**valid, **options})
    assert [problem.option for problem in caught.value.problems] == [option]
    assert "never-show-this" not in str(caught.value)


@pytest.mark.kafka
def test_while_the_registry_is_down_nothing_is_lost_or_committed(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
    committed: ReadCommitted,
) -> None:
    with SchemaRegistryServer() as registry:
        name, schema_id = topic(1), registry.register("orders", '"long"')
        produce(name, [framed(schema_id, bytes([2 * number])) for number in range(3)], partition=0)
        registry.status = 503
        connector = {
            "name": f"connector-{name}", "connector.class": "s3", "topics": name,
            "aws.access.key.id": aws.access_key_id, "aws.secret.access.key": aws.secret_access_key,
            "aws.s3.bucket.name": bucket, "aws.s3.endpoint": aws.url, "aws.s3.region": "us-east-1",
            "value.converter": "io.confluent.connect.avro.AvroConverter",
            "value.converter.schema.registry.url": registry.url,
            "format.output.type": "jsonl", "file.compression.type": "none", "errors.tolerance": "all",
        }  # fmt: skip
        settings = {"bootstrap.servers": kafka.bootstrap_servers, "offset.flush.interval.ms": "200"}
        with WorkerProcess(settings, connector) as worker:
            worker.wait_until(lambda: worker.metric("connector_retries_total") >= 1, "the registry is asked")
            time.sleep(0.5)
            assert committed(f"connect-{connector['name']}", name) == {}
            assert worker.task_states() == ["RUNNING"]
            registry.status = None
            worker.wait_for_delivery(3)
            assert worker.terminate() == 0
        assert committed(f"connect-{connector['name']}", name)[0].offset == 3
    lines = b"".join(aws.objects(bucket).values()).splitlines()
    assert [json.loads(line) for line in lines] == [{"value": number} for number in range(3)]


def order_message() -> Any:
    """The class of a message whose file has another before it and imports two more files."""
    pool = DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    address = FileDescriptorProto(name="address.proto", package="com.example", syntax="proto3")
    address.message_type.add(name="Address").field.add(name="city", number=1, type=9, label=1)
    pool.AddSerializedFile(address.SerializeToString())
    file = FileDescriptorProto(
        name="order.proto",
        package="com.example",
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto", "address.proto"],
    )
    file.message_type.add(name="Other").field.add(name="x", number=1, type=5, label=1)
    order = file.message_type.add(name="Order")
    order.oneof_decl.add(name="choice")
    order.oneof_decl.add(name="_maybe")
    kind = order.enum_type.add(name="Kind")
    kind.value.add(name="ZERO", number=0)
    kind.value.add(name="ONE", number=1)
    entry = order.nested_type.add(name="CountsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=5, label=1)
    entry.field.add(name="value", number=2, type=2, label=1)
    order.field.add(name="id", number=1, type=3, label=1)
    order.field.add(name="number", number=2, type=5, label=1, oneof_index=0)
    order.field.add(name="code", number=3, type=9, label=1, oneof_index=0)
    order.field.add(name="maybe", number=4, type=5, label=1, oneof_index=1, proto3_optional=True)
    order.field.add(name="at", number=5, type=11, label=1, type_name=".google.protobuf.Timestamp")
    order.field.add(name="address", number=6, type=11, label=1, type_name=".com.example.Address")
    order.field.add(name="tags", number=7, type=9, label=3)
    order.field.add(name="kind", number=8, type=14, label=1, type_name=".com.example.Order.Kind")
    order.field.add(name="counts", number=9, type=11, label=3, type_name=".com.example.Order.CountsEntry")
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("com.example.Order"))
