"""SimpleDateFormat in Python; tests/integration/test_transform_oracle.py holds it against Java."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.transforms.simple_date import SimpleDate

MOMENT = 1_609_459_199_007  # 2020-12-31T23:59:59.007Z


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2020-12-31T23:59:59.007Z"),
        ("yy/M/d S SSSSSS", "20/12/31 7 000007"),
        ("EEE, d MMMM yyyy h a z", "Thu, 31 December 2020 11 PM UTC"),
        ("u D k K 'o''clock'", "4 366 23 11 o'clock"),
    ],
)
def test_times_are_written_as_java_writes_them(pattern: str, text: str) -> None:
    assert SimpleDate(pattern).format(MOMENT) == text


@pytest.mark.parametrize(
    ("pattern", "text", "read"),
    [
        ("yyyy-MM-dd HH:mm:ss", "2021-13-32 24:60:61", "2022-02-02T01:01:01+00:00"),
        ("yyyy-MM-dd", "2020-1-2 and more", "2020-01-02T00:00:00+00:00"),
        ("yyyyMMddHHmmssSSS", "20201231235959007", "2020-12-31T23:59:59.007000+00:00"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2020-12-31T23:59:59.123456+01", "2020-12-31T23:02:02.456000+00:00"),
        ("d MMM yyyy hh:mm a Z", "31 dec 2020 12:30 am -0530", "2020-12-31T06:00:00+00:00"),
    ],
)
def test_times_are_read_as_leniently_as_java_reads_them(pattern: str, text: str, read: str) -> None:
    assert datetime.fromtimestamp(SimpleDate(pattern).parse(text) / 1000, UTC).isoformat() == read


@pytest.mark.parametrize("text", ["", "x", "2020", "2020-12", "2020/12/31", "2020-Dec-31"])
def test_what_does_not_begin_as_the_pattern_says_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="does not match pattern"):
        SimpleDate("yyyy-MM-dd").parse(text)


@pytest.mark.parametrize("pattern", ["w", "YYYY", "q", "'open", "XXXX"])
def test_patterns_that_java_or_we_do_not_have_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SimpleDate(pattern)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_what_was_written_whole_reads_back(millis: int) -> None:
    pattern = SimpleDate("yyyy-MM-dd HH:mm:ss.SSS Z")
    assert pattern.parse(pattern.format(millis)) == millis
