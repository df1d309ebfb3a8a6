from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from connector.errors import ConfigError
from connector.sinks.s3.naming import FileNameConfig
from connector.sinks.s3.rotation import Moment, Rotation

START = Moment(0)
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass
class Figures:
    records: int = 1
    opened: Moment = START
    used_ms: int = 0
    first_event_ms: int | None = None
    raw_bytes: int = 0
    object_bytes: int = 0


def rotation(**options: str) -> Rotation:
    return FileNameConfig.parse({name.replace("_", "."): value for name, value in options.items()}).rotation()


def at(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_without_bounds_every_commit_finishes_objects() -> None:
    assert rotation().on_commit
    assert not rotation().has_clock
    assert rotation(file_max_records="5").on_commit


@pytest.mark.parametrize(
    "name",
    [
        "file_max_bytes",
        "file_max_uncompressed_bytes",
        "file_max_age_ms",
        "file_max_idle_ms",
        "file_max_timespan_ms",
        "file_rotate_schedule_interval_ms",
        "flush_size",
        "rotate_interval_ms",
        "rotate_schedule_interval_ms",
    ],
)
def test_any_bound_in_bytes_or_time_outlives_commits(name: str) -> None:
    assert not rotation(**{name: "1000"}).on_commit
    assert rotation(**{name: "1000", "file_rotate_on_commit": "true"}).on_commit


@pytest.mark.parametrize("name", ["rotate_interval_ms", "rotate_schedule_interval_ms", "file_max_idle_ms"])
def test_minus_one_is_no_bound(name: str) -> None:
    assert rotation(**{name: "-1"}) == rotation()


def test_objects_that_only_fill_up_are_finished_after_an_idle_hour() -> None:
    assert rotation(file_max_bytes="1000").max_idle_ms == HOUR
    assert rotation(flush_size="1000").max_idle_ms == HOUR
    assert rotation(file_rotate_on_commit="false").max_idle_ms == HOUR
    assert rotation(file_max_bytes="1000", file_max_age_ms="5").max_idle_ms == 0
    assert rotation(file_max_bytes="1000", file_max_idle_ms="0").max_idle_ms == 0


def test_by_the_wall_clock_a_time_span_is_an_age() -> None:
    assert rotation(rotate_interval_ms="7", file_max_age_ms="9").max_age_ms == 7
    by_event = rotation(rotate_interval_ms="7", file_name_timestamp_source="event")
    assert (by_event.max_age_ms, by_event.max_span_ms) == (0, 7)
    assert by_event.is_too_late(17, 10)
    assert not by_event.is_too_late(16, 10)


def test_an_object_is_full_at_any_of_its_bounds() -> None:
    bounds = Rotation(max_records=3, max_bytes=10, max_raw_bytes=100)
    assert not bounds.is_full(Figures(2, object_bytes=9, raw_bytes=99))
    assert bounds.is_full(Figures(3))
    assert bounds.is_full(Figures(object_bytes=10))
    assert bounds.is_full(Figures(raw_bytes=100))


def test_an_object_is_due_by_age_or_when_nothing_comes() -> None:
    aged, idle = Rotation(max_age_ms=10), Rotation(max_idle_ms=10)
    found = Figures(opened=Moment(0), used_ms=5)
    assert not aged.is_due(found, Moment(9))
    assert aged.is_due(found, Moment(10))
    assert not idle.is_due(found, Moment(14))
    assert idle.is_due(found, Moment(15))


@pytest.mark.parametrize(
    ("interval_ms", "zone", "before", "after"),
    [
        (HOUR, "UTC", "2026-01-05T10:59:59.999", "2026-01-05T11:00:00"),
        (HOUR, "Asia/Kolkata", "2026-01-05T10:59:59", "2026-01-05T11:00:00"),
        (DAY, "America/New_York", "2026-01-05T23:59:59", "2026-01-06T00:00:00"),
        (7 * HOUR, "UTC", "2026-01-05T23:59:59", "2026-01-06T00:00:00"),
        (15 * MINUTE, "UTC", "2026-01-05T10:14:59", "2026-01-05T10:15:00"),
    ],
)
def test_the_schedule_counts_from_midnight(interval_ms: int, zone: str, before: str, after: str) -> None:
    schedule = Rotation(interval_ms=interval_ms, zone=ZoneInfo(zone))
    found = Figures(opened=schedule.moment(at(before, zone) - 1))
    assert not schedule.is_due(found, schedule.moment(at(before, zone)))
    assert schedule.is_due(found, schedule.moment(at(after, zone)))


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    schedule = Rotation(interval_ms=HOUR, zone=ZoneInfo("Europe/Berlin"))
    first = at("2026-10-25T02:30:00", "Europe/Berlin")
    assert schedule.is_due(Figures(opened=schedule.moment(first)), schedule.moment(first + HOUR))


def test_the_schedule_has_the_zone_of_names_unless_it_has_its_own() -> None:
    named = {"file_name_timestamp_timezone": "Asia/Tokyo", "rotate_schedule_interval_ms": "60000"}
    assert rotation(**named).zone == ZoneInfo("Asia/Tokyo")
    assert rotation(**named, timezone="Europe/Paris").zone == ZoneInfo("Europe/Paris")


def test_bytes_are_looked_at_sixteen_times_an_object() -> None:
    assert Rotation(max_bytes=1600).step(100, 10) == 10
    assert Rotation(max_raw_bytes=1600).step(100, 10) == 1
    assert Rotation(max_raw_bytes=1).step(100, 10) == 1
    assert Rotation(max_bytes=1600).step(0, 0) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("file.max.bytes", "-1"),
        ("file.max.age.ms", "-2"),
        ("file.max.open.objects", "0"),
        ("file.rotate.schedule.timezone", "Mars/Base"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"Invalid value {value} for configuration {name}"):
        FileNameConfig.parse({name: value})
