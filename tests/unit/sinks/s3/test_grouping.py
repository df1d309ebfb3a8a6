from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import BatchError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3.grouping import Grouper, GroupKey
from connector.sinks.s3.naming import FileNameConfig

WHERE = TopicPartition("t", 3)
FULL = "{{topic}}-{{partition}}-{{start_offset}}"
EVENT = {"file.name.timestamp.source": "event"}
HOUR = 3_600_000
ELEVEN = 11 * HOUR


COLUMNLESS = RecordBatch(WHERE, {"offsets": range(2)}, 2)
"""Asking for any column of its records is an error."""


def grouper(template: str = FULL, **options: str) -> Grouper:
    return FileNameConfig.parse({"file.name.template": template, **options}).create_grouper()


def batch_of(*records: Record) -> RecordBatch:
    return RecordBatch.of(WHERE, list(records))


def at(*timestamps: int | None) -> RecordBatch:
    return batch_of(*(Record(offset, None, None, timestamp) for offset, timestamp in enumerate(timestamps)))


def keyed(*keys: Any) -> RecordBatch:
    return batch_of(*(Record(offset, key, None, 0) for offset, key in enumerate(keys)))


def test_the_label_that_is_committed_leads_back_to_the_same_group() -> None:
    renamed = GroupKey(WHERE._replace(topic="eu-t"), "k", ("2024",), ("f",), WHERE.topic)
    for group in (GroupKey(WHERE, "k"), GroupKey(WHERE), renamed):
        assert GroupKey.of(WHERE, group.label(WHERE)) == group
    assert renamed.label(WHERE).topic == "eu-t"
    assert GroupKey(WHERE).label(WHERE).topic is None


def offsets(groups: list[tuple[GroupKey, RecordBatch]]) -> list[list[int]]:
    return [list(batch.offsets) for _, batch in groups]


@pytest.mark.parametrize("template", [FULL, FULL + "-{{timestamp:unit=HH}}"])
def test_a_batch_for_one_object_passes_without_a_look_at_its_records(template: str) -> None:
    ((group, same),) = grouper(template).split(COLUMNLESS, ELEVEN)
    assert same is COLUMNLESS
    assert group.topic_partition == WHERE


def test_an_empty_batch_has_no_group() -> None:
    assert grouper().split(batch_of(Record(0, None, None)).select([]), 0) == []


def test_wallclock_time_is_that_of_the_call_in_the_zone() -> None:
    options = {"file.name.timestamp.timezone": "+02:00"}
    named = grouper(
        FULL + "/{{timestamp:unit=yyyy}}{{timestamp:unit=MM}}/{{timestamp:unit=dd}}T{{timestamp:unit=HH}}",
        **options,
    )
    ((group, _),) = named.split(at(0), 23 * HOUR)
    assert group.time == ("1970", "01", "02", "01")
    assert named.object_key(group, 7) == "t-3-7/197001/02T01"


def test_event_time_sorts_records_into_hours_in_offset_order() -> None:
    batch = at(ELEVEN - 2000, ELEVEN - 1000, ELEVEN, ELEVEN - 3000, ELEVEN + 1000)
    named = grouper(FULL + "-{{timestamp:unit=HH}}", **EVENT)
    groups = named.split(batch, 0)
    assert offsets(groups) == [[0, 1, 3], [2, 4]]
    assert [named.object_key(group, part.offsets[0]) for group, part in groups] == ["t-3-0-10", "t-3-2-11"]
    assert [part.next_offset for _, part in groups] == [5, 5]


def test_only_the_units_of_the_template_tell_objects_apart() -> None:
    batch = at(0, 24 * HOUR, HOUR)
    assert offsets(grouper(FULL + "{{timestamp:unit=HH}}", **EVENT).split(batch, 0)) == [[0, 1], [2]]
    assert offsets(grouper(FULL + "{{timestamp:unit=dd}}", **EVENT).split(batch, 0)) == [[0, 2], [1]]


def test_event_time_without_a_timestamp_in_the_name_asks_for_none() -> None:
    assert len(grouper(FULL, **EVENT).split(COLUMNLESS, 0)) == 1


def test_one_hour_of_event_time_passes_as_a_whole() -> None:
    batch = at(0, HOUR - 1)
    ((_, same),) = grouper(FULL + "{{timestamp:unit=HH}}", **EVENT).split(batch, 0)
    assert same is batch


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "+05:30"])
def test_hours_begin_where_the_zone_says(zone: str) -> None:
    options = {**EVENT, "file.name.timestamp.timezone": zone}
    batch = at(29 * 60_000, 30 * 60_000 - 1, 30 * 60_000)
    groups = grouper(FULL + "{{timestamp:unit=HH}}", **options).split(batch, 0)
    assert [(group.time, part.offsets) for group, part in groups] == [(("05",), [0, 1]), (("06",), [2])]


def test_the_hour_that_summer_time_skips_is_no_objects() -> None:
    # 2024-03-31 in Berlin: 00:59:59 UTC is 01:59:59, a second later it is 03:00:00.
    change = 1_711_846_800_000
    options = {**EVENT, "file.name.timestamp.timezone": "Europe/Berlin"}
    groups = grouper(FULL + "{{timestamp:unit=HH}}", **options).split(at(change - 1, change), 0)
    assert [group.time for group, _ in groups] == [("01",), ("03",)]


def test_records_without_a_usable_timestamp_are_named() -> None:
    batch = at(0, None, 1_700_000_000_000_000, 1, None)
    with pytest.raises(BatchError) as caught:
        grouper(FULL + "{{timestamp:unit=HH}}", **EVENT).split(batch, 0)
    assert list(caught.value.failed) == [1, 2, 4]
    first, second = caught.value.failed[1], caught.value.failed[2]
    assert str(first) == (
        "The record at t-3 offset 1 has no timestamp, which file.name.timestamp.source=event needs."
    )
    assert "has the timestamp 1700000000000000 ms" in str(second)
    assert (first.stage, first.origin) == ("TASK_PUT", "Grouper")


def test_keys_sort_records_into_objects_of_their_own() -> None:
    named = grouper(FULL + "/{{key}}")
    groups = named.split(keyed(b"a", b"b", b"a", None), 0)
    assert offsets(groups) == [[0, 2], [1], [3]]
    assert [named.object_key(group, part.offsets[0]) for group, part in groups] == [
        "t-3-0/a",
        "t-3-1/b",
        "t-3-3/null",
    ]


def test_key_and_event_time_sort_together() -> None:
    records = [Record(0, "a", None, 0), Record(1, "a", None, HOUR), Record(2, "a", None, 1)]
    groups = grouper(FULL + "/{{key}}/{{timestamp:unit=HH}}", **EVENT).split(batch_of(*records), 0)
    assert offsets(groups) == [[0, 2], [1]]


def test_objects_of_one_key_take_its_last_record() -> None:
    named = grouper("{{topic}}/{{key}}")
    groups = named.split(keyed(b"a", b"b", b"a"), 0)
    assert named.keeps_last_only
    assert [(named.object_key(group, 0), part.offsets) for group, part in groups] == [
        ("t/a", [2]),
        ("t/b", [1]),
    ]
    assert offsets(named.split(keyed(b"a", b"a"), 0)) == [[1]]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (b"\xc3\xa9", "é"),
        ("s", "s"),
        (7, "7"),
        (True, "true"),
        (1.5, "1.5"),
        ({"a": [1]}, '{"a":[1]}'),
        (None, "null"),
    ],
)
def test_keys_are_rendered_as_text(key: Any, text: str) -> None:
    named = grouper("{{key}}")
    ((group, _),) = named.split(keyed(key), 0)
    assert named.object_key(group, 0) == text


def test_keys_that_are_no_text_are_named() -> None:
    with pytest.raises(BatchError, match="a key that cannot be part of an object name") as caught:
        grouper("{{key}}").split(keyed(b"a", b"\xff", b"b", object()), 0)
    assert list(caught.value.failed) == [1, 3]


def test_numbers_are_padded_on_request() -> None:
    padded = grouper("{{topic}}-{{partition:padding=true}}-{{start_offset:padding=true}}")
    assert padded.object_key(GroupKey(WHERE), 42) == "t-0000000003-00000000000000000042"
    plain = grouper("{{topic}}-{{partition:padding=false}}-{{start_offset:padding=false}}")
    assert plain.object_key(GroupKey(WHERE), 42) == "t-3-42"


def test_names_beyond_1024_bytes_are_refused_with_their_records() -> None:
    named = grouper("{{key}}")
    assert len(named.split(keyed("é" * 512), 0)) == 1
    with pytest.raises(BatchError, match="1025 bytes; S3 allows 1 to 1024") as caught:
        named.split(keyed("a", "é" * 512 + "x", "b", "", "é" * 512 + "x"), 0)
    assert list(caught.value.failed) == [1, 3, 4]


def test_group_keys_compare_and_hash_by_content() -> None:
    named = grouper(FULL + "/{{timestamp:unit=HH}}")
    (first, _), (second, _) = named.split(at(0), 0) + named.split(at(5), HOUR - 1)
    assert first == second
    assert len({first, second}) == 1


def test_minutes_seconds_and_patterns_tell_objects_apart() -> None:
    batch = at(0, 999, 1000, 60_000)
    assert offsets(grouper(FULL + "{{timestamp:unit=mm}}", **EVENT).split(batch, 0)) == [[0, 1, 2], [3]]
    assert offsets(grouper(FULL + "{{timestamp:unit=ss}}", **EVENT).split(batch, 0)) == [[0, 1, 3], [2]]
    hive = grouper(
        "{{topic}}/dt={{timestamp:format=yyyy-MM-dd'T'HH:mm}}/{{partition}}-{{start_offset}}", **EVENT
    )
    groups = hive.split(batch, 0)
    assert [hive.object_key(group, part.offsets[0]) for group, part in groups] == [
        "t/dt=1970-01-01T00:00/3-0",
        "t/dt=1970-01-01T00:01/3-3",
    ]


def test_records_are_sorted_by_the_time_that_a_field_tells() -> None:
    named = grouper(
        FULL + "/{{timestamp:unit=HH}}",
        **{"file.name.timestamp.source": "field", "file.name.timestamp.field": "at"},
    )
    assert named.columns == {"values"}
    batch = batch_of(
        Record(0, None, {"at": 0}), Record(1, None, {"at": HOUR}), Record(2, None, b'{"at":"1"}')
    )
    assert offsets(named.split(batch, 0)) == [[0, 2], [1]]


FIELDS = "{{topic}}/{{partition}}/{{header:h-1}}/{{value:a.b}}/{{key:id}}/{{start_offset}}"


def test_headers_and_fields_sort_and_name() -> None:
    named = grouper(FIELDS)
    assert named.columns == {"headers", "values", "keys"}
    batch = batch_of(
        Record(0, {"id": 7}, {"a": {"b": "x/y z"}}, 0, [("h-1", b"one")]),
        Record(1, {"id": 7}, {"a": {"b": None}}, 0, None),
        Record(2, b'{"id":7}', b'{"a":{"b":"x/y z"}}', 0, [("h-1", b"zero"), ("h-1", b"one")]),
    )
    groups = named.split(batch, 0)
    assert offsets(groups) == [[0, 2], [1]]
    default = "__HIVE_DEFAULT_PARTITION__"
    assert [named.object_key(group, part.offsets[0]) for group, part in groups] == [
        "t/3/one/x%2Fy%20z/7/0",
        f"t/3/{default}/{default}/7/1",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Zürich", "Zürich"),
        ("..", "%2E%2E"),
        ("a%b=c", "a%25b%3Dc"),
        ("🙂", "%F0%9F%99%82"),
        (True, "true"),
        (1.5, "1.5"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00%3A00%3A00+00%3A00".replace("+", "%2B")),
        ("", "none"),
    ],
)
def test_fields_become_one_level_of_a_path(value: Any, text: str) -> None:
    named = grouper(
        "{{topic}}/{{partition}}/{{value:f}}/{{start_offset}}", **{"file.name.missing.value": "none"}
    )
    ((group, _),) = named.split(batch_of(Record(0, None, {"f": value})), 0)
    assert named.object_key(group, 0) == f"t/3/{text}/0"


@pytest.mark.parametrize(
    ("escape", "name"),
    [("none", "t/3/a/b/c/d/0"), ("fields", "t/3/a/b/c%2Fd/0"), ("all", "t/3/a%2Fb/c%2Fd/0")],
)
def test_what_is_escaped_is_an_option(escape: str, name: str) -> None:
    named = grouper(
        "{{topic}}/{{partition}}/{{key}}/{{value:f}}/{{start_offset}}", **{"file.name.escape": escape}
    )
    ((group, _),) = named.split(batch_of(Record(0, "a/b", {"f": "c/d"})), 0)
    assert named.object_key(group, 0) == name


def test_records_whose_value_has_no_fields_are_named() -> None:
    named = grouper("{{topic}}/{{partition}}/{{value:f}}/{{start_offset}}")
    with pytest.raises(
        BatchError, match=r"has no \{\{value:f\}\} for its object's name: its value is no JSON"
    ) as caught:
        named.split(batch_of(Record(0, None, b'{"f":1}'), Record(1, None, b"no")), 0)
    assert list(caught.value.failed) == [1]


@pytest.mark.parametrize("key", ["..", "../other-bucket/x", "a/../../x", "./../x", "/../x"])
def test_a_key_that_leads_out_of_the_bucket_is_refused_with_its_record(key: str) -> None:
    with pytest.raises(BatchError, match=r"leads out of the bucket.*file\.name\.escape=all") as caught:
        grouper("{{key}}").split(keyed("good", key), 0)
    assert list(caught.value.failed) == [1]
    grouper("{{key}}", **{"file.name.escape": "all"}).split(keyed("good", key), 0)


@pytest.mark.parametrize("key", ["a/../b", "a/b/../..", "..a", "a..", "..."])
def test_dots_that_stay_in_the_bucket_are_part_of_a_name(key: str) -> None:
    ((group, _),) = grouper("{{key}}").split(keyed(key), 0)
    assert group.key == key
