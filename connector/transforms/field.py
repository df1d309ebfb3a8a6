"""Transforms of keys or values: what is done to the records of one schema is decided once per schema."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from connector.column import SchemaColumn, schemas_of
from connector.config.option import BOOLEAN, Option, defaulted
from connector.schema import Field, Schema, Schemas, Type
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from connector.record import RecordBatch

_MOST_SCHEMAS = 1000
_JAVA_NAMES = {
    type(None): "null",
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    int: "java.lang.Long",
    float: "java.lang.Double",
    Decimal: "java.math.BigDecimal",
    bytes: "[B",
    list: "java.util.ArrayList",
    dict: "java.util.HashMap",
    date: "java.util.Date",
    time: "java.util.Date",
    datetime: "java.util.Date",
}


class Nulls(Enum):
    """What becomes of records whose key or value is null."""

    PASS = "pass"  # noqa: S105 - no password
    """They stay as they are."""
    FAIL = "fail"
    GIVEN = "given"
    """The transform does something to them."""


class Rows(NamedTuple):
    """Where the values of a run are from, for transforms that put in what else a record has."""

    batch: RecordBatch
    indices: Sequence[int]

    def of(self, column: Sequence[Any]) -> Sequence[Any]:
        """The part of a column of the batch that belongs to these values."""
        return column if len(self.indices) == len(column) else [column[index] for index in self.indices]


class Change(NamedTuple):
    """What is done to values of one schema.

    Attributes:
        schema: What they have afterwards; None for none.
        apply: Makes new values of a run; the given ones stay as they are, others may hold them.
    """

    schema: Schema | None
    apply: Callable[[list[Any], Rows], list[Any]]


class FieldTransform(Transform):
    """Base of what Kafka has as ``X$Key`` and ``X$Value``: subclasses for each name the column."""

    column: ClassVar[str]
    purpose: ClassVar[str]
    """As Kafka's messages name it."""
    nulls: ClassVar[Nulls] = Nulls.PASS

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._changes: dict[int, tuple[Schema | None, Change]] = {}

    @abstractmethod
    def change(self, schema: Schema | None) -> Change:
        """Decide for a schema, or for values without one; called once as long as it is remembered.

        Raises:
            ValueError: Records of this schema are not what the transform takes.
        """

    @property
    def takes_any(self) -> bool:
        """Whether values need not be structs or maps."""
        return False

    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch.with_columns(**{self.column: self.changed(batch, getattr(batch, self.column))})

    def changed(self, batch: RecordBatch, column: Sequence[Any]) -> Sequence[Any]:
        """The column afterwards."""
        schemas = schemas_of(column)
        if schemas is None:
            schemas = Schemas([None])
        held = column if isinstance(column, list) else list(column)
        values: list[Any] = []
        found: list[Schema | None] = []
        for start, end, schema in schemas.runs(len(column)):
            whole = end - start == len(column)
            run = Rows(batch, range(start, end))
            new, each = self._run(held if whole else held[start:end], schema, run)
            if whole and isinstance(each, Schema | None):
                return new if each is None else SchemaColumn(new, Schemas([each]))
            values += new
            found += each if isinstance(each, list) else [each] * (end - start)
        return SchemaColumn(values, Schemas(found)) if any(found) else values

    def _run(
        self, values: list[Any], schema: Schema | None, rows: Rows
    ) -> tuple[Sequence[Any], Schema | list[Schema | None] | None]:
        if self.nulls is Nulls.PASS and None in values:
            return self._around_nulls(values, schema, rows)
        if not self.takes_any:
            self._check_structured(values, schema)
        change = self._known(schema)
        return change.apply(values, rows), change.schema

    def _around_nulls(
        self, values: list[Any], schema: Schema | None, rows: Rows
    ) -> tuple[list[Any], list[Schema | None]]:
        there = [index for index, value in enumerate(values) if value is not None]
        result, schemas = [None] * len(values), [schema] * len(values)
        if there:
            some = Rows(rows.batch, [rows.indices[index] for index in there])
            new, new_schema = self._run([values[index] for index in there], schema, some)
            for index, value in zip(there, new, strict=True):
                result[index], schemas[index] = value, new_schema  # type: ignore[assignment]
        return result, schemas

    def _known(self, schema: Schema | None) -> Change:
        # By identity: comparing schemas costs more than the change of a record.
        known = self._changes.get(id(schema))
        if known is None:
            if len(self._changes) >= _MOST_SCHEMAS:
                self._changes.clear()
            known = self._changes[id(schema)] = schema, self.change(schema)
        return known[1]

    def _check_structured(self, values: Sequence[Any], schema: Schema | None) -> None:
        kinds = set(map(type, values))
        if self.nulls is Nulls.GIVEN:
            kinds.discard(type(None))
        if schema is not None and schema.type is not Type.STRUCT and kinds:
            found = next((value for value in values if value is not None), None)
            raise ValueError(f"Only Struct objects supported for [{self.purpose}], found: {java_name(found)}")
        if kinds <= {dict}:
            return
        if schema is not None:
            raise ValueError(f"Only Struct objects supported for [{self.purpose}], found: null")
        refused = next(value for value in values if type(value) in kinds - {dict})
        raise ValueError(
            f"Only Map objects supported in absence of schema for [{self.purpose}],"
            f" found: {java_name(refused)}"
        )


def java_name(value: Any) -> str:
    """The class that Kafka's messages name for such a value."""
    return _JAVA_NAMES.get(type(value), type(value).__name__)


def struct_like(schema: Schema, fields: Iterable[Field]) -> Schema:
    """A struct with these fields that is else like another; required and without default, as in Kafka.

    Raises:
        ValueError: Two fields have the same name.
    """
    found: dict[str, Field] = {}
    for each in fields:
        if each.name in found:
            raise ValueError(f"Cannot create field because of field name duplication {each.name}")
        found[each.name] = each
    return replace(schema, optional=False, default=None, fields=tuple(found.values()))


def defaults_of(schema: Schema, *, replaces: bool) -> list[tuple[str, Any]]:
    """The fields whose nulls become their default."""
    if not replaces:
        return []
    return [(found.name, found.schema.default) for found in schema.fields if found.schema.default is not None]


def copies(
    values: Sequence[dict[str, Any]], defaults: Sequence[tuple[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The rows anew, with defaults in the place of nulls."""
    rows = list(map(dict, values))
    for name, default in defaults:
        for row in rows:
            if row.get(name) is None:
                row[name] = default
    return rows


def around_nulls(values: list[Any], change: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """What ``change`` makes of the values that are not null, with the nulls in their places."""
    if None not in values:
        return change(values)
    there = iter(change([value for value in values if value is not None]))
    return [None if value is None else next(there) for value in values]


def replaces_null() -> Option[bool]:
    """The option that Kafka's transforms of fields share."""
    return defaulted(
        "replace.null.with.default",
        BOOLEAN,
        True,
        "Whether a null becomes the default of its field, where the schema has one.",
        group="Transform",
    )
