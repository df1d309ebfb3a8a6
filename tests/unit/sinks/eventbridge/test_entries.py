from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.eventbridge import EventBridgeConfig
from connector.sinks.eventbridge.entries import EntryMaker, JsonWriter
from connector.sinks.eventbridge.second import SecondWriter

if TYPE_CHECKING:
    from connector.sinks.dispatch import Prepared

ORDERS = TopicPartition("orders", 3)
AT = 1_700_000_000_123


def batch(*values: Any, **columns: Any) -> RecordBatch:
    headers = columns.pop("headers", [])
    records = [Record(10 + i, columns.get("key", b"k"), value, AT, headers) for i, value in enumerate(values)]
    found = RecordBatch.of(ORDERS, records)
    return found.with_columns(values=JsonColumn(list(values))) if columns.get("is_json") else found


def prepare(records: RecordBatch, **options: str) -> Prepared:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    config = EventBridgeConfig.parse(
        {
            name
            if name.count(".") and name.split(".")[0] in {"behavior", "oversize", "delivery"}
            else f"aws.eventbridge.{name}": value
            for name, value in raw.items()
        }
    )
    return EntryMaker(config, JsonWriter(), "shop", "EventBridgeSink").prepare(records, "bus")


def events(records: RecordBatch, **options: str) -> list[dict[str, Any]]:
    prepared = prepare(records, **options)
    assert not prepared.failed
    return [json.loads(entry.payload) for entry in prepared.entries]


def details(records: RecordBatch, **options: str) -> list[Any]:
    return [json.loads(event["Detail"]) for event in events(records, **options)]


def fault(records: RecordBatch, **options: str) -> str:
    prepared = prepare(records, **options)
    assert list(prepared.failed) == [10]
    error = prepared.failed[10]
    assert error.stage == "TASK_PUT"
    assert error.origin == "EventBridgeSink"
    return str(error)


def test_an_event_is_what_aws_s_own_connector_makes() -> None:
    records = batch(b'{"a": 1.0}', is_json=True, headers=[("h", b"x"), ("h", "y"), ("n", None)])
    (event,) = events(records)
    assert json.loads(event.pop("Detail")) == {
        "topic": "orders",
        "partition": 3,
        "offset": 10,
        "timestamp": AT,
        "headers": [{"h": "x"}, {"h": "y"}, {"n": None}],
        "key": "k",
        "value": {"a": 1.0},
    }
    assert event == {
        "Source": "kafka-connect.shop",
        "DetailType": "kafka-connect-orders",
        "EventBusName": "bus",
        "Time": AT // 1000,
    }


def test_json_stays_as_it_was_written() -> None:
    text = b'{"a":1.00,"b":"\\u00e9"}'
    (event,) = events(batch(text, is_json=True), detail="value")
    assert event["Detail"] == text.decode()
    (event,) = events(batch(text, is_json=True), source="{{value}}", detail="value")
    assert event["Detail"] == text.decode()


@pytest.mark.parametrize("value", [{"a": [1, None]}, b'{"a":[1,null]}', '{"a":[1,null]}'])
def test_a_value_alone_may_be_converted_or_text_of_json(value: Any) -> None:
    assert details(batch(value), detail="value") == [{"a": [1, None]}]


@pytest.mark.parametrize("value", [[1], b"plain", "{", b'{"a":"\xff"}', 7])
def test_a_value_that_is_no_object_cannot_stand_alone(value: Any) -> None:
    assert "aws.eventbridge.detail=envelope" in fault(batch(value), detail="value")


@pytest.mark.parametrize(
    ("value", "seen"),
    [(b"plain", "plain"), (b"\xff", {"base64": "/w=="}), ("é", "é"), ([1], [1]), (b'{"a":1}', '{"a":1}')],
)
def test_an_envelope_takes_any_value(value: Any, seen: Any) -> None:
    assert [detail["value"] for detail in details(batch(value))] == [seen]


@pytest.mark.parametrize("value", [None, b"null"])
def test_an_envelope_carries_null_as_aws_s_own_connector_does(value: Any) -> None:
    assert details(batch(value, is_json=True))[0]["value"] is None


@pytest.mark.parametrize("detail", ["value", "envelope"])
def test_null_values_follow_their_policy(detail: str) -> None:
    records = batch(None, is_json=True)
    assert "behavior.on.null.values" in fault(records, detail=detail, behavior_on_null_values="fail")
    prepared = prepare(records, detail=detail, behavior_on_null_values="skip")
    assert (prepared.entries, prepared.failed, prepared.passed_over) == ([], {}, {"null_value": 1})
    assert details(records, detail=detail, behavior_on_null_values="envelope")[0]["value"] is None


def test_what_is_skipped_is_never_looked_at_again() -> None:
    records = batch(None, b'{"a":1}', is_json=True).with_columns(timestamps=[-1, AT])
    prepared = prepare(records, detail="value", behavior_on_null_values="skip")
    assert [entry.offset for entry in prepared.entries] == [11]
    assert not prepared.failed


def test_an_integer_beyond_64_bits_fails_its_record_only() -> None:
    records = batch(b'{"a":9223372036854775808}', b'{"a":9223372036854775807}', is_json=True)
    assert "64 bits" in fault(records)
    assert "64 bits" in fault(records, detail="value")


def test_source_type_and_resources_are_filled_in() -> None:
    records = batch({"kind": "paid"}, headers=[("tenant", b"t1")])
    (event,) = events(
        records,
        source="{{header:tenant}}.{{topic}}",
        detail_type="order {{value:kind}}",
        resources="arn:{{key}},{{header:missing}}",
    )
    assert event["Source"] == "t1.orders"
    assert event["DetailType"] == "order paid"
    assert event["Resources"] == ["arn:k"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"source": "{{header:absent}}"}, "aws.eventbridge.source has no text"),
        ({"source": "{{header:s}}"}, "begins with aws."),
        ({"detail_type": "{{header:absent}}"}, "aws.eventbridge.detail.type has no text"),
        ({"detail_type": "{{header:long}}"}, "129 characters"),
        ({"resources": "{{header:arn}}"}, "2048"),
        ({"time": "{{header:s}}"}, "neither an ISO-8601"),
        ({"time": "-1"}, "between 1970 and 9999"),
        ({"time": "{{value:at}}"}, "is no JSON"),
    ],
)
def test_what_eventbridge_would_refuse_fails_its_record(options: dict[str, str], reason: str) -> None:
    headers = [("s", b"aws.shop"), ("long", b"x" * 129), ("arn", b"a" * 2049)]
    assert reason in fault(batch("text", headers=headers), **options)


def test_one_value_that_is_no_json_fails_alone() -> None:
    prepared = prepare(batch("no json", '{"k":"a"}'), source="{{value:k}}")
    assert list(prepared.failed) == [10]
    assert [json.loads(entry.payload)["Source"] for entry in prepared.entries] == ["a"]


@pytest.mark.parametrize(
    ("time", "seen"),
    [
        ("none", None),
        ("record", AT // 1000),
        ("{{header:absent}}", None),
        ("1700000000999", 1_700_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14T23:13:20.5+01:00", 1_700_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000),
    ],
)
def test_the_time_is_the_records_none_or_what_a_text_says(time: str, seen: int | None) -> None:
    assert [event.get("Time") for event in events(batch({}), time=time)] == [seen]


def test_a_trace_header_goes_along_unless_the_service_would_refuse_it() -> None:
    for trace, seen in ((b"Root=1", "Root=1"), (b"x" * 501, None), (b"", None)):
        records = batch({}, headers=[("X-Amzn-Trace-Id", trace)])
        (event,) = events(records, trace_header="X-Amzn-Trace-Id")
        assert event.get("TraceHeader") == seen


def test_a_topic_whose_detail_type_would_be_too_long_is_told_by_its_name() -> None:
    maker = EntryMaker(EventBridgeConfig.parse({}), JsonWriter(), "shop", "X")
    assert maker.topic_fault("orders") is None
    assert "aws.eventbridge.detail.type" in (maker.topic_fault("x" * 120) or "")


def test_the_columns_are_those_that_are_looked_at() -> None:
    def columns(**options: str) -> set[str]:
        raw = {f"aws.eventbridge.{name}": value for name, value in options.items()}
        return EntryMaker(EventBridgeConfig.parse(raw), JsonWriter(), "shop", "X").columns

    assert columns() == {"values", "keys", "timestamps", "headers"}
    assert columns(detail="value") == {"values", "timestamps"}
    assert columns(detail="value", time="none") == {"values"}
    assert columns(detail="value", time="none", source="{{header:a}}") == {"values", "headers"}


@pytest.mark.parametrize(
    ("order", "keys"), [("none", [None, None]), ("key", ["k", "k"]), ("partition", ["", ""])]
)
def test_order_is_by_what_is_asked_for(order: str, keys: list[Any]) -> None:
    prepared = prepare(batch({}, {}), delivery_order=order)
    assert [entry.order_key for entry in prepared.entries] == keys


# ---- too large ----

LARGE = b'{"a":"' + b"x" * 999_999 + b'"}'
S3 = {"oversize_policy": "s3", "oversize_s3_bucket_name": "big", "oversize_s3_prefix": "in/"}


def test_an_entry_within_the_limit_goes_as_it_is() -> None:
    (plain,) = prepare(batch({}), detail="value", **S3).entries
    fits = b'{"a":"' + b"x" * (999_999 - (plain.size_bytes - 2) - 8) + b'"}'
    prepared = prepare(batch(fits, is_json=True), detail="value", **S3)
    assert prepared.entries[0].size_bytes == 999_999
    assert not prepared.attachments
    one_more = fits.replace(b'{"a":"', b'{"a":"y')
    assert prepare(batch(one_more, is_json=True), detail="value", **S3).attachments


def test_a_large_value_is_stored_and_its_envelope_refers_to_it_as_aws_s_own_connector_does() -> None:
    prepared = prepare(batch(LARGE, is_json=True), delivery_order="key", **S3)
    key = "in/orders/3/00000000000000000010"
    assert prepared.attachments == {key: LARGE}
    (entry,) = prepared.entries
    assert entry.size_bytes < 1000
    assert json.loads(json.loads(entry.payload)["Detail"]) == {
        "topic": "orders",
        "partition": 3,
        "offset": 10,
        "timestamp": AT,
        "headers": [],
        "key": "k",
        "dataref": f"arn:aws:s3:::big/{key}",
        "datarefJsonPath": "$.detail.value",
    }


def test_large_text_is_stored_as_it_is() -> None:
    text = 'é"' * 400_000
    (stored,) = prepare(batch(text), **S3).attachments.values()
    assert stored == text.encode()


def test_a_large_value_that_stands_alone_is_the_whole_detail_elsewhere() -> None:
    prepared = prepare(batch(LARGE, is_json=True), detail="value", **S3)
    (stored,) = prepared.attachments.values()
    assert stored == LARGE
    detail = json.loads(json.loads(prepared.entries[0].payload)["Detail"])
    assert detail["datarefJsonPath"] == "$.detail"
    assert (detail["topic"], detail["partition"], detail["offset"]) == ("orders", 3, 10)


def test_a_large_value_may_be_skipped() -> None:
    prepared = prepare(batch(LARGE, b"{}", is_json=True), oversize_policy="skip")
    assert prepared.passed_over == {"too_large": 1}
    assert [entry.offset for entry in prepared.entries] == [11]


def test_a_record_that_has_no_event_group_for_want_of_json_is_no_event() -> None:
    raw = {
        "aws.eventbridge.version": "2",
        "aws.eventbridge.bus": "arn:aws:events:eu-north-1:123456789012:event-busv2/shop/" + "a" * 25,
        "aws.eventbridge.event.group.id": "{{value:id}}",
    }
    config = EventBridgeConfig.parse(raw)
    maker = EntryMaker(config, SecondWriter(config), "shop", "EventBridgeSink")
    prepared = maker.prepare(batch("no JSON", {"id": "a"}), config.bus)
    assert [entry.offset for entry in prepared.entries] == [11]
    assert prepared.entries[0].payload["SystemMetadata"]["EventGroupId"] == "a"
    assert "aws.eventbridge.event.group.id" in str(prepared.failed[10])
