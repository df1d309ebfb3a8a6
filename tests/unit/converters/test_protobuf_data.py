"""Protobuf's types as Connect's, and the options that change how."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf import wrappers_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from connector.converters.protobuf import ProtobufConverter, ProtobufConverterConfig
from connector.schema import DECIMAL, Schema, Type
from connector.schema_registry.mock import MockSchemaRegistry

TAG = "io.confluent.connect.protobuf.Tag"
KIND = "io.confluent.connect.protobuf.Type"
INT32, INT64, UINT64, UINT32, STRING, MESSAGE, ENUM, FIXED32 = 5, 3, 4, 13, 9, 11, 14, 7


def file(syntax: str = "proto3", *imports: str) -> tuple[FileDescriptorProto, DescriptorProto]:
    found = FileDescriptorProto(name="order.proto", package="com.example", dependency=imports)
    if syntax != "proto2":
        found.syntax = syntax
    return found, found.message_type.add(name="Order")


def read(
    found: FileDescriptorProto, payload: bytes, path: bytes = b"\0", **options: str
) -> tuple[Any, Schema]:
    registry = MockSchemaRegistry()
    registry.register("PROTOBUF", base64.b64encode(found.SerializeToString()).decode())
    named = {key.replace("_", "."): value for key, value in options.items()}
    config = ProtobufConverterConfig.parse({"schema.registry.url": "mock://unused", **named})
    column = ProtobufConverter(config, registry).convert_column([b"\0\0\0\0\1" + path + payload])
    ((_, _, schema),) = column.schemas.runs(1)  # type: ignore[attr-defined]
    assert schema is not None
    return column[0], schema


def test_unsigned_integers_are_those_of_java() -> None:
    found, order = file()
    order.field.add(name="big", number=1, type=UINT64, label=1)
    order.field.add(name="small", number=2, type=UINT32, label=1)
    pool = DescriptorPool()
    pool.AddSerializedFile(found.SerializeToString())
    message = GetMessageClass(pool.FindMessageTypeByName("com.example.Order"))
    payload = message(big=2**64 - 1, small=2**32 - 1).SerializeToString()
    value, schema = read(found, payload)
    assert value == {"big": -1, "small": 2**32 - 1}
    expected = Schema(Type.INT64, optional=True, parameters=((KIND, "uint64"), (TAG, "1")))
    assert schema.fields[0].schema == expected


def test_an_enum_is_its_name_or_its_number() -> None:
    found, order = file()
    kind = order.enum_type.add(name="Kind")
    kind.value.add(name="ZERO", number=0)
    order.field.add(name="kind", number=1, type=ENUM, label=1, type_name=".com.example.Order.Kind")
    assert read(found, b"")[0] == {"kind": "ZERO"}
    assert read(found, b"\x08\x07")[0] == {"kind": "UNKNOWN_ENUM_VALUE_Kind_7"}
    value, schema = read(found, b"\x08\x07", int_for_enums="true")
    assert (value, schema.fields[0].schema.type) == ({"kind": 7}, Type.INT32)


def test_enhanced_support_gives_full_names() -> None:
    found, order = file()
    order.field.add(name="id", number=1, type=INT32, label=1)
    assert read(found, b"")[1].name == "Order"
    assert read(found, b"", enhanced_protobuf_schema_support="true")[1].name == "com.example.Order"


def test_a_wrapper_is_what_it_wraps_where_the_options_say_so() -> None:
    found, order = file("proto3", "google/protobuf/wrappers.proto")
    order.field.add(name="w", number=1, type=MESSAGE, label=1, type_name=".google.protobuf.StringValue")
    payload = b"\x0a\x03\x0a\x01x"
    assert read(found, payload)[0] == {"w": {"value": "x"}}
    assert read(found, payload, wrapper_for_nullables="true")[0] == {"w": "x"}
    assert read(found, b"", wrapper_for_nullables="true")[0] == {"w": None}
    wrappers = FileDescriptorProto.FromString(wrappers_pb2.DESCRIPTOR.serialized_pb)
    at = next(index for index, each in enumerate(wrappers.message_type) if each.name == "StringValue")
    path = bytes([2, 2 * at])
    value, schema = read(wrappers, b"\x0a\x01x", path)
    assert (value, schema) == ("x", Schema(Type.STRING))
    assert read(wrappers, b"\x0a\x01x", path, wrapper_for_raw_primitives="false")[0] == {"value": "x"}


def test_an_absent_optional_field_of_proto2_is_null_or_its_default() -> None:
    found, order = file("proto2")
    order.field.add(name="id", number=1, type=INT32, label=1, default_value="5")
    assert read(found, b"")[0] == {"id": None}
    assert read(found, b"", optional_for_proto2="false")[0] == {"id": 5}
    assert read(found, b"\x08\x07")[0] == {"id": 7}


def test_only_fields_with_the_word_optional_are_optional_if_that_is_asked_for() -> None:
    found, order = file()
    order.oneof_decl.add(name="_b")
    order.field.add(name="a", number=1, type=INT32, label=1)
    order.field.add(name="b", number=2, type=INT32, label=1, oneof_index=0, proto3_optional=True)
    value, schema = read(found, b"", optional_for_nullables="true")
    assert value == {"a": 0, "b": None}
    assert [field.schema.optional for field in schema.fields] == [False, True]
    assert [field.schema.optional for field in read(found, b"")[1].fields] == [True, True]


# FieldOptions with (confluent.field_meta).params, as the wire has it: field 1088, whose field 2 is a map.
def meta(**params: str) -> bytes:
    entries = b""
    for key, value in params.items():
        entry = b"\x0a" + bytes([len(key)]) + key.encode() + b"\x12" + bytes([len(value)]) + value.encode()
        entries += b"\x12" + bytes([len(entry)]) + entry
    return b"\x82\x44" + bytes([len(entries)]) + entries


def test_a_decimal_has_the_scale_of_its_field() -> None:
    found, order = file("proto3", "confluent/meta.proto", "confluent/type/decimal.proto")
    field = order.field.add(name="d", number=1, type=MESSAGE, label=1, type_name=".confluent.type.Decimal")
    field.options.MergeFromString(meta(precision="9", scale="2"))
    value, schema = read(found, b"\x0a\x05\x0a\x01\x96\x18\x02")
    assert value == {"d": Decimal("-1.06")}
    parameters = (("scale", "2"), ("connect.decimal.precision", "9"), (TAG, "1"))
    expected = Schema(Type.BYTES, optional=True, name=DECIMAL, version=1, parameters=parameters)
    assert schema.fields[0].schema == expected
    assert str(read(found, b"\x0a\x05\x0a\x01\x0f\x18\x01")[0]["d"]) == "1.50"
    with pytest.raises(ValueError, match="more than 2 digits after the point"):
        read(found, b"\x0a\x05\x0a\x01\x0f\x18\x03")


def test_a_message_in_itself_is_refused() -> None:
    found, order = file()
    order.field.add(name="next", number=1, type=MESSAGE, label=1, type_name=".com.example.Order")
    with pytest.raises(ValueError, match=r"com\.example\.Order is in itself"):
        read(found, b"")


@pytest.mark.parametrize("text", ['syntax = "proto3";', "AAAA", base64.b64encode(b"\xff" * 9).decode()])
def test_what_is_no_descriptor_is_refused_with_the_id(text: str) -> None:
    registry = MockSchemaRegistry()
    registry.register("PROTOBUF", text)
    config = ProtobufConverterConfig.parse({"schema.registry.url": "mock://unused"})
    with pytest.raises(ValueError, match="Schema 1 cannot be used"):
        ProtobufConverter(config, registry).convert(b"\0\0\0\0\1\0")
