"""Intervals that cut time for names: quarters of an hour, or weeks, as the clock on the wall shows them.

As Joda-Time, which Confluent's partitioners are made of, has it where clocks are put forward or back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """Intervals of one length, counted from the first of January 1970 of the zone."""

    length_ms: int
    zone: tzinfo

    def beginning(self, moment_ms: int) -> int:
        """Of the interval that the moment is in.

        Raises:
            OverflowError, ValueError: It is in no year from 1 to 9999.
        """
        local = moment_ms + self._offset(moment_ms)
        # Java's division, which cuts towards 1970.
        steps = abs(local) // self.length_ms
        return self._of_local(steps * self.length_ms * (1 if local >= 0 else -1))

    def _of_local(self, local_ms: int) -> int:
        """The moment of a time on the wall: the first of two; of one that is skipped, that after it."""
        guess = self._offset(local_ms)
        offset = self._offset(local_ms - guess)
        if guess < 0 and guess != offset and self._offset(local_ms - offset) != offset:
            offset = guess
        return local_ms - offset

    def _offset(self, moment_ms: int) -> int:
        moment = (_EPOCH + moment_ms * _MILLISECOND).astimezone(self.zone)
        return (moment.utcoffset() or timedelta()) // _MILLISECOND
