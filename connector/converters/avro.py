"""Confluent's AvroConverter: Avro behind the id of a schema in a Schema Registry."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

import fastavro

from connector.config.option import BOOLEAN, Importance, defaulted
from connector.converters.avro_code import compiled
from connector.converters.avro_data import AvroData
from connector.converters.registered import Reader, RegisteredConverter
from connector.schema_registry.base import AVRO
from connector.schema_registry.config import SchemaRegistryConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.config.schema import Config
    from connector.schema_registry.base import RegisteredSchema


class AvroConverterConfig(SchemaRegistryConfig):
    """What may follow ``value.converter.`` of an AvroConverter."""

    enhanced = defaulted(
        "enhanced.avro.schema.support",
        BOOLEAN,
        False,
        "Members of a union are fields with their full names, namespace included; false uses the last part.",
        group="Converter",
    )
    meta_data = defaulted(
        "connect.meta.data",
        BOOLEAN,
        True,
        "Whether docs, parameters and fixed sizes in Avro schemas are kept as parameters of Connect's.",
        importance=Importance.LOW,
        group="Converter",
    )
    ignore_defaults = defaulted(
        "ignore.default.for.nullables",
        BOOLEAN,
        False,
        "Whether a null stays null in an optional field that has a default; false makes it the default.",
        importance=Importance.LOW,
        group="Converter",
    )


class AvroConverter(RegisteredConverter):
    """Reads by the writer's schema alone, so evolution of schemas does not matter here."""

    config_class: ClassVar[type[Config]] = AvroConverterConfig
    kind = AVRO

    def reader(self, schema: RegisteredSchema) -> Reader:
        data = AvroData(
            enhanced=self.config.enhanced,
            meta_data=self.config.meta_data,
            ignore_defaults=self.config.ignore_defaults,
        )
        mapped = data.of(schema)
        decode = compiled(mapped.avro, partial(_decode, fastavro.parse_schema(mapped.avro)))
        return Reader(_then(decode, mapped.fix), mapped.schema)


def _decode(parsed: Any, data: bytes) -> Any:
    return fastavro.schemaless_reader(BytesIO(data), parsed)


def _then(decode: Callable[[bytes], Any], fix: Callable[[Any], Any] | None) -> Callable[[bytes], Any]:
    if fix is None:
        return decode
    return lambda data: fix(decode(data))
