"""Kafka's converters of one number: a fixed count of bytes, big-endian."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, ClassVar

from connector.column import SchemaColumn
from connector.converters.base import Converter
from connector.float32 import shortest
from connector.schema import Schema, Schemas, Type

if TYPE_CHECKING:
    from collections.abc import Sequence


class NumberConverter(Converter):
    """Reads the bytes that Kafka's serializer of the same type writes; null stays null."""

    layout: ClassVar[Struct]
    schema: ClassVar[Schema]

    def convert(self, data: bytes | None) -> Any:
        if data is None:
            return None
        if len(data) != self.layout.size:
            raise ValueError(
                f"Failed to deserialize {self.schema.type.lower()}: it has {self.layout.size} byte(s), and"
                f" {len(data)} were given. Take the converter of what the producer writes."
            )
        (number,) = self.layout.unpack(data)
        return number

    def convert_column(self, column: Sequence[bytes | None]) -> SchemaColumn:
        return SchemaColumn(map(self.convert, column), Schemas([self.schema]))


class ShortConverter(NumberConverter):
    """16 bits."""

    layout = Struct(">h")
    schema = Schema(Type.INT16, optional=True)


class IntegerConverter(NumberConverter):
    """32 bits."""

    layout = Struct(">i")
    schema = Schema(Type.INT32, optional=True)


class LongConverter(NumberConverter):
    """64 bits."""

    layout = Struct(">q")
    schema = Schema(Type.INT64, optional=True)


class FloatConverter(NumberConverter):
    """A float of 32 bits, with the digits that Java shows of it."""

    layout = Struct(">f")
    schema = Schema(Type.FLOAT32, optional=True)

    def convert(self, data: bytes | None) -> Any:
        number = super().convert(data)
        return None if number is None else shortest(number)


class DoubleConverter(NumberConverter):
    """A float of 64 bits."""

    layout = Struct(">d")
    schema = Schema(Type.FLOAT64, optional=True)


class BooleanConverter(NumberConverter):
    """One byte, 0 or 1."""

    layout = Struct(">b")
    schema = Schema(Type.BOOLEAN, optional=True)

    def convert(self, data: bytes | None) -> Any:
        number = super().convert(data)
        if number not in {0, 1, None}:
            raise ValueError(f"Failed to deserialize boolean: the byte is {number}, neither 0 nor 1.")
        return None if number is None else number == 1
