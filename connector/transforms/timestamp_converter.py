"""Kafka's TimestampConverter: times as text, numbers since 1970, or Connect's Date, Time or Timestamp."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import STRING, Importance, defaulted, one_of, required
from connector.config.schema import Config
from connector.errors import Problem
from connector.schema import DATE, TIME, TIMESTAMP, Field, Schema, Type
from connector.transforms.field import (
    Change,
    FieldTransform,
    Nulls,
    around_nulls,
    copies,
    defaults_of,
    java_name,
    replaces_null,
)
from connector.transforms.moment import date_of, millis_of, time_of
from connector.transforms.simple_date import SimpleDate, check_simple_date, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TYPES = ("string", "unix", "Date", "Time", "Timestamp")
_PER_MILLISECOND = {"milliseconds": 1, "microseconds": 1000, "nanoseconds": 1_000_000}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def _legal_format(value: str) -> None:
    if value:
        check_simple_date(value)


class TimestampConverterConfig(Config):
    field = defaulted(
        "field",
        STRING,
        "",
        "The field with the time; if empty, the key or value itself is the time.",
        importance=Importance.HIGH,
        group="Transform",
    )
    target = required(
        "target.type",
        STRING,
        "What the time becomes: a text, a number since 1970, or one of Connect's types.",
        validate=one_of(*_TYPES),
        choices=_TYPES,
        group="Transform",
    )
    format = defaulted(
        "format",
        STRING,
        "",
        "The Java SimpleDateFormat pattern of texts that are read or written, in UTC and English.",
        validate=_legal_format,
        group="Transform",
    )
    precision = defaulted(
        "unix.precision",
        STRING,
        "milliseconds",
        "What numbers count, both those read and those written; times finer than milliseconds lose that.",
        validate=one_of("seconds", *_PER_MILLISECOND),
        choices=("seconds", *_PER_MILLISECOND),
        importance=Importance.LOW,
        group="Transform",
    )
    replaces = replaces_null()

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.target == "string" and not self.format:
            option = TimestampConverterConfig.format
            text = "TimestampConverter requires format option to be specified when using string timestamps"
            if not self.is_faulty(option):
                yield Problem(option.name, text)


_SCHEMAS = {
    "string": Schema(Type.STRING),
    "unix": Schema(Type.INT64),
    "Date": Schema(Type.INT32, name=DATE, version=1),
    "Time": Schema(Type.INT32, name=TIME, version=1),
    "Timestamp": Schema(Type.INT64, name=TIMESTAMP, version=1),
}


class TimestampConverter(FieldTransform):
    """Nulls stay null. Without schema, a value shows itself what it is."""

    config_class: ClassVar[type[Config]] = TimestampConverterConfig
    purpose = "converting timestamp formats"
    nulls = Nulls.GIVEN

    def __init__(self, config: TimestampConverterConfig) -> None:
        super().__init__(config)
        self._pattern = SimpleDate(config.format) if config.format else None
        self._write = self._writer()

    @property
    def takes_any(self) -> bool:
        return not self.config.field

    def change(self, schema: Schema | None) -> Change:
        convert = self._converter(schema)
        if not self.config.field:
            new = schema and _SCHEMAS[self.config.target].as_optional(optional=schema.optional)
            return Change(new, lambda values, _: list(map(convert, values)))
        if schema is None:
            return Change(None, lambda values, _: self._converted(values, convert))
        return self._change_struct(schema)

    def _change_struct(self, schema: Schema) -> Change:
        name, target = self.config.field, _SCHEMAS[self.config.target]
        found = next((each.schema for each in schema.fields if each.name == name), None)
        defaults = defaults_of(schema, replaces=self.config.replaces)
        if found is None:
            return Change(schema, lambda values, _: around_nulls(values, lambda rows: copies(rows, defaults)))
        convert = self._converter(found)
        fields = tuple(
            Field(name, target.as_optional(optional=found.optional)) if each.name == name else each
            for each in schema.fields
        )
        default = schema.default and self._converted([schema.default], convert)[0]
        return Change(
            replace(schema, fields=fields, default=default),
            lambda values, _: self._converted(values, convert, defaults),
        )

    def _converted(
        self,
        values: list[Any],
        convert: Callable[[Any], Any],
        defaults: list[tuple[str, Any]] | None = None,
    ) -> list[Any]:
        name = self.config.field

        def change(rows: list[Any]) -> list[Any]:
            changed = copies(rows, defaults or ())
            for row in changed:
                row[name] = convert(row.get(name))
            return changed

        return around_nulls(values, change)

    # ---- one time ----

    def _converter(self, schema: Schema | None) -> Callable[[Any], Any]:
        """What converts a time of this schema; fails if it is none of a time, for null as well."""
        read = self._reader(schema) if schema else self._read_plain
        if read is None:
            return _refusal(schema)
        write = self._write
        return lambda value: None if value is None else write(read(value))

    def _reader(self, schema: Schema) -> Callable[[Any], int] | None:
        if schema.name in {TIMESTAMP, DATE, TIME}:
            return millis_of
        if schema.type is Type.STRING:
            return self._read_text
        return self._read_number if schema.type is Type.INT64 else None

    def _read_plain(self, value: Any) -> int:
        match value:
            case str():
                return self._read_text(value)
            case int() if not isinstance(value, bool):
                return self._read_number(value)
            case date() | time() | datetime():
                return millis_of(value)
        raise ValueError(
            f"TimestampConverter does not support class {java_name(value)} objects as timestamps"
        )

    def _read_text(self, value: str) -> int:
        if self._pattern is None:
            raise ValueError("Without the option format no text can be read as a time")
        return self._pattern.parse(value)

    def _read_number(self, value: int) -> int:
        if self.config.precision == "seconds":
            return _within_long(value * 1000)
        return _cut(value, _PER_MILLISECOND[self.config.precision])

    def _writer(self) -> Callable[[int], Any]:
        match self.config.target:
            case "string" if self._pattern is not None:
                return self._pattern.format
            case "Date":
                return date_of
            case "Time":
                return time_of
            case "Timestamp":
                return moment_of
        if self.config.precision == "seconds":
            return lambda millis: _cut(millis, 1000)
        factor = _PER_MILLISECOND[self.config.precision]
        return lambda millis: _within_long(millis * factor)


def _refusal(schema: Schema | None) -> Callable[[Any], Any]:
    def refuse(_: Any) -> Any:
        raise ValueError(
            f"Schema {schema and schema.type} does not correspond to a known timestamp type format"
        )

    return refuse


def _cut(number: int, unit: int) -> int:
    """Towards zero, as Java divides."""
    return number // unit if number >= 0 else -(-number // unit)


def _within_long(number: int) -> int:
    return max(_LEAST, min(_MOST, number))


class TimestampConverterKey(TimestampConverter):
    column = "keys"
    columns = frozenset({"keys"})


class TimestampConverterValue(TimestampConverter):
    column = "values"
    columns = frozenset({"values"})
