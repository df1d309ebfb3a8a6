"""Kafka's Cast: makes fields, or whole keys or values, numbers, booleans or text."""

from __future__ import annotations

import math
from base64 import b64encode
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import LIST, required
from connector.config.schema import Config
from connector.float32 import narrowed
from connector.schema import INTEGER_BITS, LOGICAL_TYPES, Field, Schema, Type
from connector.transforms.field import Change, FieldTransform, copies, defaults_of, java_name, replaces_null
from connector.transforms.java_number import (
    exact,
    float_text,
    is_number,
    read_float,
    read_integer,
    whole,
    wrapped,
)
from connector.transforms.moment import logical_number, millis_of
from connector.transforms.simple_date import DAY_MS, SimpleDate

if TYPE_CHECKING:
    from collections.abc import Callable

_OUTPUTS = {
    each.value.lower(): each
    for each in (*INTEGER_BITS, Type.FLOAT32, Type.FLOAT64, Type.BOOLEAN, Type.STRING)
}
_REFUSED = {Type.ARRAY, Type.MAP, Type.STRUCT}
_PAIR = 2
_TIME = SimpleDate("HH:mm:ss.SSS'Z'")
_DATE = SimpleDate("yyyy-MM-dd")
_TIMESTAMP = SimpleDate("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")


def _parse(spec: list[str]) -> dict[str | None, Type]:
    """Types by field; of the whole value by None."""
    found: dict[str | None, Type] = {}
    for each in spec:
        parts = each.split(":")
        if len(parts) > _PAIR:
            raise ValueError(f"Invalid cast mapping: {each}")
        name = parts[-1].strip()
        if name.lower() not in _OUTPUTS:
            raise ValueError(f"Invalid type found in casting spec: {name}; there are {', '.join(_OUTPUTS)}")
        found[parts[0].strip() if len(parts) == _PAIR else None] = _OUTPUTS[name.lower()]
    if None in found and len(spec) > 1:
        raise ValueError(
            "Cast transformations that specify a type to cast the entire value to may only specify a single"
            " cast in their spec"
        )
    return found


def _check_spec(spec: list[str]) -> None:
    if not spec:
        raise ValueError("Must specify at least one field to cast.")
    _parse(spec)


class CastConfig(Config):
    spec = required(
        "spec",
        LIST,
        "Pairs of a field and its new type, as field:type, or one type for the whole. Types are int8, int16,"
        " int32, int64, float32, float64, boolean and string. Numbers too large for their type wrap.",
        validate=_check_spec,
        group="Transform",
    )
    replaces = replaces_null()


class Cast(FieldTransform):
    """Nulls pass."""

    config_class: ClassVar[type[Config]] = CastConfig
    purpose = "cast types"

    def __init__(self, config: CastConfig) -> None:
        super().__init__(config)
        self._types = _parse(config.spec)
        self._whole = self._types.get(None)

    @property
    def takes_any(self) -> bool:
        return self._whole is not None

    def change(self, schema: Schema | None) -> Change:
        if self._whole is not None:
            cast = caster(schema, self._whole)
            new = schema and _whole_schema(schema, self._whole, cast)
            return Change(new, lambda values, _: list(map(cast, values)))
        if schema is None:
            casts = [(name or "", caster(None, kind)) for name, kind in self._types.items()]
            return Change(None, lambda values, _: _cast_fields(copies(values), casts))
        return self._change_struct(schema)

    def _change_struct(self, schema: Schema) -> Change:
        casts, fields = [], []
        for found in schema.fields:
            kind = self._types.get(found.name)
            if kind is None:
                fields.append(found)
            else:
                cast = caster(found.schema, kind)
                casts.append((found.name, cast))
                fields.append(Field(found.name, _field_schema(found.schema, kind, cast)))
        default = schema.default and _cast_fields([dict(schema.default)], casts)[0]
        defaults = defaults_of(schema, replaces=self.config.replaces)
        return Change(
            replace(schema, fields=tuple(fields), default=default),
            lambda values, _: _cast_fields(copies(values, defaults), casts),
        )


def _cast_fields(
    rows: list[dict[str, Any]], casts: list[tuple[str, Callable[[Any], Any]]]
) -> list[dict[str, Any]]:
    for name, cast in casts:
        for row in rows:
            row[name] = cast(row.get(name))
    return rows


def _field_schema(schema: Schema, kind: Type, cast: Callable[[Any], Any]) -> Schema:
    return Schema(kind, optional=schema.optional, default=cast(schema.default))


def _whole_schema(schema: Schema, kind: Type, cast: Callable[[Any], Any]) -> Schema:
    """Name and parameters stay, other than those that say how the value was to be understood."""
    bare = Schema(kind, optional=schema.optional, doc=schema.doc, default=cast(schema.default))
    if schema.name in LOGICAL_TYPES:
        return bare
    return replace(bare, name=schema.name, version=schema.version, parameters=schema.parameters)


def caster(schema: Schema | None, kind: Type) -> Callable[[Any], Any]:
    """What casts a value of this schema, or of the kind it shows itself; null stays null.

    The function raises ValueError where there is no way, or a text is none of such a number.
    """
    convert = _CONVERT[kind]
    is_single = schema is not None and schema.type is Type.FLOAT32 and kind is not Type.STRING

    def cast(value: Any) -> Any:
        if value is None:
            return None
        if schema is None:
            _check_plain(value)
        elif schema.type in _REFUSED:
            raise ValueError(f"Cast transformation does not support casting from {schema.type}")
        if kind is Type.STRING:
            return convert(value, schema)
        number = exact(value) if is_single else logical_number(value)
        try:
            return convert(value if number is None else number)
        except _UnexpectedTypeError:
            raise
        except ValueError as error:
            raise ValueError(f"Value ({value}) was out of range for requested data type") from error

    return cast


def _check_plain(value: Any) -> None:
    kinds = {list: Type.ARRAY, dict: Type.MAP}
    if kind := kinds.get(type(value)):  # type: ignore[call-overload]
        raise ValueError(f"Cast transformation does not support casting from {kind}")
    if java_name(value) == "java.util.Date":
        raise ValueError(
            "Cast transformation was passed a value of type class java.util.Date which is not supported by"
            " Connect's data API"
        )


def _integer(kind: Type, value: Any) -> int:
    if isinstance(value, int):
        return wrapped(int(value), INTEGER_BITS[kind])
    if is_number(value):
        return whole(value, INTEGER_BITS[kind])
    return read_integer(_text_of(value), kind)


def _float64(value: Any) -> float:
    if not isinstance(value, bool) and not is_number(value):
        return read_float(_text_of(value))
    try:
        return float(value)
    except OverflowError:  # JSON without schemas has integers of any size
        return math.inf if value > 0 else -math.inf


def _float32(value: Any) -> float:
    return narrowed(_float64(value))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if is_number(value):
        return (value if isinstance(value, int) else whole(value, 64)) != 0
    return _text_of(value).lower() == "true"


def _text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise _UnexpectedTypeError(f"Unexpected type in Cast transformation: class {java_name(value)}")
    return value


class _UnexpectedTypeError(ValueError):
    """Not a matter of range."""


def _string(value: Any, schema: Schema | None) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(wrapped(value, 64) if schema is None else value)
    return _TEXTS[type(value)](value)


def _time_text(millis: int) -> str:
    if millis < DAY_MS:
        return _TIME.format(millis)
    return (_TIMESTAMP if millis % DAY_MS else _DATE).format(millis)


_TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    float: float_text,
    bytes: lambda value: b64encode(value).decode(),
    Decimal: str,
    **dict.fromkeys((date, time, datetime), lambda value: _time_text(millis_of(value))),
}
_CONVERT: dict[Type, Callable[..., Any]] = {
    **{kind: partial(_integer, kind) for kind in INTEGER_BITS},
    Type.FLOAT32: _float32,
    Type.FLOAT64: _float64,
    Type.BOOLEAN: _boolean,
    Type.STRING: _string,
}


class CastKey(Cast):
    column = "keys"
    columns = frozenset({"keys"})


class CastValue(Cast):
    column = "values"
    columns = frozenset({"values"})
