from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from connector.column import JsonColumn
from connector.errors import BatchError
from connector.formats.fields import OutputFields
from connector.formats.json_value import json_text
from connector.formats.jsonl import JsonlFormat
from connector.record import Record, RecordBatch, TopicPartition

WHERE = TopicPartition("t", 0)
SAMPLE = [Record(0, "k1", "v1", 1000, [("h", "x")]), Record(1, "k2", None, 1234, None)]
ALL = ("key", "value", "offset", "timestamp", "headers")


def encode(batch: RecordBatch, *names: str, envelope: bool = True) -> bytes:
    return JsonlFormat(OutputFields(names, envelope=envelope)).encode(batch)


def batch_of(*items: Any) -> RecordBatch:
    return RecordBatch.of(WHERE, [Record(offset, None, item) for offset, item in enumerate(items)])


def test_all_fields_stand_in_the_fixed_order() -> None:
    assert encode(RecordBatch.of(WHERE, SAMPLE), *ALL) == (
        b'{"headers":[{"key":"h","value":"x"}],"offset":0,"value":"v1","key":"k1",'
        b'"timestamp":"1970-01-01T00:00:01Z"}\n'
        b'{"headers":[],"offset":1,"value":null,"key":"k2","timestamp":"1970-01-01T00:00:01.234Z"}'
    )


def test_the_configured_order_does_not_matter() -> None:
    batch = RecordBatch.of(WHERE, SAMPLE)
    assert encode(batch, *reversed(ALL)) == encode(batch, *ALL)
    records = [Record(0, "key0", {"name": "John"}), Record(1, "key0", {"name": "Pekka"})]
    assert encode(RecordBatch.of(WHERE, records), "key", "value") == (
        b'{"value":{"name":"John"},"key":"key0"}\n{"value":{"name":"Pekka"},"key":"key0"}'
    )


def test_bytes_become_base64_strings() -> None:
    assert encode(batch_of(b"v1", b"", None), "value") == b'{"value":"djE="}\n{"value":""}\n{"value":null}'


def test_without_envelope_a_record_is_its_field() -> None:
    batch = batch_of({"name": "John"}, "v0", 7, None, True, b"v1")
    assert encode(batch, "value", envelope=False) == b'{"name":"John"}\n"v0"\n7\nnull\ntrue\n"djE="'
    assert encode(batch, "offset", envelope=False) == b"0\n1\n2\n3\n4\n5"


def test_values_that_are_still_text_pass_as_they_were_written() -> None:
    texts: list[bytes | None] = [b'{"b":1.50, "a":12345678901234567890123}', None, b" [1e2] "]
    batch = batch_of(b"", b"", b"").with_columns(values=JsonColumn(texts))
    assert encode(batch, "value") == (
        b'{"value":{"b":1.50, "a":12345678901234567890123}}\n{"value":null}\n{"value": [1e2] }'
    )


def test_a_change_made_in_place_to_a_decoded_value_is_written() -> None:
    batch = batch_of(b"", b"").with_columns(values=JsonColumn([b'{"card": "1234"}', b"{}"]))
    for record in batch:
        record.value["card"] = "****"
    assert encode(batch, "value", envelope=False) == b'{"card":"****"}\n{"card":"****"}'


def test_null_key_and_timestamp_are_null() -> None:
    assert encode(batch_of(b""), "key", "timestamp") == b'{"key":null,"timestamp":null}'


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1120, "1970-01-01T00:00:01.120Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_709_210_096_007, "2024-02-29T12:34:56.007Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (253_402_300_800_000, "+10000-01-01T00:00:00Z"),
        (1_700_000_000_000_000, "+55840-11-08T22:13:20Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
        (-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"),
    ],
)
def test_timestamps_read_as_java_prints_instants(timestamp: int, text: str) -> None:
    batch = RecordBatch.of(WHERE, [Record(0, None, None, timestamp)])
    assert encode(batch, "timestamp", envelope=False) == f'"{text}"'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("é\u2028\n", '"é\u2028\\n"'),
        ({"a": b"\x00"}, '{"a":"AA=="}'),
        ([{"b": None}], '[{"b":null}]'),
        ({1: "a", "b": 2}, '[[1,"a"],["b",2]]'),
        ({"m": {1: b"x"}}, '{"m":[[1,"eA=="]]}'),
        (2**70, "1180591620717411303424"),
        ({"big": -(2**70), "f": float("nan")}, '{"big":-1180591620717411303424,"f":null}'),
        (Decimal("1.23"), '"ew=="'),
        (Decimal("-1.28"), '"gA=="'),
        (Decimal("1.28"), '"AIA="'),
        (Decimal(0), '"AA=="'),
        (date(1970, 1, 3), "2"),
        (time(0, 0, 1, 5000), "1005"),
        (datetime(1970, 1, 1, 0, 0, 1, 234000), "1234"),  # noqa: DTZ001
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "0"),
        ({"at": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)}, '{"at":1000}'),
        (1.0, "1.0"),
        (float("nan"), "null"),
    ],
)
def test_values_are_written_as_connects_json_converter_does(value: Any, text: str) -> None:
    assert json_text(value) == text.encode()
    assert encode(batch_of(value, value), "value", envelope=False) == f"{text}\n{text}".encode()


def test_deep_values_are_written() -> None:
    value: Any = 1
    for _ in range(400):
        value = [value]
    assert encode(batch_of(value), "value", envelope=False) == b"[" * 400 + b"1" + b"]" * 400


def test_what_has_no_json_is_refused_by_offset_in_every_column() -> None:
    records = [
        Record(0, "k", "\ud800"),
        Record(1, object(), "v"),
        Record(2, "k", {"a": {1, 2}}),
        Record(3, "k", "v", None, [("h", object())]),
        Record(9, "k", "v"),
    ]
    with pytest.raises(BatchError) as caught:
        encode(RecordBatch.of(WHERE, records), *ALL)
    assert list(caught.value.failed) == [0, 1, 2, 3]
    error = caught.value.failed[2]
    assert (error.stage, error.origin) == ("TASK_PUT", "JsonlFormat")


def test_header_names_and_values_are_escaped() -> None:
    batch = RecordBatch.of(WHERE, [Record(0, None, None, None, [('"', b"x"), ('"', None)])])
    assert encode(batch, "headers") == (
        b'{"headers":[{"key":"\\"","value":"eA=="},{"key":"\\"","value":null}]}'
    )
