"""Kafka's MaskField: puts nothing of the same kind, or a text of the user's, in the place of values."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import LIST, STRING, Importance, non_empty, optional, required
from connector.config.schema import Config
from connector.float32 import narrowed
from connector.payload import decimal_of
from connector.schema import DECIMAL, INTEGER_BITS, Schema, Type
from connector.transforms.base import non_empty_list
from connector.transforms.field import (
    Change,
    FieldTransform,
    Nulls,
    copies,
    defaults_of,
    java_name,
    replaces_null,
)
from connector.transforms.java_number import read_float, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable


class MaskFieldConfig(Config):
    fields = required("fields", LIST, "The fields to mask.", validate=non_empty_list, group="Transform")
    replacement = optional(
        "replacement",
        STRING,
        "What stands in their place, for texts and numbers. If absent: 0, false, an empty text, list or map.",
        validate=non_empty,
        importance=Importance.LOW,
        group="Transform",
    )
    replaces = replaces_null()


class MaskField(FieldTransform):
    """A null field stays null; a null key or value fails."""

    config_class: ClassVar[type[Config]] = MaskFieldConfig
    purpose = "mask fields"
    nulls = Nulls.FAIL

    def __init__(self, config: MaskFieldConfig) -> None:
        super().__init__(config)
        self._fields = list(dict.fromkeys(config.fields))

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            masks = [(name, self._mask(None)) for name in self._fields]
            return Change(None, lambda values, _: _masked(copies(values), masks))
        masks = [
            (found.name, self._mask(found.schema)) for found in schema.fields if found.name in self._fields
        ]
        defaults = defaults_of(schema, replaces=self.config.replaces)
        return Change(schema, lambda values, _: _masked(copies(values, defaults), masks))

    def _mask(self, schema: Schema | None) -> Callable[[Any], Any]:
        text = self.config.replacement
        return nothing_like(schema) if text is None else replacement_like(schema, text)


def _masked(
    rows: list[dict[str, Any]], masks: list[tuple[str, Callable[[Any], Any]]]
) -> list[dict[str, Any]]:
    for name, mask in masks:
        for row in rows:
            found = row.get(name)
            row[name] = None if found is None else mask(found)
    return rows


_NOTHING: dict[type, Any] = {
    bool: False,
    int: 0,
    float: 0.0,
    str: "",
    date: date(1970, 1, 1),
    time: time(),
    datetime: datetime(1970, 1, 1, tzinfo=UTC),
}


def nothing_like(schema: Schema | None) -> Callable[[Any], Any]:
    """What makes a 0, or something empty, of the kind of a value."""

    def mask(value: Any) -> Any:
        kind = type(value)
        if kind is Decimal:
            return decimal_of(0, schema.scale if schema and schema.name == DECIMAL else 0)
        if kind is list:
            return []
        if kind is dict and (schema is None or schema.type is Type.MAP):
            return {}
        if kind not in _NOTHING:
            raise ValueError(f"Cannot mask value of type: class {_class_of(value)}")
        return _NOTHING[kind]

    return mask


def replacement_like(schema: Schema | None, text: str) -> Callable[[Any], Any]:
    """What makes a value of the text, of the kind of a value."""

    def mask(value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return text
        if kind not in {int, float, Decimal}:
            raise ValueError(f"Cannot mask value of type class {_class_of(value)} with custom replacement.")
        try:
            return _number(kind, schema)
        except (ValueError, InvalidOperation) as error:
            raise ValueError(f"Unable to convert {text} (class java.lang.String) to number") from error

    def _number(kind: type, schema: Schema | None) -> Any:
        if kind is float:
            double = read_float(text)
            return narrowed(double) if schema and schema.type is Type.FLOAT32 else double
        number = Decimal(text)
        if not math.isfinite(number):
            raise ValueError(text)
        if kind is int:
            return wrapped(int(number), INTEGER_BITS[schema.type] if schema else 64)
        return _scaled(number, schema)

    return mask


def _scaled(number: Decimal, schema: Schema | None) -> Decimal:
    """With the digits that its schema asks for, or the text's own."""
    if schema is None or schema.name != DECIMAL:
        return number
    unscaled = number.scaleb(schema.scale)
    if unscaled != unscaled.to_integral_value():
        raise ValueError(f"{number} has more than {schema.scale} digits after the point")
    return decimal_of(int(unscaled), schema.scale)


def _class_of(value: Any) -> str:
    return "org.apache.kafka.connect.data.Struct" if isinstance(value, dict) else java_name(value)


class MaskFieldKey(MaskField):
    column = "keys"
    columns = frozenset({"keys"})


class MaskFieldValue(MaskField):
    column = "values"
    columns = frozenset({"values"})
