"""Protobuf's messages as Connect's structs, the way Confluent's ProtobufData maps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor as Proto
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from connector.float32 import shortest
from connector.payload import decimal_of
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

Read = Callable[[Any], Any]

_CONFLUENT = "io.confluent.connect.protobuf"
_TAG = f"{_CONFLUENT}.Tag"
_ENUM = f"{_CONFLUENT}.Enum"
_UNION = f"{_CONFLUENT}.Union."
_PROTO_TYPE = f"{_CONFLUENT}.Type"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST = 64
_MOST_TYPES = 10_000

INTEGERS = {
    Proto.TYPE_INT32: (Type.INT32, ""),
    Proto.TYPE_SINT32: (Type.INT32, "sint32"),
    Proto.TYPE_SFIXED32: (Type.INT32, "sfixed32"),
    Proto.TYPE_UINT32: (Type.INT64, "uint32"),
    Proto.TYPE_FIXED32: (Type.INT64, "fixed32"),
    Proto.TYPE_INT64: (Type.INT64, ""),
    Proto.TYPE_UINT64: (Type.INT64, "uint64"),
    Proto.TYPE_SINT64: (Type.INT64, "sint64"),
    Proto.TYPE_FIXED64: (Type.INT64, "fixed64"),
    Proto.TYPE_SFIXED64: (Type.INT64, "sfixed64"),
}
OTHERS = {
    Proto.TYPE_FLOAT: Type.FLOAT32,
    Proto.TYPE_DOUBLE: Type.FLOAT64,
    Proto.TYPE_BOOL: Type.BOOLEAN,
    Proto.TYPE_STRING: Type.STRING,
    Proto.TYPE_BYTES: Type.BYTES,
}
_NARROW = {"int8": Type.INT8, "int16": Type.INT16}
UNSIGNED = {Proto.TYPE_UINT64, Proto.TYPE_FIXED64}
_WRAPPERS = {
    f"google.protobuf.{name}Value"
    for name in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """A schema, and what makes Connect's value of Protobuf's; None where they are the same."""

    schema: Schema
    convert: Read | None = None

    def read(self, value: Any) -> Any:
        return value if self.convert is None else self.convert(value)


class ProtobufData:
    """Maps one message; made for one and thrown away. The arguments are options of the converter."""

    def __init__(
        self,
        *,
        enhanced: bool = False,
        int_for_enums: bool = False,
        optional_for_nullables: bool = False,
        optional_for_proto2: bool = True,
        wrapper_for_nullables: bool = False,
    ) -> None:
        self._enhanced = enhanced
        self._int_for_enums = int_for_enums
        self._optional_for_nullables = optional_for_nullables
        self._optional_for_proto2 = optional_for_proto2
        self._wrapper_for_nullables = wrapper_for_nullables
        self._open: list[str] = []
        self._count = 0

    def of(self, message: Descriptor, *, unwrap: bool) -> Mapped:
        """Raises ValueError with what Connect has no words for: a message within itself."""
        if unwrap and message.full_name in _WRAPPERS:
            return self._unwrapped(message)
        return self._struct(message)

    def _struct(self, message: Descriptor) -> Mapped:
        self._count += 1
        if message.full_name in self._open:
            raise ValueError(f"{message.full_name} is in itself, which this converter cannot show")
        if self._count > _MOST_TYPES or len(self._open) > _DEEPEST:
            raise ValueError(f"it has more than {_MOST_TYPES} types, or is nested deeper than {_DEEPEST}")
        self._open.append(message.full_name)
        unions = [each for each in message.oneofs if not is_synthetic(each)]
        within = {member.name for union in unions for member in union.fields}
        parts = [(_union_name(each), self._union(each)) for each in unions]
        parts += [(each.name, self._member(each)) for each in message.fields if each.name not in within]
        self._open.pop()
        fields = tuple(Field(name, part.schema) for name, part in parts)
        schema = Schema(Type.STRUCT, name=self._name(message), fields=fields)
        return Mapped(schema, struct_reader([(name, part.convert or part.read) for name, part in parts]))

    def _union(self, union: OneofDescriptor) -> Mapped:
        members = {each.name: (attrgetter(each.name), self._field(each)) for each in union.fields}
        nothing = dict.fromkeys(members)
        name = union.full_name if self._enhanced else union.name
        fields = tuple(Field(each, found.schema) for each, (_, found) in members.items())
        schema = Schema(Type.STRUCT, optional=True, name=_UNION + name, fields=fields)
        field_name = union.name

        def read(message: Any) -> dict[str, Any] | None:
            which = message.WhichOneof(field_name)
            if which is None:
                return None
            get, found = members[which]
            return {**nothing, which: found.read(get(message))}

        return Mapped(schema, read)

    def _member(self, field: FieldDescriptor) -> Mapped:
        """A field as its message gives it: null where it is absent and that can be seen."""
        found, get, name = self._field(field), attrgetter(field.name), field.name
        convert = found.convert
        is_message = field.type in {Proto.TYPE_MESSAGE, Proto.TYPE_GROUP}
        if is_repeated(field) or not (is_message or self._may_be_null(field)):
            return Mapped(found.schema, get if convert is None else (lambda message: convert(get(message))))
        return Mapped(
            found.schema, lambda message: found.read(get(message)) if message.HasField(name) else None
        )

    def _may_be_null(self, field: FieldDescriptor) -> bool:
        if is_synthetic(field.containing_oneof):
            return True
        is_proto2 = field.has_presence and field.containing_oneof is None
        return is_proto2 and self._optional_for_proto2 and not is_required(field)

    def _field(self, field: FieldDescriptor) -> Mapped:
        found, is_optional = self._value(field)
        if is_repeated(field) and found.schema.type is not Type.MAP:
            item = found.convert
            schema = Schema(Type.ARRAY, values=found.schema.as_optional())
            convert: Read = list if item is None else (lambda values: [item(each) for each in values])
            found, is_optional = Mapped(schema, convert), True
        if not self._optional_for_nullables:
            is_optional = is_optional or not self._wrapper_for_nullables
        else:
            is_optional = is_optional or is_synthetic(field.containing_oneof) or (_has_word_optional(field))
        parameters = (*found.schema.parameters, (_TAG, str(field.number)))
        return replace(found, schema=replace(found.schema, optional=is_optional, parameters=parameters))

    def _value(self, field: FieldDescriptor) -> tuple[Mapped, bool]:
        """One value of the field, and whether its type is optional already."""
        if field.type in INTEGERS:
            type_, shown = INTEGERS[field.type]
            if type_ is Type.INT32 and (narrow := _NARROW.get(_meta(field).get("connect.type", ""))):
                return Mapped(Schema(narrow)), False
            parameters = ((_PROTO_TYPE, shown),) if shown else ()
            return Mapped(
                Schema(type_, parameters=parameters), signed if field.type in UNSIGNED else None
            ), False
        if field.type in OTHERS:
            return Mapped(
                Schema(OTHERS[field.type]), shortest if field.type == Proto.TYPE_FLOAT else None
            ), False
        if field.type == Proto.TYPE_ENUM:
            return self._enum(field.enum_type), True
        if field.type == Proto.TYPE_GROUP:
            raise ValueError("Unknown Connect schema type: GROUP")
        return self._message(field), True

    def _message(self, field: FieldDescriptor) -> Mapped:
        message = field.message_type
        if message.full_name in LOGICAL:
            return LOGICAL[message.full_name]
        if message.full_name == "confluent.type.Decimal":
            return _decimal(_meta(field))
        if message.GetOptions().map_entry and is_repeated(field):
            return self._map(message)
        if self._wrapper_for_nullables and message.full_name in _WRAPPERS:
            return self._unwrapped(message)
        return self._struct(message)

    def _map(self, entry: Descriptor) -> Mapped:
        key, value = (self._field(entry.fields_by_name[each]) for each in ("key", "value"))
        name = entry.full_name if self._enhanced else entry.name
        schema = Schema(Type.MAP, name=_map_field(name), keys=key.schema, values=value.schema)
        return Mapped(schema, lambda found: {key.read(each): value.read(found[each]) for each in found})

    def _enum(self, enum: EnumDescriptor) -> Mapped:
        values = [(f"{_ENUM}.{each.name}", str(each.number)) for each in enum.values]
        schema = Schema(
            Type.INT32 if self._int_for_enums else Type.STRING,
            name=self._name(enum),
            parameters=((_ENUM, enum.name), *values),
        )
        if self._int_for_enums:
            return Mapped(schema)
        return Mapped(schema, enum_names(enum))

    def _unwrapped(self, message: Descriptor) -> Mapped:
        inner, _ = self._value(message.fields_by_name["value"])
        schema = replace(inner.schema, parameters=())
        return Mapped(schema, lambda value: inner.read(value.value))

    def _name(self, named: Descriptor | EnumDescriptor) -> str:
        return str(named.full_name if self._enhanced else named.name)


def enum_names(enum: EnumDescriptor) -> Read:
    """The name of a number, of which the first one counts."""
    names = {each.number: each.name for each in reversed(enum.values)}
    # What Java's library calls a number that the writer's schema does not have.
    return lambda number: names.get(number) or f"UNKNOWN_ENUM_VALUE_{enum.name}_{number}"


def struct_reader(parts: list[tuple[str, Read]]) -> Read:
    """What makes a struct of a message; fields that need nothing are taken out of it in one call."""
    plain = [name for name, read in parts if isinstance(read, attrgetter)]
    if len(plain) < 2:  # noqa: PLR2004 - for one, attrgetter gives no tuple
        return lambda message: {name: read(message) for name, read in parts}
    names, take = [name for name, _ in parts], attrgetter(*plain)
    if len(plain) == len(parts):
        return lambda message: dict(zip(names, take(message), strict=True))
    others = [(name, read) for name, read in parts if not isinstance(read, attrgetter)]

    def read_all(message: Any) -> dict[str, Any]:
        struct = dict.fromkeys(names)
        struct.update(zip(plain, take(message), strict=True))
        for name, read in others:
            struct[name] = read(message)
        return struct

    return read_all


def _union_name(union: OneofDescriptor) -> str:
    return f"{union.name}_{union.index}"


def is_synthetic(union: OneofDescriptor | None) -> bool:
    """Proto3's optional fields stand in a union of their own."""
    if union is None or len(union.fields) != 1:
        return False
    (only,) = union.fields
    return bool(_proto(only).proto3_optional)


def _proto(field: FieldDescriptor) -> Any:
    holder = DescriptorProto()
    field.containing_type.CopyToProto(holder)
    return next(each for each in holder.field if each.number == field.number)


def is_repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


def is_required(field: FieldDescriptor) -> bool:
    return bool(field.is_required)


def _has_word_optional(field: FieldDescriptor) -> bool:
    is_scalar = field.type not in {Proto.TYPE_MESSAGE, Proto.TYPE_GROUP}
    return field.has_presence and field.containing_oneof is None and is_scalar and not is_required(field)


def _map_field(entry: str) -> str:
    """``CountsByIdEntry`` is the entry of ``counts_by_id``."""
    space, dot, name = entry.removesuffix("Entry").rpartition(".")
    found = "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")
    return f"{space}{dot}{found}"


def signed(number: int) -> int:
    """As Java has it, whose longs have a sign."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _decimal(parameters: dict[str, str]) -> Mapped:
    """Its scale stands in an option of the field, and in each value again, where it must be the same."""
    scale = _number_of(parameters.get("scale")) or 0
    shown = [("scale", str(scale))]
    if (precision := _number_of(parameters.get("precision"))) is not None:
        shown.append(("connect.decimal.precision", str(precision)))

    def read(found: Any) -> Decimal:
        number = decimal_of(int.from_bytes(found.value, signed=True), found.scale)
        if found.scale == scale:
            return number
        exact = number.quantize(Decimal((0, (1,), -scale)), context=_WIDE)
        if exact != number:
            raise ValueError(f"{number} has more than {scale} digits after the point, which its schema says")
        return exact

    return Mapped(Schema(Type.BYTES, name=DECIMAL, version=1, parameters=tuple(shown)), read)


def _number_of(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdecimal() else None


def _holder() -> Any:
    """A message that has the options of a field which Confluent adds, at the same place."""
    file = FileDescriptorProto(name="connector/field_meta.proto", package="connector", syntax="proto3")
    entry = file.message_type.add(name="Entry")
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=9, label=1)
    meta = file.message_type.add(name="Meta")
    meta.field.add(name="params", number=2, type=11, label=3, type_name=".connector.Entry")
    holder = file.message_type.add(name="Holder")
    holder.field.add(name="field_meta", number=1088, type=11, label=1, type_name=".connector.Meta")
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("connector.Holder"))


_FIELD_META = _holder()
_WIDE = Context(prec=2000)


def _meta(field: FieldDescriptor) -> dict[str, str]:
    """What ``(confluent.field_meta).params`` says of a field."""
    found = _FIELD_META.FromString(field.GetOptions().SerializeToString())
    return {each.key: each.value for each in found.field_meta.params}


def _timestamp(found: Any) -> datetime:
    return _EPOCH + timedelta(milliseconds=found.seconds * 1000 + found.nanos // 1_000_000)


def _time(found: Any) -> time:
    return time(found.hours, found.minutes, found.seconds, found.nanos // 1_000_000 * 1000)


def _logical(name: str, type_: Type, convert: Read) -> Mapped:
    return Mapped(Schema(type_, name=name, version=1), convert)


LOGICAL = {
    "google.protobuf.Timestamp": _logical(TIMESTAMP, Type.INT64, _timestamp),
    "google.type.Date": _logical(DATE, Type.INT32, lambda found: date(found.year, found.month, found.day)),
    "google.type.TimeOfDay": _logical(TIME, Type.INT32, _time),
}
