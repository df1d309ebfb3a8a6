"""Confluent's JsonSchemaConverter: JSON behind the id of its JSON Schema.

Values are what the schema says, in Connect's types, and stay text where that is possible. A schema that
Connect has no words for is not applied: values then are what JsonConverter makes of them without schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from connector import logs
from connector.column import JsonColumn, decode_json
from connector.config.option import BOOLEAN, Importance, defaulted
from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.converters.json_schema import rewriter
from connector.converters.json_schema_data import JsonSchemaData
from connector.converters.json_schema_values import reader_of
from connector.converters.registered import Reader, RegisteredConverter
from connector.errors import Problem
from connector.payload import is_plain
from connector.schema import Schemas
from connector.schema_registry.base import JSON
from connector.schema_registry.config import SchemaRegistryConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.config.schema import Config
    from connector.converters.json_schema_values import Unions
    from connector.schema import Schema
    from connector.schema_registry.base import RegisteredSchema, SchemaRegistry

_log = logs.get(__name__)
_UNFIT = (ValueError, RecursionError, TypeError, LookupError, AttributeError)
"""What comes of schemas without words in Connect, and of JSON that is no schema: anything may stand in it."""


class JsonSchemaConverterConfig(SchemaRegistryConfig):
    """What may follow ``value.converter.`` of a JsonSchemaConverter."""

    optional_properties = defaulted(
        "use.optional.for.nonrequired",
        BOOLEAN,
        False,
        "Whether properties that are not required are optional. With false all are required, and null where"
        " they are absent, which avro and parquet refuse.",
        group="Converter",
    )
    generalized = defaulted(
        "generalized.sum.type.support",
        BOOLEAN,
        False,
        "Whether unions and enums are named as all of Confluent's converters can name them: union fields are"
        " connect_union_field_0 and so on. With false they are io.confluent.connect.json.OneOf.field.0.",
        group="Converter",
    )
    flattens = defaulted(
        "flatten.singleton.unions",
        BOOLEAN,
        True,
        "Whether a union of one type is that type; false makes it a struct of one field.",
        importance=Importance.LOW,
        group="Converter",
    )
    fails_invalid = defaulted(
        "json.fail.invalid.schema",
        BOOLEAN,
        False,
        "Whether values are checked for all that the schema says, such as patterns and bounds, which is not"
        " supported: types are, and nothing else.",
        importance=Importance.LOW,
        group="Converter",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.fails_invalid:
            yield Problem(
                JsonSchemaConverterConfig.fails_invalid.name,
                "true is not supported: values are checked for their types alone; set it to false",
            )


class JsonSchemaConverter(RegisteredConverter):
    """Fields that the schema does not name are left out; those that it names and a value lacks are null."""

    config_class: ClassVar[type[Config]] = JsonSchemaConverterConfig
    kind = JSON

    def __init__(self, config: Config, registry: SchemaRegistry | None = None) -> None:
        super().__init__(config, registry)
        self._json = JsonConverter(JsonConverterConfig({"schemas.enable": "false"}))

    def reader(self, schema: RegisteredSchema) -> Reader:
        data = self.data()
        try:
            found = data.of(schema)
        except _UNFIT as error:
            _log.warning("JSON Schema not applied", reason=str(error), schema=schema.text[:200])
            return Reader(self._json.convert, None)
        read = reader_of(found, data.dialect.unions)
        return Reader(
            lambda payload: read(_decoded(payload)), found, rewrite=_rewriter(found, data.dialect.unions)
        )

    def data(self) -> JsonSchemaData:
        """What maps one schema."""
        return JsonSchemaData(
            generalized=self.config.generalized,
            flattens=self.config.flattens,
            optional=self.config.optional_properties,
        )

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        readers = {header: self._reader(header) for header in self.headers_of(column)}
        if all(reader.schema is None for reader in readers.values()):
            return self._json.convert_column([None if data is None else self.body(data) for data in column])
        if len(readers) == 1:
            (reader,) = readers.values()
            texts = self._texts(column, reader)
            if texts is not None:
                return JsonColumn(texts, Schemas([reader.schema]))
        return super().convert_column(column)

    def _texts(self, column: Sequence[bytes | None], reader: Reader) -> list[bytes | None] | None:
        """All values as Connect would print them; None if some value has to be looked at."""
        rewrite, body = reader.rewrite, self.body
        if rewrite is None:
            return None
        try:
            texts = [None if data is None else rewrite(body(data)) for data in column]
        except ValueError:
            return None
        return texts if texts.count(None) == column.count(None) else None


def _decoded(data: bytes) -> Any:
    try:
        return decode_json(data)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from error


def _rewriter(schema: Schema, unions: Unions) -> Callable[[Any], bytes | None] | None:
    # Only where what Connect prints is what it read: nothing that payloads hold in another form. A required
    # field that is absent has no such text, either: whoever reads text by its schema counts on them.
    if not is_plain(schema) or any(unions.has(each) for each in schema.nested()):
        return None
    rewrite = rewriter(schema)
    return rewrite and (lambda data: rewrite(msgspec.Raw(data)))
