"""Where all open objects of a partition end together, as Confluent's connector ends them; pure.

Bounds then hold for what is open as a whole. A record may end it before itself, by its time, its object or
its schema; or after itself, by being the last that the bound of records allows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.schema import Schema
    from connector.sinks.s3.rotation import Rotation


class Held(NamedTuple):
    """What is open of a partition.

    Attributes:
        records: In all objects.
        first_event_ms: The time of the first of them, where that counts.
        group: Of the last of them.
        schemas: Of each group, as far as it is known.
    """

    records: int
    first_event_ms: int | None
    group: Any
    schemas: Mapping[Any, Schema]


class Segment(NamedTuple):
    """Records that follow each other and are open together.

    Attributes:
        start: Of the first in its batch.
        end: After the last.
        breaks: What was open before has ended.
        ends: What is open ends after them.
        first_event_ms: The time of the first record that is open with them.
    """

    start: int
    end: int
    breaks: bool
    ends: bool
    first_event_ms: int | None


class Columns(NamedTuple):
    """What is looked at of each record; None where it is the same for all and changes nothing."""

    records: int
    groups: Sequence[Any] | None = None
    times: Sequence[int] | None = None
    schemas: Sequence[Schema | None] | None = None


def segments(rotation: Rotation, held: Held, columns: Columns) -> list[Segment]:
    """The records of a batch, in order."""
    if columns.groups is None and columns.times is None and columns.schemas is None:
        return _by_count(rotation.max_records, held.records, columns.records)
    return _Cutting(rotation, held, columns).cut()


def _by_count(most: int, held: int, count: int) -> list[Segment]:
    room = max(1, most - held) if most else count
    cuts = [0, *(range(room, count, most) if most else ()), count]
    return [
        Segment(start, end, breaks=False, ends=bool(most) and (end - room) % most == 0, first_event_ms=None)
        for start, end in pairwise(cuts)
    ]


class _Cutting:
    """One pass over a batch."""

    def __init__(self, rotation: Rotation, held: Held, columns: Columns) -> None:
        self._rotation = rotation
        self._columns = columns
        self._records = held.records
        self._first_ms = held.first_event_ms
        self._group = held.group
        self._schemas = dict(held.schemas)
        self._start = 0
        self._breaks = False
        self._found: list[Segment] = []

    def cut(self) -> list[Segment]:
        for index in range(self._columns.records):
            if self._records and self._is_other(index):
                self._end(index, ends=False)
                self._breaks = True
            self._take(index)
            if 0 < self._rotation.max_records <= self._records:
                self._end(index + 1, ends=True)
        self._end(self._columns.records, ends=False, is_last=True)
        return self._found

    def _is_other(self, index: int) -> bool:
        groups, times, schemas = self._columns.groups, self._columns.times, self._columns.schemas
        has_time = times is not None and self._first_ms is not None
        if has_time and self._rotation.is_too_late(times[index], self._first_ms):  # type: ignore[index, arg-type]
            return True
        if groups is not None and self._rotation.on_change and groups[index] != self._group:
            return self._group is not None
        if schemas is None:
            return False
        known = self._schemas.get(groups[index] if groups else None)
        return known is not None and schemas[index] not in {None, known}

    def _take(self, index: int) -> None:
        groups, times, schemas = self._columns.groups, self._columns.times, self._columns.schemas
        self._records += 1
        if times is not None and self._first_ms is None:
            self._first_ms = times[index]
        group = groups[index] if groups else None
        self._group = group
        if schemas is not None and (schema := schemas[index]) is not None:
            self._schemas.setdefault(group, schema)

    def _end(self, end: int, *, ends: bool, is_last: bool = False) -> None:
        if end > self._start:
            self._found.append(Segment(self._start, end, self._breaks, ends, self._first_ms))
            self._start, self._breaks = end, False
        if not is_last:
            self._records, self._first_ms, self._group = 0, None, None
            self._schemas.clear()
