from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3.event_time import EventTime, legal_format

WHERE = TopicPartition("t", 0)
ZONE = timezone(timedelta(hours=1))


def of_fields(form: str | None, *values: Any) -> tuple[list[int | None], dict[int, str]]:
    records = [Record(offset, None, {"meta": {"at": value}}) for offset, value in enumerate(values)]
    times, faults = EventTime("field", "meta.at", form, ZONE).read(RecordBatch.of(WHERE, records))
    return list(times), faults


def test_by_default_numbers_are_milliseconds_and_text_is_iso_8601() -> None:
    values = [
        5,
        "5",
        5.9,
        "1970-01-01T00:00:00.005Z",
        "1970-01-01T01:00:00.005",
        "1970-01-01 02:00:00.005+02:00",
    ]
    assert of_fields(None, *values) == ([5] * 6, {})


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("epoch_s", 1.5),
        ("epoch_s", "1.5"),
        ("epoch_ms", 1500),
        ("epoch_us", 1_500_000),
        ("epoch_ns", "1500000000"),
        ("iso", "1970-01-01T00:00:01.5Z"),
        ("dd.MM.yyyy HH:mm:ss,SSS", "01.01.1970 01:00:01,500"),
    ],
)
def test_the_format_says_what_a_field_means(form: str, value: Any) -> None:
    assert of_fields(form, value) == ([1500], {})


def test_times_of_schemas_are_taken_as_they_are() -> None:
    moment = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert of_fields("epoch_s", moment, date(1970, 1, 2)) == ([1000, 86_400_000], {})


def test_headers_tell_the_time_too() -> None:
    records = [Record(0, None, None, 0, [("at", b"1"), ("at", b"7")])]
    assert EventTime("header", "at", None, ZONE).read(RecordBatch.of(WHERE, records)) == ([7], {})


def test_json_text_is_looked_into_without_decoding_the_column() -> None:
    column = JsonColumn([b'{"meta":{"at":9}}'])
    batch = RecordBatch(WHERE, {"offsets": [0], "values": column}, 1)
    assert EventTime("field", "meta.at", None, ZONE).read(batch) == ([9], {})
    assert column.texts is not None


@pytest.mark.parametrize(
    ("form", "value", "reason"),
    [
        (None, None, "the field meta.at is missing"),
        (None, True, "is no time"),
        (None, "soon", "is no time of ISO 8601"),
        ("epoch_ms", "soon", "is no number"),
        ("yyyy", "soon", "does not fit yyyy"),
        (None, [], "is no time"),
        ("yyyy-MM-dd", "2026-02-30", "day is out of range"),
    ],
)
def test_what_is_no_time_is_named_and_leaves_the_others(form: str | None, value: Any, reason: str) -> None:
    times, faults = of_fields(form, date(1970, 1, 1), value)
    assert times == [0, None]
    assert list(faults) == [1]
    assert reason in faults[1]


def test_values_that_are_no_json_are_named() -> None:
    records = [Record(0, None, b"{"), Record(1, None, b'{"a":1}')]
    times, faults = EventTime("field", "a", None, ZONE).read(RecordBatch.of(WHERE, records))
    assert times == [None, 1]
    assert "the value is no JSON" in faults[0]


@pytest.mark.parametrize("form", ["HH", "nonsense", "YYYY"])
def test_formats_that_cannot_be_read_are_refused(form: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|not supported|year of the week"):
        legal_format(form)
