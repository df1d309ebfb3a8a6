"""Dates, times and timestamps as milliseconds since the epoch, which is all that Java's ``Date`` holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from connector.transforms.simple_date import DAY_MS, EPOCH, moment_of

_MILLISECOND = timedelta(milliseconds=1)


def millis_of(value: date | time) -> int:
    """Milliseconds since the epoch; of a time of day since midnight."""
    if isinstance(value, datetime):
        return (value.replace(tzinfo=value.tzinfo or UTC) - EPOCH) // _MILLISECOND
    if isinstance(value, date):
        return (value - EPOCH.date()).days * DAY_MS
    of_day = timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    return of_day // _MILLISECOND


def logical_number(value: object) -> int | None:
    """The number that stands for a logical value: days, or milliseconds; None for anything else."""
    if isinstance(value, datetime | time):
        return millis_of(value)
    return millis_of(value) // DAY_MS if isinstance(value, date) else None


def date_of(millis: int) -> date:
    return moment_of(millis).date()


def time_of(millis: int) -> time:
    return moment_of(millis % DAY_MS).time()
