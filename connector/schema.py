"""Kafka Connect's schemas: types, logical types, and which record of a column has which.

A schema is one shared, immutable object. It stands beside a column, never inside a value; values are
plain Python (dict for structs and maps, Decimal, date, time, datetime for logical types).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LOGICAL = "org.apache.kafka.connect.data."
DECIMAL = _LOGICAL + "Decimal"
DATE = _LOGICAL + "Date"
TIME = _LOGICAL + "Time"
TIMESTAMP = _LOGICAL + "Timestamp"
LOGICAL_TYPES = frozenset({DECIMAL, DATE, TIME, TIMESTAMP})
"""Names that change what a value of the type beneath is in Python."""


class Type(StrEnum):
    """Connect's types, by their names in Connect's messages."""

    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FLOAT32 = "FLOAT32"
    FLOAT64 = "FLOAT64"
    BOOLEAN = "BOOLEAN"
    STRING = "STRING"
    BYTES = "BYTES"
    ARRAY = "ARRAY"
    MAP = "MAP"
    STRUCT = "STRUCT"


INTEGER_BITS = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: 64}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct."""

    name: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Schema:
    """A type and what Connect says about it.

    Attributes:
        fields: Of a struct, in order.
        keys: Of a map.
        values: Of a map; of an array its items.
        default: As a Python value; None if there is none.
        parameters: As pairs, such as the scale of a Decimal.
    """

    type: Type
    optional: bool = False
    name: str | None = None
    version: int | None = None
    doc: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    default: Any = field(default=None, hash=False)
    fields: tuple[Field, ...] = ()
    keys: Schema | None = None
    values: Schema | None = None

    @property
    def logical(self) -> str | None:
        """The name if it is one of ``LOGICAL_TYPES``."""
        return self.name if self.name in LOGICAL_TYPES else None

    @property
    def scale(self) -> int:
        """Of a Decimal, the digits after the point."""
        return int(dict(self.parameters).get("scale", "0"))

    @property
    def items(self) -> Schema:
        """The schema of an array's items or of a map's values."""
        if self.values is None:
            raise ValueError(f"A schema of type {self.type} has no items.")
        return self.values

    def as_optional(self, *, optional: bool = True) -> Schema:
        return self if self.optional is optional else replace(self, optional=optional)

    def nested(self) -> Iterator[Schema]:
        """This schema and every schema inside it."""
        yield self
        for inner in (*(found.schema for found in self.fields), self.keys, self.values):
            if inner is not None:
                yield from inner.nested()


OPTIONAL_STRING = Schema(Type.STRING, optional=True)
OPTIONAL_BYTES = Schema(Type.BYTES, optional=True)


class Schemas:
    """Which schema each record of a column has: one object for all of them, or one per record.

    A null value of a schemaless kind has none.
    """

    __slots__ = ("_found", "_is_one")

    def __init__(self, found: Sequence[Schema | None]) -> None:
        """Args: ``found`` names one schema per record; equal schemas should be one object."""
        first = found[0] if found else None
        self._is_one = all(schema is first for schema in found)
        self._found: Sequence[Schema | None] = (first,) if self._is_one else found

    def select(self, indices: Sequence[int]) -> Schemas:
        return self if self._is_one else Schemas([self._found[index] for index in indices])

    def of_each(self, count: int) -> list[Schema | None]:
        """The schema of each record; ``count`` is the column's length."""
        return [*self._found] * count if self._is_one else list(self._found)

    def differ_from(self, known: Iterable[Schema], count: int) -> bool:
        """Whether records have another schema than these, or several; ``count`` is the column's length."""
        found = {id(schema): schema for schema in known}
        found.update((id(schema), schema) for _, _, schema in self.runs(count) if schema is not None)
        return len(found) > 1 and len(set(found.values())) > 1

    def runs(self, count: int) -> Iterator[tuple[int, int, Schema | None]]:
        """Start, end and schema of each run of records with one schema; ``count`` is the column's length."""
        if self._is_one:
            yield 0, count, self._found[0]
            return
        start = 0
        for _, run in groupby(self._found, key=id):
            schemas = list(run)
            yield start, start + len(schemas), schemas[0]
            start += len(schemas)
