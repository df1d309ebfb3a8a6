from __future__ import annotations

import json

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.messaging.body import bodies, envelopes

WHERE = TopicPartition("orders", 3)
RECORDS = RecordBatch.of(
    WHERE,
    [
        Record(7, b"k", b"text", 1000, [("h", b"v"), ("h", b"\xff")]),
        Record(8, None, None, None, None),
        Record(9, b"\xfe", {"a": 1}, 1002, []),
    ],
)


def test_a_value_is_sent_as_it_is_and_json_if_it_has_parts() -> None:
    assert list(bodies(RECORDS, "value")) == [b"text", None, b'{"a":1}']


def test_json_that_nobody_looked_at_is_sent_as_it_was_produced() -> None:
    records = RECORDS.with_columns(values=JsonColumn([b'{"n": 1.0}', None, b"[]"]))
    assert list(bodies(records, "value")) == [b'{"n": 1.0}', None, b"[]"]
    assert b'"value":{"n": 1.0}}' in envelopes(records)[0]


def test_base64_is_of_the_value() -> None:
    assert list(bodies(RECORDS, "base64")) == [b"dGV4dA==", None, b"eyJhIjoxfQ=="]


def test_an_envelope_has_everything_and_stands_for_a_null_value_too() -> None:
    first, second, third = (json.loads(envelope or b"") for envelope in bodies(RECORDS, "envelope"))
    assert first == {
        "topic": "orders",
        "partition": 3,
        "offset": 7,
        "timestamp": 1000,
        "key": "k",
        "headers": [{"key": "h", "value": "v"}, {"key": "h", "value": {"base64": "/w=="}}],
        "value": "text",
    }
    assert second["value"] is None
    assert second["key"] is None
    assert second["timestamp"] is None
    assert third["key"] == {"base64": "/g=="}
    assert third["value"] == {"a": 1}
