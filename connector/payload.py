"""Values as Connect's JSON writes them, read back by their schema: base64, days and milliseconds undone.

Stricter than Java on purpose: there, text where a number is declared reads as 0.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connector.schema import DATE, DECIMAL, INTEGER_BITS, TIME, TIMESTAMP, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.schema import Schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000

MOMENTS = {
    DATE: ((date.min - _EPOCH.date()).days, (date.max - _EPOCH.date()).days),
    TIME: (0, _DAY_MS - 1),
    TIMESTAMP: (
        (date.min - _EPOCH.date()).days * _DAY_MS,
        ((date.max - _EPOCH.date()).days + 1) * _DAY_MS - 1,
    ),
}
"""The first and the last number of each logical type that stands for a moment: the years 1 to 9999."""
_MOST_DIGITS = 32_768
"""Of a number that JSON writes with an exponent: few characters must not become a gigabyte."""


def is_plain(schema: Schema) -> bool:
    """Whether values of this schema are what JSON decodes to, once it is known that they fit."""
    return not any(each.logical or each.type in {Type.BYTES, Type.MAP} for each in schema.nested())


@lru_cache(1000)
def reader(schema: Schema, *, defaults: bool = True) -> Callable[[Any], Any]:
    """What turns decoded JSON of this schema into a Python value.

    The reader raises ValueError with the path of what does not fit. ``defaults``: whether a null becomes
    the schema's default, where it has one.
    """
    read = _by_type(schema, defaults=defaults)
    default = schema.default if defaults else None

    def read_maybe(value: Any) -> Any:
        if value is not None:
            return read(value)
        if default is None and not schema.optional:
            raise ValueError(f"Invalid null value for required {schema.type} field")
        return default

    return read_maybe


def _by_type(schema: Schema, *, defaults: bool) -> Callable[[Any], Any]:
    if schema.logical:
        return _logical(schema)
    if schema.type in _NESTED:
        return _NESTED[schema.type](schema, defaults)
    return _SCALARS.get(schema.type) or _integer(schema.type)


def _array(schema: Schema, defaults: bool) -> Callable[[Any], Any]:
    item = reader(schema.items, defaults=defaults)
    return lambda value: [item(each) for each in _typed(value, list, "ARRAY")]


def _struct(schema: Schema, defaults: bool) -> Callable[[Any], Any]:
    readers = [(found.name, reader(found.schema, defaults=defaults)) for found in schema.fields]

    def read(value: Any) -> dict[str, Any]:
        given = _typed(value, dict, "STRUCT")
        result = {}
        for name, read_field in readers:
            try:
                result[name] = read_field(given.get(name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return result

    return read


def _map(schema: Schema, defaults: bool) -> Callable[[Any], Any]:
    key = reader(schema.keys, defaults=defaults) if schema.keys else str
    item = reader(schema.items, defaults=defaults)

    def read(value: Any) -> dict[Any, Any]:
        # Keys that are no text do not fit a JSON object: Connect writes such a map as pairs.
        pairs = value.items() if isinstance(value, dict) else _typed(value, list, "MAP")
        try:
            return {key(name): item(each) for name, each in pairs}
        except TypeError:
            raise ValueError("a MAP is an object or a list of pairs") from None

    return read


def _logical(schema: Schema) -> Callable[[Any], Any]:
    match schema.name:
        case _ if schema.name == DECIMAL:
            return lambda value: _decimal(value, schema.scale)
        case _ if schema.name == DATE:
            return lambda value: _moment(value, "Date", lambda number: (_EPOCH + number * _DAY).date())
        case _ if schema.name == TIME:
            return lambda value: _moment(value, "Time", _time)
        case _ if schema.name == TIMESTAMP:
            return lambda value: _moment(
                value, "Timestamp", lambda number: _EPOCH + timedelta(milliseconds=number)
            )
    raise AssertionError(schema.name)


def _moment(value: Any, kind: str, convert: Callable[[int], Any]) -> date | time | datetime:
    number = _typed(value, int, kind)
    try:
        result: date | time | datetime = convert(number)
    except OverflowError:
        raise ValueError(f"{number} is no {kind} from the year 1 to 9999") from None
    return result


def _time(millis: int) -> time:
    if not 0 <= millis < _DAY_MS:
        raise ValueError(f"{millis} is no time of day in milliseconds")
    return (_EPOCH + timedelta(milliseconds=millis)).time()


def _decimal(value: Any, scale: int) -> Decimal:
    if isinstance(value, str):
        unscaled = int.from_bytes(_bytes(value), signed=True)
        return decimal_of(unscaled, scale)
    number = Decimal(str(_number(value, "Decimal")))
    sign, digits, exponent = number.as_tuple()
    if isinstance(exponent, str) or exponent + scale > _MOST_DIGITS:
        raise ValueError(f"{number} is too large for a Decimal")
    shift = exponent + scale
    if shift < 0 and any(digits[shift:]):
        raise ValueError(f"{number} has more than {scale} digits after the point")
    # By its digits: arithmetic would round to the context's precision.
    kept = digits[:shift] if shift < 0 else digits + (0,) * shift
    return Decimal((sign if any(kept) else 0, kept, -scale))


def decimal_of(unscaled: int, scale: int) -> Decimal:
    """Exactly this many digits after the point, whatever the context's precision."""
    digits = tuple(map(int, str(abs(unscaled))))
    return Decimal((int(unscaled < 0), digits, -scale))


def _bytes(value: Any) -> bytes:
    try:
        return a2b_base64(_typed(value, str, "BYTES"), strict_mode=True)
    except Base64Error as error:
        raise ValueError(f"BYTES are base64 text: {error}") from error


def _integer(kind: Type) -> Callable[[Any], int]:
    limit = 1 << (INTEGER_BITS[kind] - 1)

    def read(value: Any) -> int:
        number = _number(value, kind)
        if not -limit <= number < limit or number != int(number):
            raise ValueError(f"{number} is no {kind}")
        return int(number)

    return read


def _number(value: Any, kind: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"{kind} expected, {_kind(value)} given")  # noqa: TRY004 - what readers raise
    return value


def _typed(value: Any, expected: type[Any], kind: str) -> Any:
    if type(value) is not expected:
        raise ValueError(f"{kind} expected, {_kind(value)} given")
    return value


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), type(value).__name__)


_KINDS = {
    bool: "BOOLEAN",
    int: "INT64",
    float: "FLOAT64",
    Decimal: "FLOAT64",
    str: "STRING",
    dict: "MAP",
    list: "ARRAY",
}


_NESTED = {Type.STRUCT: _struct, Type.ARRAY: _array, Type.MAP: _map}
_SCALARS: dict[Type, Callable[[Any], Any]] = {
    Type.FLOAT32: lambda value: float(_number(value, Type.FLOAT32)),
    Type.FLOAT64: lambda value: float(_number(value, Type.FLOAT64)),
    Type.BOOLEAN: lambda value: _typed(value, bool, "BOOLEAN"),
    Type.STRING: lambda value: _typed(value, str, "STRING"),
    Type.BYTES: _bytes,
}
