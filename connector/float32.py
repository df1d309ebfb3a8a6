"""Floats of 32 bits as Python's, which have 64: 1.1 stays 1.1 and does not become 1.100000023841858."""

from __future__ import annotations

from struct import Struct

_single = Struct("<f")
_EXACT = float(1 << 24)
_FEWEST_DIGITS, _MOST_DIGITS = 6, 9
_SMALLEST_NORMAL = 2.0**-126


def shortest(number: float) -> float:
    """The number with the fewest digits that has the same 32 bits; it is what Java prints of a float."""
    if number.is_integer() and -_EXACT <= number <= _EXACT:
        return number
    try:
        bits = _single.pack(number)
    except OverflowError:
        return number
    for digits in range(_FEWEST_DIGITS if abs(number) >= _SMALLEST_NORMAL else 2, _MOST_DIGITS):
        found = float(f"{number:.{digits}g}")
        try:
            if _single.pack(found) == bits:
                return found
        except OverflowError:  # rounded up beyond the largest
            continue
    found = float(f"{number:.{_MOST_DIGITS}g}")
    return found if found == found else number  # noqa: PLR0124 - NaN stays the NaN it was


def narrowed(number: float) -> float:
    """As many of the number's digits as 32 bits hold; infinity if it is too large for them."""
    try:
        (single,) = _single.unpack(_single.pack(number))
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    return shortest(single)
