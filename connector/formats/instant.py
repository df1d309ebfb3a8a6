"""Timestamps as Java's ``Instant`` prints them, a column at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MILLIS = [b'Z"', *[b'.%03dZ"' % millis for millis in range(1, 1000)]]
_CYCLE_SECONDS = 146_097 * 86_400
"""The Gregorian calendar repeats itself after 400 years."""
_LAST_FOUR_DIGIT_YEAR = 9999


class _Seconds(dict[int, bytes]):
    """The text of each second, formatted when it is first seen: batches hold few different ones."""

    def __missing__(self, second: int) -> bytes:
        text = self[second] = f'"{_iso_second(second)}'.encode()
        return text


def json_instants(timestamps: Sequence[int | None]) -> list[bytes]:
    """JSON strings such as ``"1970-01-01T00:00:01.234Z"``, without the fraction for a whole second.

    Args:
        timestamps: Milliseconds since the epoch; None becomes ``null``.
    """
    seconds = _Seconds()
    return [
        b"null" if timestamp is None else seconds[timestamp // 1000] + _MILLIS[timestamp % 1000]
        for timestamp in timestamps
    ]


def _iso_second(second: int) -> str:
    # Producers do write microseconds where milliseconds belong; Java prints such years with a sign, and
    # Python's datetime ends at 9999.
    cycles, rest = divmod(second, _CYCLE_SECONDS)
    moment = datetime.fromtimestamp(rest, UTC)
    year = moment.year + 400 * cycles
    return f"{_iso_year(year)}-{moment:%m-%dT%H:%M:%S}"


def _iso_year(year: int) -> str:
    if year > _LAST_FOUR_DIGIT_YEAR:
        return f"+{year}"
    return f"{year:04}" if year >= 0 else f"-{-year:04}"
