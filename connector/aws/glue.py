"""The converters of AWS Glue Schema Registry: Avro, JSON and Protobuf behind the UUID of a schema's version.

A value is the byte 3, a byte for compression (0 for none, 5 for zlib), the UUID (16 bytes), and what was
written with that version, compressed or not.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from connector.aws import protoc
from connector.aws.glue_json_schema import GLUE, GLUE_WITH_INTEGERS
from connector.aws.glue_protobuf import GlueMessages
from connector.aws.glue_registry import GlueConfig, GlueSchemaRegistry
from connector.aws.policy import Statement
from connector.config.option import BOOLEAN, defaulted
from connector.converters.avro import AvroConverter, AvroConverterConfig
from connector.converters.json_schema_data import JsonSchemaData
from connector.converters.registered import Reader, RegisteredConverter
from connector.converters.registered_json import JsonSchemaConverter, JsonSchemaConverterConfig
from connector.errors import Problem
from connector.schema_registry.base import PROTOBUF

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.config.schema import Config
    from connector.schema_registry.base import RegisteredSchema, SchemaRegistry

_VERSION = 3
_PLAIN, _ZLIB = 0, 5
_HEADER_BYTES = 18
_MOST_BYTES = 64 * 1024 * 1024
"""Of one value; a few bytes of zlib may stand for gigabytes."""


class _VersionId(int):
    """A UUID that messages show as one."""

    def __str__(self) -> str:
        return str(UUID(int=self))


class GlueConverter(RegisteredConverter):
    """Glue's headers, in the place of Confluent's."""

    header_bytes = _HEADER_BYTES

    @classmethod
    def permissions(cls, config: Any, topics: Sequence[str]) -> list[Statement]:  # noqa: ARG003 - always the same
        """What ``connector aws policy`` prints for it."""
        # What a value names is the UUID of a version, and only schemas have ARNs.
        return [Statement("ReadVersionsOfSchemas", ("glue:GetSchemaVersion",), ("*",))]

    def registry_of(self, config: Any) -> SchemaRegistry:
        return GlueSchemaRegistry(config)

    def id_of(self, header: bytes) -> int:
        if len(header) < _HEADER_BYTES or header[0] != _VERSION or header[1] not in {_PLAIN, _ZLIB}:
            raise ValueError(
                "The value does not begin with 3, a compression of 0 or 5, and the id of a schema version:"
                " its producer does not use AWS Glue Schema Registry, so another converter must read it."
            )
        return _VersionId.from_bytes(header[2:])

    def body(self, data: bytes) -> bytes:
        if data[1] == _PLAIN:
            return data[_HEADER_BYTES:]
        inflater = zlib.decompressobj()
        try:
            found = inflater.decompress(data[_HEADER_BYTES:], _MOST_BYTES)
        except zlib.error as error:
            raise ValueError(f"it cannot be decompressed: {error}") from error
        if not inflater.eof:
            raise ValueError(f"it is cut off, or more than {_MOST_BYTES} bytes when decompressed")
        return found


class GlueAvroConfig(GlueConfig):
    """What may follow ``value.converter.`` of an AWSKafkaAvroConverter."""

    enhanced = AvroConverterConfig.enhanced
    meta_data = AvroConverterConfig.meta_data
    ignore_defaults = AvroConverterConfig.ignore_defaults


class GlueAvroConverter(GlueConverter, AvroConverter):
    """Generic and specific records alike: a record is what its schema says."""

    config_class: ClassVar[type[Config]] = GlueAvroConfig
    is_connected = True


class GlueJsonConfig(GlueConfig):
    """What may follow ``value.converter.`` of Glue's JsonSchemaConverter."""

    optional_properties = JsonSchemaConverterConfig.optional_properties
    whole_integers = defaulted(
        "integers.as.int64",
        BOOLEAN,
        False,
        "Whether integers of JSON Schema without a connect.type are INT64; false makes them FLOAT64, as AWS's"
        " converter does, which rounds those beyond 2^53.",
        group="Converter",
    )


class GlueJsonConverter(GlueConverter, JsonSchemaConverter):
    """Fields that the schema does not name are left out; those that it names and a value lacks are null."""

    config_class: ClassVar[type[Config]] = GlueJsonConfig
    is_connected = True

    def data(self) -> JsonSchemaData:
        return JsonSchemaData(
            GLUE_WITH_INTEGERS if self.config.whole_integers else GLUE,
            flattens=False,
            optional=self.config.optional_properties,
        )


class GlueProtobufConfig(GlueConfig):
    """What may follow ``value.converter.`` of Glue's ProtobufSchemaConverter."""

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if not protoc.is_installed():
            yield Problem(
                "",
                "Schemas of Protobuf are text in Glue, which needs an extra to be read: pip install"
                f" 'kafka-aws-connector[{protoc.EXTRA}]'",
            )


class GlueProtobufConverter(GlueConverter, RegisteredConverter):
    """Reads by the writer's schema; which message of it a record is, the record says."""

    config_class: ClassVar[type[Config]] = GlueProtobufConfig
    kind = PROTOBUF
    is_connected = True

    def reader(self, schema: RegisteredSchema) -> Reader:
        messages = GlueMessages(protoc.compiled(schema.text))
        return Reader(messages.read, None, messages.schema)
