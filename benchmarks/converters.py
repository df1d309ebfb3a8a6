"""``python -m benchmarks.converters``: what converters cost, from bytes to jsonl, beside none at all.

One thread, no Kafka, no network: batches of 500 records with values of about 100 bytes.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import fastavro
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from benchmarks import topic
from connector.formats.fields import OutputFields
from connector.formats.jsonl import JsonlFormat
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition
from connector.schema_registry.mock import MockSchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

_RECORDS = 500
_BATCHES = 100
_ROUNDS = 5
_VALUE = {
    "id": 123456,
    "name": "Ann Example",
    "amount": 1.5,
    "city": "Utrecht",
    "flag": True,
    "note": "x" * 24,
}
_REGISTRY = MockSchemaRegistry.of_scope("bench")
_URL = {"schema.registry.url": "mock://bench"}
_AVRO = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "amount", "type": "double"},
        {"name": "city", "type": "string"},
        {"name": "flag", "type": "boolean"},
        {"name": "note", "type": "string"},
    ],
}
_CONNECT = {
    "type": "struct",
    "fields": [
        {"field": "id", "type": "int64"},
        {"field": "name", "type": "string", "optional": True},
        {"field": "amount", "type": "double"},
        {"field": "city", "type": "string"},
        {"field": "flag", "type": "boolean"},
        {"field": "note", "type": "string"},
    ],
}

_TYPES = {str(each["field"]): str(each["type"]) for each in _CONNECT["fields"]}  # type: ignore[index, union-attr]


def framed(kind: str, schema: str, payload: bytes) -> bytes:
    return struct.pack(">bI", 0, _REGISTRY.register(kind, schema)) + payload


def json_schema(types: dict[str, str]) -> dict[str, Any]:
    """A JSON Schema of an object whose fields have these of Connect's types."""
    named = {"string": "string", "double": "number", "boolean": "boolean", "int64": "integer"}
    return {"type": "object", "properties": {name: {"type": named[kind]} for name, kind in types.items()}}


def avro(note: int) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(_AVRO), {**_VALUE, "note": "x" * note})
    return framed("AVRO", json.dumps(_AVRO), buffer.getvalue())


def protobuf(note: int) -> bytes:
    file = FileDescriptorProto(name="order.proto", syntax="proto3")
    order = file.message_type.add(name="Order")
    for number, (name, kind) in enumerate(
        [("id", 3), ("name", 9), ("amount", 1), ("city", 9), ("flag", 8), ("note", 9)], 1
    ):
        order.field.add(name=name, number=number, type=kind, label=1)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    message = GetMessageClass(pool.FindMessageTypeByName("Order"))
    payload = message(**{**_VALUE, "note": "x" * note}).SerializeToString()
    return framed("PROTOBUF", base64.b64encode(file.SerializeToString()).decode(), b"\0" + payload)


def avro_value(register: Callable[[str, str], int]) -> Callable[[int], bytes]:
    """What makes the event of ``topic.event`` with a number, in Avro, behind its id; about 100 bytes."""
    kinds = [{"name": name, "type": kind} for name, kind in topic.FIELDS.items()]
    schema = {"type": "record", "name": "Event", "fields": kinds}
    parsed = fastavro.parse_schema(schema)
    header = struct.pack(">bI", 0, register("AVRO", json.dumps(schema)))

    def value(number: int) -> bytes:
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, parsed, topic.fields(number, 130))
        return header + buffer.getvalue()

    return value


def protobuf_value(register: Callable[[str, str], int]) -> Callable[[int], bytes]:
    """The same in Protobuf."""
    file = FileDescriptorProto(name="event.proto", syntax="proto3")
    event = file.message_type.add(name="Event")
    for number, (name, kind) in enumerate(topic.FIELDS.items(), 1):
        event.field.add(name=name, number=number, type=1 if kind == "double" else 9, label=1)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    message = GetMessageClass(pool.FindMessageTypeByName("Event"))
    schema = base64.b64encode(file.SerializeToString()).decode()
    header = struct.pack(">bI", 0, register("PROTOBUF", schema)) + b"\0"
    return lambda number: header + message(**topic.fields(number, 126)).SerializeToString()


_TEXT = json.dumps(_VALUE, separators=(",", ":")).encode()
CASES: dict[str, tuple[str, dict[str, str], bytes]] = {
    "ByteArray": ("ByteArrayConverter", {}, b"x" * 100),
    "String": ("StringConverter", {}, b"x" * 100),
    "Long": ("LongConverter", {}, b"\0" * 8),
    "Json": ("JsonConverter", {"schemas.enable": "false"}, _TEXT),
    "Json schema.content": ("JsonConverter", {"schema.content": json.dumps(_CONNECT)}, _TEXT),
    "JsonSchema": ("JsonSchemaConverter", _URL, framed("JSON", json.dumps(json_schema(_TYPES)), _TEXT)),
    "Avro": ("AvroConverter", _URL, avro(60)),
    "Protobuf": ("ProtobufConverter", _URL, protobuf(55)),
}


def main(chosen: list[str]) -> None:
    unchanged = None
    for case in chosen or CASES:
        name, options, value = CASES[case]
        found = find(PluginKind.CONVERTER, name, "value.converter")
        converter = found(found.config_class.parse(options))
        rate = _RECORDS * _BATCHES / median(_seconds(converter, value) for _ in range(_ROUNDS))
        unchanged = unchanged or rate
        print(
            f"{case:<20}{len(value):4} bytes {rate / 1000:7.0f} k records/s   ratio {rate / unchanged:4.2f}"
        )


def _seconds(converter: Any, value: bytes) -> float:
    form = JsonlFormat(OutputFields())
    records = [Record(offset, None, value, 0, []) for offset in range(_RECORDS)]
    batch = RecordBatch.of(TopicPartition("bench", 0), records)
    encode: Callable[[RecordBatch], bytes] = form.encode
    encode(batch.with_columns(values=converter.convert_column(batch.values)))
    started = time.perf_counter()
    for _ in range(_BATCHES):
        encode(batch.with_columns(values=converter.convert_column(batch.values)))
    return time.perf_counter() - started


if __name__ == "__main__":
    main(sys.argv[1:])
