"""The schema of schemaless values, as far as it has been seen, and what happens when it changes.

Everything inferred is optional. What has only ever been null or empty has no type yet and is left out
(:func:`pruned`), though an object is never taken for an array or a scalar.
Whole numbers become FLOAT64 where they meet fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from connector.formats.json_value import json_text
from connector.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDENED = Schema(Type.STRING, optional=True, doc="Text as it is; any other value as its JSON text")
_FLOAT64 = Schema(Type.FLOAT64, optional=True)
_SCALARS: dict[type, Schema] = {
    bool: Schema(Type.BOOLEAN, optional=True),
    float: _FLOAT64,
    str: Schema(Type.STRING, optional=True),
    bytes: Schema(Type.BYTES, optional=True),
    datetime: Schema(Type.INT64, optional=True, name=TIMESTAMP, version=1),
    date: Schema(Type.INT32, optional=True, name=DATE, version=1),
    time: Schema(Type.INT32, optional=True, name=TIME, version=1),
    int: Schema(Type.INT64, optional=True),
}
_NUMBERS = {Type.INT64, Type.FLOAT64}


_DEEPEST = 64
"""Structs and arrays within each other, as with JsonConverter's schemas; few readers can more."""


class Drift(StrEnum):
    """What to do when schemaless values do not fit what was seen before."""

    NEW_FILE = "new_file"
    WIDEN = "widen"
    FAIL = "fail"


class ConflictError(ValueError):
    """Two types that have nothing in common stand in one place."""


def infer(value: Any, depth: int = 0) -> Schema | None:
    """The schema of one value, or None where it tells nothing.

    Raises:
        ValueError: Formats with schemas have no place for such a value.
    """
    if value is None:
        return None
    if found := _SCALARS.get(type(value)):
        return found
    if depth > _DEEPEST:
        raise ValueError(
            f"The value is nested more than {_DEEPEST} deep, which formats with schemas are not."
        )
    match value:
        case Decimal():
            scale = -int(value.as_tuple().exponent)
            return Schema(Type.BYTES, True, DECIMAL, 1, parameters=(("scale", str(scale)),))
        case dict():
            return _infer_struct(value, depth + 1)
        case list() | tuple():
            return _infer_array(value, depth + 1)
    raise ValueError(f"A value of type {type(value).__name__} has no schema.")


def is_too_deep(schema: Schema | None) -> bool:
    """Whether :func:`infer` would refuse values of a schema that somebody else has found out."""
    level = [schema] if schema is not None else []
    for _ in range(_DEEPEST + 2):
        inner = [each.values for each in level if each.values is not None]
        level = [*inner, *(found.schema for each in level for found in each.fields)]
    return bool(level)


def _infer_struct(value: dict[Any, Any], depth: int) -> Schema:
    fields = []
    for name, item in value.items():
        if not isinstance(name, str):
            raise ValueError(f"A map with the key {name!r} has no schema: keys must be text.")  # noqa: TRY004
        if (schema := infer(item, depth)) is not None:
            fields.append(Field(name, schema))
    return Schema(Type.STRUCT, optional=True, fields=tuple(fields))


def _infer_array(value: Sequence[Any], depth: int) -> Schema:
    item: Schema | None = None
    for each in value:
        try:
            item = merge(item, infer(each, depth))
        except ConflictError:
            item = WIDENED
    return Schema(Type.ARRAY, optional=True, values=item)


def pruned(schema: Schema | None) -> Schema | None:
    """The schema without structs and arrays of which nothing is known but that they were empty."""
    if schema is None:
        return None
    if schema.type is Type.ARRAY:
        item = pruned(schema.values)
        return None if item is None else replace(schema, values=item)
    if schema.type is not Type.STRUCT:
        return schema
    fields = [(each.name, pruned(each.schema)) for each in schema.fields]
    known = tuple(Field(name, found) for name, found in fields if found is not None)
    return replace(schema, fields=known) if known else None


def merge(
    known: Schema | None, found: Schema | None, on_conflict: Schema | str | None = None
) -> Schema | None:
    """A schema for the values of both.

    Args:
        known: What is there already; its fields come first.
        found: What is new.
        on_conflict: The schema for places with types that do not go together, or ``found`` for the new one.

    Raises:
        ConflictError: There is such a place, and nothing for it.
    """
    if known is None or found is None or known == found:
        return found if known is None else known
    if WIDENED in {known, found}:
        return WIDENED
    if known.type is found.type and not known.logical and not found.logical:
        return _merge_alike(known, found, on_conflict)
    if {known.type, found.type} == _NUMBERS and not known.logical and not found.logical:
        return _FLOAT64
    if on_conflict is None:
        raise ConflictError(f"{found.type} where {known.type} was before")
    return found if isinstance(on_conflict, str) else on_conflict


def _merge_alike(known: Schema, found: Schema, on_conflict: Schema | str | None) -> Schema:
    if known.type is Type.ARRAY:
        return Schema(Type.ARRAY, optional=True, values=merge(known.values, found.values, on_conflict))
    if known.type is not Type.STRUCT:
        return known
    merged: dict[str, Schema] = {each.name: each.schema for each in known.fields}
    for each in found.fields:
        schema = merge(merged.get(each.name), each.schema, on_conflict)
        if schema is not None:
            merged[each.name] = schema
    fields = tuple(Field(name, schema) for name, schema in merged.items())
    return known if fields == known.fields else Schema(Type.STRUCT, optional=True, fields=fields)


@dataclass(slots=True)
class Runs:
    """A column in runs of one schema each.

    Attributes:
        runs: Start, end, schema; the schema is None where nothing but nulls was seen.
        failed: Position of each record that has no place in any, and why.
    """

    runs: list[tuple[int, int, Schema | None]] = field(default_factory=list)
    failed: dict[int, ValueError] = field(default_factory=dict)

    @property
    def last(self) -> Schema | None:
        return self.runs[-1][2]


def inferred_runs(values: Sequence[Any], known: Schema | None, drift: Drift) -> Runs:
    """Runs of schemaless values, ``known`` being the schema of those before them."""
    result = Runs()
    start, merged, shapes = 0, known, _Shapes()
    for position, value in enumerate(values):
        try:
            if (found := shapes.infer(value)) is None or shapes.is_merged(found):
                continue
            if drift is Drift.FAIL and known is not None:
                _must_fit(found, known)
            else:
                merged = merge(merged, found, WIDENED if drift is Drift.WIDEN else None)
            shapes.note_merged(found)
        except ConflictError as error:
            if drift is Drift.FAIL:
                result.failed[position] = ValueError(
                    f"The value does not fit the schema of those before it: {error}."
                    " Set format.output.schema.drift to new_file or widen."
                )
                continue
            if position > start:
                result.runs.append((start, position, merged))
            start, merged = position, merge(merged, found, "found")
            shapes.forget_merged()
        except ValueError as error:
            result.failed[position] = error
    result.runs.append((start, len(values), merged))
    return result


def _must_fit(found: Schema, known: Schema) -> None:
    if merge(known, found) != known:
        raise ConflictError("it has a field or a type that they had not")


class _Shapes:
    """Infers each shape of a flat object once: its keys and the types of their values."""

    def __init__(self) -> None:
        self._schemas: dict[Any, Schema | None] = {}
        self._merged: list[Schema] = []

    def infer(self, value: Any) -> Schema | None:
        if type(value) is not dict:
            return infer(value)
        types = tuple(map(type, value.values()))
        if not _FLAT.issuperset(types):
            return infer(value)
        shape = (tuple(value), types)
        if shape not in self._schemas:
            self._schemas[shape] = infer(value)
        return self._schemas[shape]

    def is_merged(self, schema: Schema) -> bool:
        """Whether this very object was merged of late, which then need not be done again."""
        return any(schema is each for each in self._merged)

    def note_merged(self, schema: Schema) -> None:
        self._merged = [schema, *self._merged[:3]]

    def forget_merged(self) -> None:
        self._merged.clear()


_FLAT = {bool, int, float, str, bytes, type(None)}
"""Types whose schema does not depend on the value."""


def coercion(schema: Schema) -> Callable[[Any], Any] | None:
    """What makes values fit a schema that was widened; None if it was not."""
    if schema == WIDENED:
        return _as_text
    match schema.type:
        case Type.STRUCT:
            changed = {each.name: change for each in schema.fields if (change := coercion(each.schema))}
            return (lambda value: _changed(value, changed)) if changed else None
        case Type.ARRAY:
            change = coercion(schema.items)
            return (lambda value: value and [change(item) for item in value]) if change else None
    return None


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str | None) else json_text(value).decode()


def _changed(value: dict[str, Any] | None, changes: dict[str, Callable[[Any], Any]]) -> dict[str, Any] | None:
    if value is None:
        return None
    return {name: changes[name](item) if name in changes else item for name, item in value.items()}
