"""Confluent's JsonSchemaConverter: JSON behind the id of its JSON Schema.

The registry must know the id, and the value must be JSON. Nothing else is made of the schema: values are what
JsonConverter makes of them without schemas, and stay text where nobody looks at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.converters.registered import Reader, RegisteredConverter
from connector.schema_registry.base import JSON
from connector.schema_registry.config import SchemaRegistryConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.config.schema import Config
    from connector.schema_registry.base import RegisteredSchema, SchemaRegistry


class JsonSchemaConverter(RegisteredConverter):
    """Checks ids and JSON, and hands the text on."""

    config_class: ClassVar[type[Config]] = SchemaRegistryConfig
    kind = JSON

    def __init__(self, config: SchemaRegistryConfig, registry: SchemaRegistry | None = None) -> None:
        super().__init__(config, registry)
        self._json = JsonConverter(JsonConverterConfig({"schemas.enable": "false"}))

    def reader(self, schema: RegisteredSchema) -> Reader:  # noqa: ARG002 - that there is one is enough
        return Reader(self._json.convert, None)

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        size = self.header_bytes
        for header in {data[:size] for data in column if data is not None}:
            self._reader(header)
        return self._json.convert_column([None if data is None else self.body(data) for data in column])
