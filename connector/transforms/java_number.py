"""Numbers as Java converts them: overflow wraps, fractions are cut, texts are read and written its way."""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from typing import Any

from connector.schema import INTEGER_BITS, Type

_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"([+-]?)(?:(NaN|Infinity)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?)")
_LEAST_PLAIN, _MOST_PLAIN = 1e-3, 1e7


def wrapped(number: int, bits: int) -> int:
    """The lowest bits of a number, as a signed one."""
    half = 1 << (bits - 1)
    return (number + half) % (1 << bits) - half


def whole(number: float | Decimal, bits: int) -> int:
    """The whole part of a number, as ``(int) x`` is in Java: at its limits where it goes beyond them."""
    if isinstance(number, Decimal):
        # 10 to that power ends in so many zero bits, and would take long to write out.
        is_round = int(number.as_tuple().exponent) >= bits
        return 0 if is_round else wrapped(int(number), bits)
    if math.isnan(number):
        return 0
    size = max(bits, 32)
    limit = 1 << (size - 1)
    cut = limit if number >= limit else -limit if number <= -limit else int(number)
    # Small types go through int, so they wrap there.
    return wrapped(max(-limit, min(limit - 1, cut)), bits)


def read_integer(text: str, kind: Type) -> int:
    """Raises ValueError if the text is no integer of this type."""
    limit = 1 << (INTEGER_BITS[kind] - 1)
    if not _INTEGER.fullmatch(text) or not -limit <= (number := int(text)) < limit:
        raise ValueError(text)
    return number


def read_float(text: str) -> float:
    """Raises ValueError if the text is no floating-point number."""
    found = _FLOAT.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    sign, special, digits = found.groups()
    number = float(special or digits)
    return -number if sign == "-" else number


def exact(single: float) -> float:
    """All digits of a float of 32 bits, which is held with as few as tell it from others."""
    (number,) = struct.unpack("f", struct.pack("f", single))
    return float(number)


def float_text(number: float) -> str:
    """As ``Double.toString`` writes it."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0 or _LEAST_PLAIN <= abs(number) < _MOST_PLAIN:
        text = format(Decimal(repr(number)), "f")
        return text if "." in text else f"{text}.0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = int(exponent) + len(text) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
