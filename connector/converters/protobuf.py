"""Confluent's ProtobufConverter: Protobuf behind the id of a schema and the place of a message in it.

The registry is asked for schemas as serialised descriptors, so that nothing here has to read ``.proto`` text;
Google's library then makes messages of them.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, ClassVar

from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from connector.config.option import BOOLEAN, Importance, defaulted
from connector.converters.protobuf_data import ProtobufData
from connector.converters.registered import Reader, RegisteredConverter
from connector.schema_registry.base import PROTOBUF
from connector.schema_registry.config import SchemaRegistryConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor, FileDescriptor

    from connector.config.schema import Config
    from connector.schema import Schema
    from connector.schema_registry.base import RegisteredSchema

GOOGLE = {
    module.DESCRIPTOR.name: module.DESCRIPTOR.serialized_pb
    for module in (
        any_pb2, api_pb2, descriptor_pb2, duration_pb2, empty_pb2, field_mask_pb2, source_context_pb2,
        struct_pb2, timestamp_pb2, type_pb2, wrappers_pb2,
    )
}  # fmt: skip
"""Files of Google that everybody has, serialised."""
_OPTIONS_ONLY = frozenset({"confluent/meta.proto"})
"""Files that bring nothing but options, which are looked at undecoded or not at all."""
_MOST_INDEXES = 64
_FIRST = b"\0"
"""How the path to the first message is written."""


class ProtobufConverterConfig(SchemaRegistryConfig):
    """What may follow ``value.converter.`` of a ProtobufConverter."""

    enhanced = defaulted(
        "enhanced.protobuf.schema.support",
        BOOLEAN,
        False,
        "Schemas have the full names of messages and enums, package included; false uses the last part.",
        group="Converter",
    )
    int_for_enums = defaulted(
        "int.for.enums",
        BOOLEAN,
        False,
        "Whether enums are their numbers; false makes them their names.",
        group="Converter",
    )
    optional_for_nullables = defaulted(
        "optional.for.nullables",
        BOOLEAN,
        False,
        "Whether only fields with the word optional are optional in Connect's schema; false makes all so.",
        importance=Importance.LOW,
        group="Converter",
    )
    optional_for_proto2 = defaulted(
        "optional.for.proto2",
        BOOLEAN,
        True,
        "Whether an optional field of proto2 that is absent is null; false makes it its default.",
        importance=Importance.LOW,
        group="Converter",
    )
    wrapper_for_nullables = defaulted(
        "wrapper.for.nullables",
        BOOLEAN,
        False,
        "Whether fields of Google's wrapper types such as StringValue are what they wrap; false makes them"
        " structs.",
        importance=Importance.LOW,
        group="Converter",
    )
    wrapper_for_raw_primitives = defaulted(
        "wrapper.for.raw.primitives",
        BOOLEAN,
        True,
        "Whether a record that is a wrapper type is what it wraps.",
        importance=Importance.LOW,
        group="Converter",
    )


class ProtobufConverter(RegisteredConverter):
    """Reads by the writer's schema; which message of it a record is, the record says."""

    config_class: ClassVar[type[Config]] = ProtobufConverterConfig
    kind = PROTOBUF
    form = "serialized"

    def reader(self, schema: RegisteredSchema) -> Reader:
        messages = _Messages(_file(schema), self.config)
        return Reader(messages.read, None, messages.schema)


class _Messages:
    """The messages of one file, each made ready when it is first met."""

    def __init__(self, file: FileDescriptor, config: ProtobufConverterConfig) -> None:
        self._file = file
        self._config = config
        self._known: dict[tuple[int, ...], tuple[Schema, Callable[[bytes], Any]]] = {}
        self._first: tuple[Schema, Callable[[bytes], Any]] | None = None
        """Of the file's first message, which is mostly its only one."""

    def read(self, data: bytes) -> Any:
        if self._first is not None and data[:1] == _FIRST:
            return self._first[1](data[1:])
        indexes, start = _indexes(data)
        return self._message(indexes)[1](data[start:])

    def schema(self, data: bytes) -> Schema:
        if data[:1] == _FIRST:
            self._first = self._first or self._message((0,))
            return self._first[0]
        return self._message(_indexes(data)[0])[0]

    def _message(self, indexes: tuple[int, ...]) -> tuple[Schema, Callable[[bytes], Any]]:
        if indexes not in self._known:
            descriptor = _descriptor(self._file, indexes)
            mapped = ProtobufData(
                enhanced=self._config.enhanced,
                int_for_enums=self._config.int_for_enums,
                optional_for_nullables=self._config.optional_for_nullables,
                optional_for_proto2=self._config.optional_for_proto2,
                wrapper_for_nullables=self._config.wrapper_for_nullables,
            ).of(descriptor, unwrap=self._config.wrapper_for_raw_primitives)
            decode = GetMessageClass(descriptor).FromString
            convert = mapped.convert or mapped.read
            self._known[indexes] = mapped.schema, lambda data: convert(decode(data))
        return self._known[indexes]


def _indexes(data: bytes) -> tuple[tuple[int, ...], int]:
    """The path of a message among those of its file, and where the message begins."""
    if data[:1] == _FIRST:
        return (0,), 1
    count, at = _varint(data, 0)
    if not 0 < count <= _MOST_INDEXES:
        raise ValueError(f"the path to its message has {count} steps")
    indexes = []
    for _ in range(count):
        index, at = _varint(data, at)
        indexes.append(index)
    return tuple(indexes), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag varint, and what follows it."""
    found = shift = 0
    while True:
        if at >= len(data) or shift > 35:  # noqa: PLR2004 - bits of five bytes, the most of 32 bits
            raise ValueError("the path to its message ends too early")
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return (found >> 1) ^ -(found & 1), at
        shift += 7


def _descriptor(file: FileDescriptor, indexes: tuple[int, ...]) -> Descriptor:
    messages = list(file.message_types_by_name.values())
    found = None
    for index in indexes:
        if not 0 <= index < len(messages):
            raise ValueError(f"the schema has no message at {list(indexes)}")
        found = messages[index]
        messages = list(found.nested_types)
    assert found is not None  # noqa: S101 - there is at least one index
    return found


def _file(schema: RegisteredSchema) -> FileDescriptor:
    """The file with all that it imports, in a pool of its own: ids may define one name differently."""
    pool = DescriptorPool()
    added: set[str] = set()
    _add_references(pool, schema, added)
    return pool.FindFileByName(_add(pool, schema, None, added))


def _add_references(pool: Any, schema: RegisteredSchema, added: set[str]) -> None:
    for name, each in schema.references:
        _add_references(pool, each, added)
        if name not in added:
            _add(pool, each, name, added)


def _add(pool: Any, schema: RegisteredSchema, name: str | None, added: set[str]) -> str:
    try:
        file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(schema.text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("the registry does not give it as a serialised descriptor") from error
    except Exception as error:
        # protobuf's DecodeError, which has no base in common with anything.
        raise ValueError(f"its descriptor cannot be read: {error}") from error
    file.name = name or file.name or "default.proto"
    kept = [each for each in file.dependency if each not in _OPTIONS_ONLY]
    if len(kept) < len(file.dependency):
        del file.dependency[:], file.public_dependency[:], file.weak_dependency[:]
        file.dependency.extend(kept)
    for each in kept:
        _add_known(pool, each, added)
    try:
        pool.AddSerializedFile(file.SerializeToString())
    except TypeError as error:
        raise ValueError(str(error)) from error
    added.add(file.name)
    return str(file.name)


def _add_known(pool: Any, name: str, added: set[str]) -> None:
    """Files that everybody has and nobody registers."""
    known = {**GOOGLE, **_CONFLUENT}
    if name in added or name not in known:
        return
    file = descriptor_pb2.FileDescriptorProto.FromString(known[name])
    for each in file.dependency:
        _add_known(pool, each, added)
    pool.AddSerializedFile(known[name])
    added.add(name)


def _file_of(name: str, package: str, message: str, fields: list[tuple[str, int]]) -> bytes:
    file = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3")
    found = file.message_type.add(name=message)
    for number, (field, kind) in enumerate(fields, 1):
        found.field.add(name=field, number=number, type=kind, label=1)
    return bytes(file.SerializeToString())


_BYTES, _INT32, _UINT32 = 12, 5, 13
_CONFLUENT = {
    "confluent/type/decimal.proto": _file_of(
        "confluent/type/decimal.proto",
        "confluent.type",
        "Decimal",
        [("value", _BYTES), ("precision", _UINT32), ("scale", _INT32)],
    ),
    "google/type/date.proto": _file_of(
        "google/type/date.proto",
        "google.type",
        "Date",
        [("year", _INT32), ("month", _INT32), ("day", _INT32)],
    ),
    "google/type/timeofday.proto": _file_of(
        "google/type/timeofday.proto",
        "google.type",
        "TimeOfDay",
        [("hours", _INT32), ("minutes", _INT32), ("seconds", _INT32), ("nanos", _INT32)],
    ),
}
