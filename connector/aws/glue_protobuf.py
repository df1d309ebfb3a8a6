"""Protobuf's messages as Connect's structs, the way AWS's converter of Glue maps them.

The outermost message has its unions as structs; those within have the members of unions among their fields.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor as Proto
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from connector.aws.protoc import METADATA
from connector.converters.protobuf_data import (
    INTEGERS,
    LOGICAL,
    OTHERS,
    UNSIGNED,
    Mapped,
    Read,
    enum_names,
    is_repeated,
    is_required,
    is_synthetic,
    signed,
    struct_reader,
)
from connector.float32 import shortest
from connector.schema import DATE, DECIMAL, Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import (
        Descriptor,
        EnumDescriptor,
        FieldDescriptor,
        FileDescriptor,
        OneofDescriptor,
    )

_TYPE = "protobuf.type"
_TAG = "protobuf.tag"
_PACKAGE = "protobuf.package"
_NARROW = {"int8": Type.INT8, "int16": Type.INT16}
_DECIMAL = "additionalTypes.Decimal"
_SCALE = "connect.decimal.scale"
_MOST_SCALE = 18
"""Its fraction has nine digits; a scale of more is legal, and of many more no number's."""
_BILLION = Decimal(10) ** 9
_DEEPEST = 64
_MOST_TYPES = 10_000
_BYTES_OF_INDEX = 5


class GlueMessages:
    """The messages of one file, each made ready when it is first met."""

    def __init__(self, file: FileDescriptor) -> None:
        self._messages = _in_order(file)
        self._known: dict[int, tuple[Schema, Callable[[bytes], Any]]] = {}

    def read(self, data: bytes) -> Any:
        index, start = _index(data)
        return self._message(index)[1](data[start:])

    def schema(self, data: bytes) -> Schema:
        return self._message(_index(data)[0])[0]

    def _message(self, index: int) -> tuple[Schema, Callable[[bytes], Any]]:
        if index not in self._known:
            if index >= len(self._messages):
                raise ValueError(f"the schema has no message at {index}")
            descriptor = self._messages[index]
            mapped = GlueProtobufData().of(descriptor)
            decode, convert = GetMessageClass(descriptor).FromString, mapped.convert or mapped.read
            self._known[index] = mapped.schema, lambda data: convert(decode(data))
        return self._known[index]


def _in_order(file: FileDescriptor) -> list[Descriptor]:
    """All messages by their full names, entries of maps too."""
    found = list(file.message_types_by_name.values())
    for each in found:
        found.extend(each.nested_types)
    return sorted(found, key=attrgetter("full_name"))


def _index(data: bytes) -> tuple[int, int]:
    """Which message of its file a record is, as an unsigned varint, and where the message begins."""
    index = 0
    for at, byte in enumerate(data[:_BYTES_OF_INDEX]):
        index |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return index, at + 1
    raise ValueError("the number of its message ends too early")


class GlueProtobufData:
    """Maps one message; made for one and thrown away."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._count = 0

    def of(self, message: Descriptor) -> Mapped:
        """Raises ValueError with what Connect has no words for."""
        parts: dict[str, Mapped] = {}
        for field in _ordered(message):
            union = field.containing_oneof
            if union is None or is_synthetic(union):
                parts[field.name] = self._member(field)
            elif union.name not in parts:
                parts[union.name] = self._union(union)
        package = ((_PACKAGE, message.file.package),)
        return _struct(parts, Schema(Type.STRUCT, name=message.name, version=1, parameters=package))

    def _union(self, union: OneofDescriptor) -> Mapped:
        parts = {each.name: self._member(each) for each in union.fields}
        kind = ((_TYPE, "oneof"),)
        return _struct(parts, Schema(Type.STRUCT, name=union.name, optional=True, parameters=kind))

    def _nested(self, message: Descriptor) -> Mapped:
        self._count += 1
        name = message.full_name
        if self._count > _MOST_TYPES or len(self._open) > _DEEPEST:
            raise ValueError(f"it has more than {_MOST_TYPES} types, or is nested deeper than {_DEEPEST}")
        if name in self._open:
            return _without_end(name)
        self._open.append(name)
        parts = {each.name: self._member(each) for each in _ordered(message)}
        self._open.pop()
        return _struct(parts, Schema(Type.STRUCT, name=name))

    def _member(self, field: FieldDescriptor) -> Mapped:
        """A field as its message gives it."""
        found, get, name = self._field(field), attrgetter(field.name), field.name
        schema, convert = found.schema, found.convert
        # AWS's converter has members of unions within messages as required, and fails.
        may_be_absent = _has_word_optional(field) or field.containing_oneof is not None
        if may_be_absent:
            schema = schema.as_optional()
        elif schema.name != DATE or is_repeated(field):
            return Mapped(schema, get if convert is None else (lambda message: convert(get(message))))
        # There is no date of zeros, which an absent one would be.
        return Mapped(schema, lambda message: found.read(get(message)) if message.HasField(name) else None)

    def _field(self, field: FieldDescriptor) -> Mapped:
        found, tag = self._value(field), ((_TAG, str(field.number)),)
        if not is_repeated(field) or found.schema.type is Type.MAP:
            return replace(found, schema=replace(found.schema, parameters=(*found.schema.parameters, *tag)))
        item = found.convert
        convert: Read = list if item is None else (lambda values: [item(each) for each in values])
        return Mapped(Schema(Type.ARRAY, optional=True, values=found.schema, parameters=tag), convert)

    def _value(self, field: FieldDescriptor) -> Mapped:
        if field.type in INTEGERS:
            return _integer(field)
        if field.type in OTHERS:
            convert = shortest if field.type == Proto.TYPE_FLOAT else None
            return Mapped(Schema(OTHERS[field.type]), convert)
        if field.type == Proto.TYPE_ENUM:
            return _enum(field.enum_type)
        if field.type == Proto.TYPE_GROUP:
            raise ValueError(f"{field.full_name} is a group, which Connect has no words for")
        return self._message(field)

    def _message(self, field: FieldDescriptor) -> Mapped:
        message = field.message_type
        if message.GetOptions().map_entry and is_repeated(field):
            return self._map(message)
        if message.full_name == _DECIMAL:
            return _decimal(field)
        return LOGICAL.get(message.full_name) or self._nested(message)

    def _map(self, entry: Descriptor) -> Mapped:
        key, value = (self._field(entry.fields_by_name[each]) for each in ("key", "value"))
        schema = Schema(Type.MAP, keys=key.schema.as_optional(), values=value.schema.as_optional())
        return Mapped(schema, lambda found: {key.read(each): value.read(found[each]) for each in found})


def _ordered(message: Descriptor) -> list[FieldDescriptor]:
    """Members of unions behind the others, and last what proto3 calls optional, as AWS's library has them."""

    def place(field: FieldDescriptor) -> tuple[int, int]:
        union = field.containing_oneof
        if union is None:
            return 0, 0
        return (2, 0) if is_synthetic(union) else (1, union.index)

    return sorted(message.fields, key=place)


def _struct(parts: dict[str, Mapped], bare: Schema) -> Mapped:
    fields = tuple(Field(name, part.schema) for name, part in parts.items())
    read = struct_reader([(name, part.convert or part.read) for name, part in parts.items()])
    return Mapped(replace(bare, fields=fields), read)


def _without_end(name: str) -> Mapped:
    """A message in itself: there is no schema that goes on, and nothing of it is dropped unseen."""

    def read(message: Any) -> None:
        if message.ByteSize():
            raise ValueError(f"{name} is in itself, deeper than its schema can show")

    return Mapped(Schema(Type.STRUCT, name=name, optional=True), read)


def _integer(field: FieldDescriptor) -> Mapped:
    type_, shown = INTEGERS[field.type]
    options = _options(field)
    if type_ is Type.INT32 and options.get("metadata_key") == "connect.schema":
        type_ = _NARROW.get(options.get("metadata_value", ""), type_)
    parameters = ((_TYPE, shown.upper()),) if shown else ()
    return Mapped(Schema(type_, parameters=parameters), signed if field.type in UNSIGNED else None)


def _enum(enum: EnumDescriptor) -> Mapped:
    values = [(f"PROTOBUF_ENUM_VALUE.{each.name}", str(each.number)) for each in enum.values]
    parameters = ((_TYPE, "enum"), *values, ("ENUM_NAME", enum.full_name))
    return Mapped(Schema(Type.STRING, parameters=parameters), enum_names(enum))


def _decimal(field: FieldDescriptor) -> Mapped:
    """Its scale stands in an option of the field, and in each value again."""
    options, scale = _options(field), 0
    parameters: tuple[tuple[str, str], ...] = ()
    text = options.get("metadata_value", "")
    if options.get("metadata_key") == _SCALE and text.lstrip("-").isdecimal():
        scale, parameters = int(text), ((_SCALE, text),)
    if abs(scale) > _MOST_SCALE:
        raise ValueError(f"the scale of {field.full_name} is beyond {_MOST_SCALE}")

    def read(found: Any) -> Decimal:
        number: Decimal = found.units + Decimal(found.fraction) / _BILLION
        exact = number.quantize(Decimal((0, (1,), -scale)))
        if exact != number:
            raise ValueError(f"{number} has more than {scale} digits after the point, which its schema says")
        return exact

    shown = (("scale", str(scale)), *parameters)
    return Mapped(Schema(Type.BYTES, name=DECIMAL, version=1, parameters=shown), read)


def _has_word_optional(field: FieldDescriptor) -> bool:
    if field.containing_oneof is not None:
        return is_synthetic(field.containing_oneof)
    return field.has_presence and _is_proto2(field.file) and not is_required(field)


def _is_proto2(file: FileDescriptor) -> bool:
    found = FileDescriptorProto()
    file.CopyToProto(found)
    return found.syntax in {"", "proto2"}


def _holder() -> Any:
    """A message that has the options of a field which AWS adds, at the same place."""
    file = FileDescriptorProto(name="connector/glue_options.proto", package="connector", syntax="proto3")
    message = file.message_type.add(name="GlueOptions")
    for number, name in METADATA.items():
        message.field.add(name=name, number=number, type=Proto.TYPE_STRING, label=1)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("connector.GlueOptions"))


_OPTIONS = _holder()


def _options(field: FieldDescriptor) -> dict[str, str]:
    found = _OPTIONS.FromString(field.GetOptions().SerializeToString())
    return {name: getattr(found, name) for name in METADATA.values()}
