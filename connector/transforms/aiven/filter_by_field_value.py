"""Aiven's FilterByFieldValue: keeps the records whose field, key or value is, or looks like, something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from connector.config.option import BOOLEAN, STRING, Importance, defaulted, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.float32 import narrowed
from connector.java_regex import check_java_regex, compile_java
from connector.literal import parse_literal
from connector.schema import INTEGER_BITS, Type
from connector.transforms.aiven.rows import field_schema, is_struct, runs, value_at
from connector.transforms.aiven.text import java_text
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.record import RecordBatch
    from connector.schema import Schema


class FilterByFieldValueConfig(Config):
    field = optional(
        "field.name",
        STRING,
        "The field to look at; without it, the whole key or value.",
        importance=Importance.HIGH,
        group="Transform",
    )
    expected = optional(
        "field.value",
        STRING,
        "What the field must be, read as Kafka Connect reads headers. Numbers are compared with their type:"
        " 1 is an INT8, and no number in JSON is. Take the pattern for those.",
        importance=Importance.HIGH,
        group="Transform",
    )
    pattern = optional(
        "field.value.pattern",
        STRING,
        "The Java regular expression that must be found in the field's text.",
        validate=check_java_regex,
        importance=Importance.HIGH,
        group="Transform",
    )
    matches = defaulted(
        "field.value.matches",
        BOOLEAN,
        True,
        "Whether records that match are kept, or the others.",
        group="Transform",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if (self.expected is not None) == bool(self.pattern):
            text = "Either field.value or field.value.pattern have to be set to apply filter transform"
            yield Problem("field.value", text)


class FilterByFieldValue(Transform):
    """Nulls are kept; a record whose field is missing is errant if a value is expected."""

    config_class: ClassVar[type[Config]] = FilterByFieldValueConfig
    column: ClassVar[str]

    def __init__(self, config: FilterByFieldValueConfig) -> None:
        super().__init__(config)
        self._is_match = _looks_like(config.pattern) if config.pattern else _equals(config.expected or "")

    def apply(self, batch: RecordBatch) -> RecordBatch:
        kept: list[bool] = []
        for schema, values in runs(getattr(batch, self.column)):
            kept += [value is None or self._is_kept(value, schema) for value in values]
        if all(kept):
            return batch
        return batch.select([index for index, stays in enumerate(kept) if stays])

    def _is_kept(self, value: Any, schema: Schema | None) -> bool:
        name = self.config.field
        found, inner = value, schema
        if name:
            if not isinstance(value, dict) or (schema is not None and not is_struct(schema)):
                raise ValueError(f"Only structs and maps have a field {name}")
            inner = field_schema(schema, name) if schema is not None else None
            if schema is not None and inner is None:
                raise ValueError(f"{name} is not a valid field name")
            found = value_at(value, name, inner)
        return self._is_match(found, inner) is self.config.matches


def _looks_like(pattern: str) -> Callable[[Any, Schema | None], bool]:
    search = compile_java(pattern).search

    def is_match(value: Any, _: Schema | None) -> bool:
        if value is None:
            return False
        return bool(search(_json_text(value) if isinstance(value, dict | list) else java_text(value)))

    return is_match


def _json_text(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise ValueError(f"The field has no text to match: {error}") from error


def _equals(text: str) -> Callable[[Any, Schema | None], bool]:
    expected = parse_literal(text)
    wanted = _type_of_literal(expected)

    def is_match(value: Any, schema: Schema | None) -> bool:
        if value is None:
            raise ValueError("The field to filter by is missing or null")
        given = schema.type if schema is not None else _type_without_schema(value)
        return bool(given is wanted and value == expected)

    return is_match


def _type_of_literal(value: Any) -> Type | None:
    """As Connect reads texts: the smallest type that holds a number."""
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, int):
        return next(kind for kind, bits in INTEGER_BITS.items() if -(1 << bits - 1) <= value < 1 << bits - 1)
    if isinstance(value, float):
        return Type.FLOAT32 if abs(narrowed(value)) != float("inf") else Type.FLOAT64
    return _type_without_schema(value)


def _type_without_schema(value: Any) -> Type | None:
    kinds = {str: Type.STRING, bool: Type.BOOLEAN, int: Type.INT64, float: Type.FLOAT64, list: Type.ARRAY}
    return kinds.get(type(value))


class FilterByFieldValueKey(FilterByFieldValue):
    column = "keys"
    columns = frozenset({"keys"})


class FilterByFieldValueValue(FilterByFieldValue):
    column = "values"
    columns = frozenset({"values"})
