from __future__ import annotations

from typing import Any

import pytest

from connector.column import JsonColumn
from connector.errors import BatchError
from connector.formats.csv import CsvFormat
from connector.formats.fields import OutputFields
from connector.record import Record, RecordBatch, TopicPartition

WHERE = TopicPartition("t", 0)
SAMPLE = [Record(0, b"k1", b"v1", 1000, [("h", b"x")]), Record(1, b"k2", None, 1234, None)]


def encode(records: list[Record], *names: str, encoding: str = "base64") -> bytes:
    return CsvFormat(OutputFields(names, encoding)).encode(RecordBatch.of(WHERE, records))


def values(*items: Any) -> list[Record]:
    return [Record(offset, None, item) for offset, item in enumerate(items)]


def test_all_fields_stand_in_configured_order() -> None:
    assert (
        encode(SAMPLE, "key", "value", "offset", "timestamp", "headers")
        == b"azE=,djE=,0,1000,aA==:eA==;\nazI=,,1,1234,"
    )
    assert encode(SAMPLE, "offset", "key") == b"0,azE=\n1,azI="


def test_values_alone_are_base64_by_default() -> None:
    assert encode(values(b"v1", b"", b"v2"), "value") == b"djE=\n\ndjI="


def test_raw_values_are_the_bytes_themselves() -> None:
    assert encode(values(b"a,b", b"c\nd", b"\xff"), "value", encoding="none") == b"a,b\nc\nd\n\xff"


@pytest.mark.parametrize("encoding", ["base64", "none"])
def test_a_null_value_is_an_empty_line(encoding: str) -> None:
    assert encode(values(b"", None, b""), "value", encoding=encoding) == b"\n\n"
    assert encode(values(None), "value", encoding=encoding) == b""


def test_a_null_between_raw_values_leaves_its_neighbours_raw() -> None:
    assert encode(values(b"a", None, b"b"), "value", encoding="none") == b"a\n\nb"


def test_the_encoding_is_for_values_only() -> None:
    record = [Record(0, b"k", b"v", None, [("h", b"x")])]
    assert encode(record, "key", "value", "headers", encoding="none") == b"aw==,v,aA==:eA==;"


def test_text_keys_are_base64_of_their_utf8() -> None:
    assert encode([Record(0, "é", b"")], "key", "offset") == b"w6k=,0"


def test_missing_key_timestamp_and_headers_are_empty() -> None:
    assert encode([Record(5, None, b"", None, [])], "key", "timestamp", "headers", "offset") == b",,,5"
    assert encode([Record(5, None, b"")], "timestamp") == b""


def test_headers_keep_order_and_repetition() -> None:
    record = Record(0, None, None, None, [("b", b"1"), ("a", None), ("b", b"2")])
    assert encode([record], "headers") == b"Yg==:MQ==;YQ==:;Yg==:Mg==;"


def test_timestamps_before_1970_are_negative() -> None:
    assert encode([Record(0, None, None, -1)], "timestamp") == b"-1"


@pytest.mark.parametrize(
    ("value", "type_name"),
    [("text", "STRING"), ({"a": 1}, "MAP"), ([1], "ARRAY"), (1, "INT64"), (True, "BOOLEAN")]
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["base64", "none"])
def test_values_other_than_bytes_are_refused_by_offset(value: Any, type_name: str, encoding: str) -> None:
    with pytest.raises(BatchError) as caught:
        encode(values(b"good", value, None, value), "value", encoding=encoding)
    assert list(caught.value.failed) == [1, 3]
    error = caught.value.failed[1]
    assert str(error).startswith(f"Record value schema type must be BYTES, {type_name} given")
    assert (error.stage, error.origin) == ("TASK_PUT", "CsvFormat")


def test_undecoded_json_is_no_bytes_either() -> None:
    batch = RecordBatch.of(WHERE, values(b"1", b"2")).with_columns(values=JsonColumn([b'"a"', b"null"]))
    with pytest.raises(BatchError, match="STRING given") as caught:
        CsvFormat(OutputFields()).encode(batch)
    assert list(caught.value.failed) == [0]


def test_failures_of_all_columns_are_named_at_once() -> None:
    records = [
        Record(0, 1, b""),
        Record(1, b"", "text"),
        Record(2, b"", b"", None, [("h", "text")]),
        Record(3, b"", b""),
        Record(4, 1, "text"),
    ]
    with pytest.raises(BatchError) as caught:
        encode(records, "headers", "value", "key")
    assert list(caught.value.failed) == [0, 1, 2, 4]
    assert "BYTES or STRING, INT64 given" in str(caught.value.failed[0])
    assert "key.converter" in str(caught.value.failed[0])
    assert "header.converter" in str(caught.value.failed[2])
