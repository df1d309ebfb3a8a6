"""When an object is finished: how much it may hold, how long it may stay open.

Pure: the time of day is an argument, and an object is seen as the few figures that the bounds are about.
Which schema a record has is the format's business, and memory is the task's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from connector.config.option import (
    BOOLEAN,
    INT,
    LONG,
    STRING,
    Importance,
    at_least,
    between,
    defaulted,
    optional,
)
from connector.config.schema import Config
from connector.errors import Problem
from connector.sinks.s3.zone import zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_IDLE_MS = 3_600_000
"""So that objects that only fill up are finished some day even where hardly anything comes."""
_STEPS = 16
"""How often an object that has a bound in bytes is looked at until it has them."""


class Moment(NamedTuple):
    """The time of day, and the period of the schedule that it is in."""

    ms: int
    period: tuple[int, int] | None = None


class Filling(Protocol):
    """What bounds look at in an open object; times are milliseconds of the wall clock."""

    records: int
    opened: Moment
    used_ms: int
    first_event_ms: int | None

    @property
    def raw_bytes(self) -> int:
        """Encoded, before compression."""
        ...

    @property
    def object_bytes(self) -> int:
        """After compression, as far as the compressor gave them back."""
        ...


@dataclass(frozen=True, slots=True)
class Rotation:
    """The bounds of objects; 0 is none."""

    max_records: int = 0
    max_bytes: int = 0
    max_raw_bytes: int = 0
    max_age_ms: int = 0
    max_idle_ms: int = 0
    max_span_ms: int = 0
    interval_ms: int = 0
    zone: tzinfo = UTC
    on_commit: bool = True
    """Every commit finishes objects, whatever the bounds."""
    together: bool = False
    """Bounds are of all that a partition has open, and end all of it."""
    on_change: bool = False
    """With it: a record for another object than the one before ends all that is open."""

    @property
    def has_bytes(self) -> bool:
        return bool(self.max_bytes or self.max_raw_bytes)

    @property
    def has_clock(self) -> bool:
        """Objects become due although nothing comes."""
        return bool(self.max_age_ms or self.max_idle_ms or self.interval_ms)

    @property
    def is_repeatable(self) -> bool:
        """Records alone end objects, so that the same ones make the same object again."""
        return not (self.on_commit or self.has_bytes or self.has_clock)

    def moment(self, now_ms: int) -> Moment:
        return Moment(now_ms, self._period(now_ms) if self.interval_ms else None)

    def is_full(self, found: Filling) -> bool:
        """It takes no further record."""
        return (
            0 < self.max_records <= found.records
            or 0 < self.max_bytes <= found.object_bytes
            or 0 < self.max_raw_bytes <= found.raw_bytes
        )

    def is_due(self, found: Filling, now: Moment) -> bool:
        """Its time is over, whether or not records come."""
        return (
            0 < self.max_age_ms <= now.ms - found.opened.ms
            or 0 < self.max_idle_ms <= now.ms - found.used_ms
            or found.opened.period != now.period
        )

    def is_too_late(self, event_ms: int, first_event_ms: int) -> bool:
        """A record of this time is no longer for an object that began at that time."""
        return event_ms - first_event_ms >= self.max_span_ms

    def step(self, raw_per_record: float, stored_per_record: float) -> int | None:
        """After how many records to look at the bytes again; None if nobody knows how large they are."""
        shares = [
            limit / _STEPS / per_record
            for limit, per_record in (
                (self.max_raw_bytes, raw_per_record),
                (self.max_bytes, stored_per_record),
            )
            if limit and per_record
        ]
        return max(1, int(min(shares))) if shares else None

    def _period(self, now_ms: int) -> tuple[int, int]:
        """Periods begin at the midnight of the zone; intervals of days, at midnights counted from 1970."""
        now = _EPOCH + timedelta(milliseconds=now_ms)
        day = now.astimezone(self.zone).date()
        if self.interval_ms > _DAY_MS:
            return (day - _EPOCH.date()).days * _DAY_MS // self.interval_ms, 0
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        # Subtracting within one zone would count the hours on the wall, one of which comes twice in autumn.
        return day.toordinal(), (now - midnight.astimezone(UTC)) // _MILLISECOND // self.interval_ms


def _time_zone(name: str) -> None:
    zone(name)


class RotationConfig(Config):
    """How much goes into an object, and when it is finished."""

    max_records = defaulted(
        "file.max.records",
        INT,
        0,
        "The most records of an object; the next object starts after them. 0 sets no limit. By the name"
        " flush.size, commits do not finish objects.",
        validate=between(0, 2**31 - 1),
        aliases=("flush.size",),
        group="Rotation",
    )
    max_bytes = defaulted(
        "file.max.bytes",
        LONG,
        0,
        "An object is finished when it has so many bytes as it is stored, compressed, give or take a"
        " sixteenth and some 100 KB that a compressor holds back; columns count when their row group is"
        " written. 0 sets no limit.",
        validate=at_least(0),
        group="Rotation",
    )
    max_raw_bytes = defaulted(
        "file.max.uncompressed.bytes",
        LONG,
        0,
        "An object is finished when it has so many bytes before compression, give or take a sixteenth. 0 sets"
        " no limit.",
        validate=at_least(0),
        group="Rotation",
    )
    max_age_ms = defaulted(
        "file.max.age.ms",
        LONG,
        0,
        "An object is finished when its first record was taken so long ago, by the worker's clock. 0 sets no"
        " limit.",
        validate=at_least(-1),
        group="Rotation",
    )
    max_idle_ms = optional(
        "file.max.idle.ms",
        LONG,
        "An object is finished when it got no record for so long. 0 sets no limit; if absent, an hour where"
        " commits do not finish objects and nothing else here does so by the clock.",
        validate=at_least(-1),
        group="Rotation",
    )
    max_span_ms = defaulted(
        "file.max.timespan.ms",
        LONG,
        0,
        "A record that is so much later than the first of its object, by the time that"
        " file.name.timestamp.source names (timestamp.source with aws.s3.prefix), begins the next object; by"
        " the wall clock this is file.max.age.ms. 0 or -1 sets no limit.",
        validate=at_least(-1),
        aliases=("rotate.interval.ms",),
        group="Rotation",
    )
    schedule_ms = defaulted(
        "file.rotate.schedule.interval.ms",
        LONG,
        0,
        "Objects are finished at fixed times of the day, so far apart and counted from midnight: 3600000 is"
        " at every full hour. 0 or -1 sets none.",
        validate=at_least(-1),
        aliases=("rotate.schedule.interval.ms",),
        group="Rotation",
    )
    schedule_zone = optional(
        "file.rotate.schedule.timezone",
        STRING,
        "The time zone whose midnight file.rotate.schedule.interval.ms counts from;"
        " file.name.timestamp.timezone if absent, or timestamp.timezone with aws.s3.prefix.",
        validate=_time_zone,
        importance=Importance.LOW,
        aliases=("timezone",),
        group="Rotation",
    )
    on_commit = optional(
        "file.rotate.on.commit",
        BOOLEAN,
        "Whether objects are finished whenever offset.flush.interval.ms has passed, as Aiven's connector does"
        " it. If absent: unless a bound in bytes or time is set, or flush.size. Where they stay open, offsets"
        " are committed as far as objects are visible; with exactly-once a restart goes on with what is open,"
        " else it reads from there.",
        group="Rotation",
    )
    together = defaulted(
        "file.rotate.together",
        BOOLEAN,
        False,
        "Whether the objects of a partition end together, as with Confluent's connector: file.max.records"
        " then counts the records of all that are open, file.max.timespan.ms begins with the first of them,"
        " and another schema ends all of them.",
        importance=Importance.LOW,
        group="Rotation",
    )
    on_change = defaulted(
        "file.rotate.on.change",
        BOOLEAN,
        False,
        "With file.rotate.together: whether a record that belongs to another object than the one before it"
        " ends all that are open, so that records of the hour before may begin an object of their own again.",
        importance=Importance.LOW,
        group="Rotation",
    )
    max_open = defaulted(
        "file.max.open.objects",
        INT,
        1000,
        "The most objects that a task keeps open; for one more, that which got no record for longest is"
        " finished.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Rotation",
    )

    def create_rotation(self, *, is_wallclock: bool, default_zone: str) -> Rotation:
        """The bounds of objects.

        Args:
            is_wallclock: Records have the time at which they are taken.
            default_zone: Where midnight is, unless that is an option of its own.
        """
        age, span, interval = (max(0, ms) for ms in (self.max_age_ms, self.max_span_ms, self.schedule_ms))
        if is_wallclock:
            age, span = min(filter(None, (age, span)), default=0), 0
        stays_open = (
            self.max_bytes or self.max_raw_bytes or age or span or interval or max(0, self.max_idle_ms or 0)
        )
        stays_open = stays_open or self.raw.get("flush.size") is not None
        on_commit = not stays_open if self.on_commit is None else self.on_commit
        idle = self.max_idle_ms
        if idle is None:
            idle = 0 if on_commit or age or interval else _IDLE_MS
        return Rotation(
            max_records=self.max_records,
            max_bytes=self.max_bytes,
            max_raw_bytes=self.max_raw_bytes,
            max_age_ms=age,
            max_idle_ms=max(0, idle),
            max_span_ms=span,
            interval_ms=interval,
            zone=zone(self.schedule_zone or default_zone),
            on_commit=on_commit,
            together=self.together,
            on_change=self.on_change,
        )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.on_change and not self.together:
            yield Problem(
                RotationConfig.on_change.name,
                "has no meaning without file.rotate.together=true: set it, or remove this",
            )
