"""Aiven's KeyToValue: fields of the key, or all of it, are put into the value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from connector.column import SchemaColumn, schemas_of
from connector.config.option import LIST, Importance, defaulted, required
from connector.config.schema import Config
from connector.errors import Problem
from connector.schema import Field, Schema, Schemas, Type
from connector.transforms.aiven.rows import field_schema, is_struct, value_at
from connector.transforms.base import Transform
from connector.transforms.field import copies, defaults_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.record import RecordBatch

_WHOLE = "*"
_WHOLE_FIELD = "_key"
_MOST_SCHEMAS = 1000
_INFERRED = {
    str: Schema(Type.STRING),
    bool: Schema(Type.BOOLEAN),
    int: Schema(Type.INT64),
    float: Schema(Type.FLOAT64),
}


class KeyToValueConfig(Config):
    keys = required(
        "key.fields", LIST, "The fields of the key to take; * is the whole key.", group="Transform"
    )
    values = defaulted(
        "value.fields",
        LIST,
        [],
        "The fields of the value to put them into, in the same order; without one, that of the key's name,"
        " and _key for the whole.",
        importance=Importance.HIGH,
        group="Transform",
    )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Field of the value, field of the key."""
        found = []
        for index, key in enumerate(self.keys):
            given = self.values[index] if index < len(self.values) else key
            found.append((_WHOLE_FIELD if given == _WHOLE else given, key))
        return found

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        names = [name for name, _ in self.pairs]
        if twice := next((name for name in names if names.count(name) > 1), None):
            text = f"More than one key value is copied to the value field name '{twice}'"
            yield Problem("value.fields", text)


class KeyToValue(Transform):
    """The key stays as it is. A map has no schema afterwards."""

    config_class: ClassVar[type[Config]] = KeyToValueConfig
    columns = frozenset({"keys", "values"})

    def __init__(self, config: KeyToValueConfig) -> None:
        super().__init__(config)
        self._pairs = config.pairs
        self._merged: dict[tuple[int, int], tuple[Schema, Schema, Schema]] = {}

    def apply(self, batch: RecordBatch) -> RecordBatch:
        count = len(batch)
        key_schemas, value_schemas = _of_each(batch.keys, count), _of_each(batch.values, count)
        values: list[Any] = []
        schemas: list[Schema | None] = []
        for key, value, key_schema, value_schema in zip(
            batch.keys, batch.values, key_schemas, value_schemas, strict=True
        ):
            schema, row = self._with_key(key, value, key_schema, value_schema)
            values.append(row)
            schemas.append(schema)
        return batch.with_columns(values=SchemaColumn(values, Schemas(schemas)) if any(schemas) else values)

    def _with_key(
        self, key: Any, value: Any, key_schema: Schema | None, value_schema: Schema | None
    ) -> tuple[Schema | None, dict[str, Any]]:
        self._check_key(key, key_schema, value_schema)
        if not isinstance(value, dict) or (value_schema is not None and not is_struct(value_schema)):
            raise ValueError("The value needs to be a Struct or Map in order to append fields")
        found = {name: self._taken(key, field, key_schema) for name, field in self._pairs}
        if value_schema is None:
            return None, {**value, **found}
        if key_schema is None:
            key_schema = _INFERRED.get(type(key))
            if key_schema is None:
                raise ValueError(f"Cannot infer schema for unsupported key class: {type(key).__name__}")
        (row,) = copies([value], defaults_of(value_schema, replaces=True))
        return self._schema(key_schema, value_schema), {**row, **found}

    def _check_key(self, key: Any, key_schema: Schema | None, value_schema: Schema | None) -> None:
        named = [field for _, field in self._pairs if field != _WHOLE]
        structured = isinstance(key, dict) and (key_schema is None or is_struct(key_schema))
        if named and not structured:
            raise ValueError(f"Named key fields {named} cannot be copied from the key")
        if len(named) < len(self._pairs) and value_schema is not None and key_schema is None and structured:
            raise ValueError("The value requires a schema, but the key class is a schemaless Map")

    def _taken(self, key: Any, field: str, schema: Schema | None) -> Any:
        if field == _WHOLE:
            return key
        inner = field_schema(schema, field) if schema is not None else None
        if schema is not None and inner is None:
            raise ValueError(f"Key field '{field}' not found in key schema")
        return value_at(key, field, inner)

    def _schema(self, key: Schema, value: Schema) -> Schema:
        # By identity, and held as long as they are remembered.
        known = self._merged.get((id(key), id(value)))
        if known is None:
            if len(self._merged) >= _MOST_SCHEMAS:
                self._merged.clear()
            known = self._merged[id(key), id(value)] = key, value, self._merge(key, value)
        return known[2]

    def _merge(self, key: Schema, value: Schema) -> Schema:
        fields = {found.name: found for found in value.fields}
        for name, field in self._pairs:
            inner = key if field == _WHOLE else field_schema(key, field)
            if inner is None:
                raise ValueError(f"Key field '{field}' not found in key schema")
            fields[name] = Field(name, inner)
        return replace(value, default=None, fields=tuple(fields.values()))


def _of_each(column: Sequence[Any], count: int) -> list[Schema | None]:
    schemas = schemas_of(column)
    return schemas.of_each(count) if schemas else [None] * count
