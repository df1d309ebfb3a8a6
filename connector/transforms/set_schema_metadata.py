"""Kafka's SetSchemaMetadata: gives the schema of the key or value another name or version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from connector.column import JsonColumn
from connector.config.option import INT, STRING, Importance, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.schema import LOGICAL_TYPES, Schema, Schemas, Type
from connector.transforms.field import (
    Change,
    FieldTransform,
    Nulls,
    around_nulls,
    copies,
    defaults_of,
    replaces_null,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.record import RecordBatch


class SetSchemaMetadataConfig(Config):
    schema_name = optional(
        "schema.name", STRING, "The new name.", importance=Importance.HIGH, group="Transform"
    )
    schema_version = optional(
        "schema.version", INT, "The new version.", importance=Importance.HIGH, group="Transform"
    )
    replaces = replaces_null()

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.schema_name is None and self.schema_version is None:
            yield Problem("schema.name", "Neither schema name nor version configured")


class SetSchemaMetadata(FieldTransform):
    """What has no schema fails, unless it is null; JSON stays text."""

    config_class: ClassVar[type[Config]] = SetSchemaMetadataConfig
    purpose = "updating schema metadata"
    nulls = Nulls.GIVEN

    @property
    def takes_any(self) -> bool:
        return True

    def changed(self, batch: RecordBatch, column: Sequence[Any]) -> Sequence[Any]:
        texts = column.texts if isinstance(column, JsonColumn) else None
        if texts is None or not isinstance(column, JsonColumn) or column.schemas is None:
            return super().changed(batch, column)
        found: list[Schema | None] = []
        for start, end, schema in column.schemas.runs(len(texts)):
            if schema is None or schema.type is not Type.STRUCT:
                return super().changed(batch, column)
            found += [self._known(schema).schema] * (end - start)
        return JsonColumn(list(texts), Schemas(found))

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._without_schema)
        name = schema.name if self.config.schema_name is None else self.config.schema_name
        version = schema.version if self.config.schema_version is None else self.config.schema_version
        self._check_logical(schema, name)
        defaults = defaults_of(schema, replaces=self.config.replaces)
        return Change(
            replace(schema, name=name, version=version),
            lambda values, _: (
                around_nulls(values, lambda rows: copies(rows, defaults)) if defaults else values
            ),
        )

    def _check_logical(self, schema: Schema, name: str | None) -> None:
        """Elsewhere such a name says what values are; it would be a lie."""
        if name != schema.name and (name in LOGICAL_TYPES or schema.logical):
            raise ValueError(
                f"The name {schema.name} says of what kind the values are, and cannot become {name}"
            )

    def _without_schema(self, values: list[Any], _: Any) -> list[Any]:
        if any(value is not None for value in values):
            raise ValueError(f"Schema required for [{self.purpose}]")
        return values


class SetSchemaMetadataKey(SetSchemaMetadata):
    column = "keys"
    columns = frozenset({"keys"})


class SetSchemaMetadataValue(SetSchemaMetadata):
    column = "values"
    columns = frozenset({"values"})
