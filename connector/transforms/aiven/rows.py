"""A column run by run, for transforms that look at keys or values and change something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector.column import schemas_of
from connector.schema import Schemas, Type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.schema import Schema


class Run(NamedTuple):
    """Values in a row with one schema, or without any."""

    schema: Schema | None
    values: Sequence[Any]


def runs(column: Sequence[Any]) -> Iterator[Run]:
    held = column if isinstance(column, list) else list(column)
    schemas = schemas_of(column) or Schemas([None])
    for start, end, schema in schemas.runs(len(held)):
        yield Run(schema, held[start:end])


def field_schema(schema: Schema, name: str) -> Schema | None:
    """Of a field of a struct; None if there is none of this name."""
    return next((found.schema for found in schema.fields if found.name == name), None)


def value_at(row: dict[str, Any], name: str, schema: Schema | None) -> Any:
    """A field's value, with its schema's default in the place of null."""
    value = row.get(name)
    return schema.default if value is None and schema is not None else value


def is_struct(schema: Schema | None) -> bool:
    return schema is not None and schema.type is Type.STRUCT
