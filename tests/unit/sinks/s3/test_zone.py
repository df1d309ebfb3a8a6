from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.sinks.s3.zone import zone

WINTER = datetime(2024, 1, 15, 12)  # noqa: DTZ001 the zone is what is tested


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("Z", 0),
        ("UTC", 0),
        ("GMT", 0),
        ("UT", 0),
        ("+02:00", 120),
        ("+2", 120),
        ("+0230", 150),
        ("UTC+2", 120),
        ("GMT-03:30", -210),
        ("UT+1", 60),
        ("Europe/Berlin", 60),
        ("CET", 60),
        ("Asia/Kolkata", 330),
        ("-18:00", -1080),
    ],
)
def test_zones_go_by_javas_names(name: str, minutes: int) -> None:
    assert WINTER.replace(tzinfo=zone(name)).utcoffset() == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "name", ["", "PST", "ECT", "Mars/Olympus", "+19:00", "+18:01", "../etc/passwd", "Europe"]
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        zone(name)
