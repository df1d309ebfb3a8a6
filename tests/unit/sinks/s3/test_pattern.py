from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from connector.sinks.s3.pattern import DatePattern

MOMENT = datetime(2026, 3, 7, 15, 4, 5, 678_000, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-07T15:04:05.678+05:30"),
        ("'year'=yyyy/'month'=MM/'day'=dd", "year=2026/month=03/day=07"),
        ("yy M d H m s S", "26 3 7 15 4 5 6"),
        ("EEE EEEE MMM MMMM", "Sat Saturday Mar March"),
        ("hh a", "03 PM"),
        ("DDD", "066"),
        ("XX X Z", "+0530 +0530 +0530"),
        ("''yyyy'o''clock'", "'2026o'clock"),
        ("SSSSSSSSS", "678000000"),
    ],
)
def test_times_are_printed_as_java_prints_them(pattern: str, text: str) -> None:
    assert DatePattern(pattern).format(MOMENT) == text


def test_an_offset_of_zero_is_a_letter_where_java_writes_one() -> None:
    assert DatePattern("X XX XXX xx Z").format(MOMENT.astimezone(UTC)) == "Z Z Z +0000 +0000"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("YYYY-MM", "year of the week"),
        ("ww", "has ww, which is not supported"),
        ("yyyyy", "has yyyyy, which is not supported"),
        ("'yyyy", "a quote that does not close"),
    ],
)
def test_what_would_print_something_else_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DatePattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "step_ms"), [("yyyy-HH", 3_600_000), ("HH:mm", 60_000), ("mm:ss", 1000), ("ssSSS", 1)]
)
def test_a_pattern_tells_how_often_its_text_changes(pattern: str, step_ms: int) -> None:
    assert DatePattern(pattern).step_ms == step_ms


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-07T15:04:05.678+05:30"),
        ("EEE, d MMM yyyy hh:mm:ss a Z SSS", "Sat, 7 Mar 2026 03:04:05 PM +0530 678"),
        ("yyyyDDD HHmmssSSS X", "2026066 093405678 Z"),
    ],
)
def test_times_are_read_as_they_are_printed(pattern: str, text: str) -> None:
    assert DatePattern(pattern).parse(text, UTC) == int(MOMENT.timestamp() * 1000)


def test_a_time_without_an_offset_is_of_the_zone() -> None:
    zone = timezone(timedelta(hours=2))
    assert DatePattern("yyyy-MM-dd HH").parse("1970-01-01 03", zone) == 3_600_000


def test_a_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit yyyy-MM-dd"):
        DatePattern("yyyy-MM-dd").parse("7.3.2026", UTC)


@pytest.mark.parametrize("pattern", ["HH:mm", "yyyy yyyy"])
def test_a_pattern_that_tells_no_moment_cannot_be_read(pattern: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        DatePattern(pattern).check_readable()
