"""Records as messages: what is sent, what it counts, what happens to records that cannot be sent."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.dispatch.lane import Lane
from connector.sinks.dispatch.outbox import Outbox
from connector.sinks.dispatch.progress import Progress
from connector.sinks.sqs import SqsConfig, SqsSink
from connector.sinks.sqs.entry import EntryMaker
from connector.sinks.sqs.queue import Queue
from connector.sinks.sqs.sink import request_body

if TYPE_CHECKING:
    from connector.sinks.dispatch import Entry, Prepared

URL = "https://sqs.eu-north-1.amazonaws.com/123456789012/orders"
ARN = "arn:aws:sqs:eu-north-1:123456789012:orders"
PARTITION = TopicPartition("orders", 3)
MIB = 1 << 20
MODEL = botocore.session.get_session().get_service_model("sqs").operation_model("SendMessageBatch")


def prepare(*records: Record, fifo: bool = False, most_bytes: int = MIB, **options: str) -> Prepared:
    raw = {"aws.sqs.queue": ARN + (".fifo" if fifo else "")}
    raw |= {name.replace("_", "."): value for name, value in options.items()}
    queue = Queue(URL + (".fifo" if fifo else ""), ARN, fifo, most_bytes)
    maker = EntryMaker(SqsConfig.parse(raw), "SqsSink")
    whole = RecordBatch.of(PARTITION, list(records))
    # Only what the sink asks for is there when it runs.
    columns = {name: getattr(whole, name) for name in maker.columns} | {"offsets": whole.offsets}
    return maker.prepare(RecordBatch(PARTITION, columns, whole.next_offset), queue)


def record(value: Any = b"hello", *, offset: int = 7, key: Any = b"k", headers: Any = None) -> Record:
    return Record(offset, key, value, 1_700_000_000_000, headers)


def message(*records: Record, **options: Any) -> dict[str, Any]:
    prepared = prepare(*records, **options)
    assert not prepared.failed
    (entry,) = prepared.entries
    return as_sent([entry])[0]


def as_sent(entries: list[Entry]) -> list[dict[str, Any]]:
    body = json.loads(request_body(URL, entries))
    assert body["QueueUrl"] == URL
    found: list[dict[str, Any]] = body["Entries"]
    return found


def fault(*records: Record, **options: Any) -> str:
    prepared = prepare(*records, **options)
    assert prepared.entries == []
    (error,) = prepared.failed.values()
    assert (error.stage, error.origin) == ("TASK_PUT", "SqsSink")
    return str(error)


# ---- what is sent ----


def test_what_is_sent_is_what_botocore_would_send() -> None:
    headers = [("trace", b'a"b'), ("size", b"17"), ("blob", b"\xff\x00")]
    options: dict[str, Any] = {
        "message_attributes_headers": "*",
        "message_attributes_types": "size:Number,blob:Binary",
        "message_attributes_metadata": "topic,offset,key",
    }
    prepared = prepare(
        record('gr\u00fc\u00df \u2713 \U0001f600\t"\\'.encode(), headers=headers), fifo=True, **options
    )
    expected = {
        "QueueUrl": URL,
        "Entries": [
            {
                "Id": "0",
                "MessageBody": 'gr\u00fc\u00df \u2713 \U0001f600\t"\\',
                "MessageAttributes": {
                    "kafka.topic": {"DataType": "String", "StringValue": "orders"},
                    "kafka.offset": {"DataType": "Number", "StringValue": "7"},
                    "kafka.key": {"DataType": "String", "StringValue": "k"},
                    "trace": {"DataType": "String", "StringValue": 'a"b'},
                    "size": {"DataType": "Number", "StringValue": "17"},
                    "blob": {"DataType": "Binary", "BinaryValue": b"\xff\x00"},
                },
                "MessageGroupId": "k",
                "MessageDeduplicationId": "orders-3-7",
            }
        ],
    }
    botocores = create_serializer("json").serialize_to_request(expected, MODEL)
    assert json.loads(request_body(URL, prepared.entries)) == json.loads(botocores["body"])
    assert botocores["headers"]["X-Amz-Target"] == "AmazonSQS.SendMessageBatch"
    assert botocores["headers"]["Content-Type"] == "application/x-amz-json-1.0"


def test_ids_are_positions_in_the_request() -> None:
    prepared = prepare(*[record(b"v%d" % offset, offset=offset) for offset in range(3)])
    assert [(sent["Id"], sent["MessageBody"]) for sent in as_sent(prepared.entries)] == [
        ("0", "v0"),
        ("1", "v1"),
        ("2", "v2"),
    ]


def test_a_standard_queue_gets_neither_group_nor_deduplication_id_unasked() -> None:
    assert message(record()) == {"Id": "0", "MessageBody": "hello"}


def test_a_standard_queue_is_fair_between_groups_on_demand() -> None:
    sent = message(record(headers=[("tenant", b"t1")]), aws_sqs_message_group_id="{{header:tenant}}")
    assert sent["MessageGroupId"] == "t1"
    assert "MessageGroupId" not in message(record(), aws_sqs_message_group_id="{{header:tenant}}")


@pytest.mark.parametrize(
    ("key", "group"),
    [
        (b"customer-1", "customer-1"),
        (None, "orders-3"),
        ("x" * 128, "x" * 128),
        ("x" * 129, None),
        ("with blank", None),
        ("", None),
    ],
)
def test_the_group_of_a_fifo_queue_is_the_key_hashed_if_it_is_no_legal_id(
    key: Any, group: str | None
) -> None:
    sent = message(record(key=key), fifo=True)["MessageGroupId"]
    if group is not None:
        assert sent == group
    else:
        assert len(sent) == 64
        assert set(sent) <= set(string.hexdigits)
        assert sent == message(record(key=key, offset=99), fifo=True)["MessageGroupId"]


def test_a_deduplication_id_is_the_place_in_kafka() -> None:
    first = message(record(b"a"), fifo=True)["MessageDeduplicationId"]
    assert first == message(record(b"a"), fifo=True)["MessageDeduplicationId"] == "orders-3-7"
    assert message(record(b"a", offset=8), fifo=True)["MessageDeduplicationId"] == "orders-3-8"


def test_a_deduplication_id_may_come_from_a_header_or_be_left_to_the_queue() -> None:
    chosen = {"aws_sqs_message_deduplication_id": "{{header:id}}"}
    assert message(record(headers=[("id", b"e1")]), fifo=True, **chosen)["MessageDeduplicationId"] == "e1"
    assert "{{header:id}}" in fault(record(), fifo=True, **chosen)
    left = message(record(), fifo=True, aws_sqs_message_deduplication_id="content")
    assert "MessageDeduplicationId" not in left


def test_a_delay_is_a_number_or_comes_from_the_record() -> None:
    assert message(record(), aws_sqs_delay_seconds="900")["DelaySeconds"] == 900
    chosen = {"aws_sqs_delay_seconds": "{{header:delay}}"}
    assert message(record(headers=[("delay", b"30")]), **chosen)["DelaySeconds"] == 30
    assert "DelaySeconds" not in message(record(), **chosen)
    assert "901" in fault(record(headers=[("delay", b"901")]), **chosen)


def test_a_value_that_is_no_json_fails_its_record_only_where_a_field_is_asked_for() -> None:
    records = [record(b'{"id":"a"}', offset=1), record(b"none", offset=2), record(b'{"id":"b"}', offset=3)]
    prepared = prepare(*records, aws_sqs_message_group_id="{{value:id}}")
    assert [sent["MessageGroupId"] for sent in as_sent(prepared.entries)] == ["a", "b"]
    assert list(prepared.failed) == [2]
    assert "{{value:id}}" in str(prepared.failed[2])


# ---- order ----


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"fifo": True}, ["a", "b", "orders-3"]),
        ({"fifo": True, "aws_sqs_message_group_id": "all"}, ["all", "all", "all"]),
        ({"fifo": True, "delivery_order": "none"}, [None, None, None]),
        ({"delivery_order": "key"}, ["a", "b", None]),
        ({"delivery_order": "partition"}, ["", "", ""]),
        ({}, [None, None, None]),
    ],
)
def test_what_is_kept_in_order(options: dict[str, Any], expected: list[str | None]) -> None:
    prepared = prepare(*[record(key=key, offset=at) for at, key in enumerate((b"a", b"b", None))], **options)
    assert [entry.order_key for entry in prepared.entries] == expected


# ---- bodies ----


def test_a_null_value_fails_is_left_out_or_is_an_envelope() -> None:
    assert "behavior.on.null.values" in fault(record(None))
    skipped = prepare(record(None), behavior_on_null_values="skip")
    assert (skipped.entries, skipped.passed_over) == ([], {"null_value": 1})
    sent = message(record(None), behavior_on_null_values="envelope")
    assert json.loads(sent["MessageBody"])["value"] is None
    assert json.loads(sent["MessageBody"])["key"] == "k"


def test_a_json_null_is_a_null_value() -> None:
    maker = EntryMaker(SqsConfig.parse({"aws.sqs.queue": ARN}), "SqsSink")
    values = JsonColumn([b"null", b'{"a":1}'])
    batch = RecordBatch(PARTITION, {"offsets": [0, 1], "values": values}, 2)
    prepared = maker.prepare(batch, Queue(URL, ARN, is_fifo=False))
    assert list(prepared.failed) == [0]
    assert as_sent(prepared.entries)[0]["MessageBody"] == '{"a":1}'


@pytest.mark.parametrize("options", [{}, {"message_body": "base64"}])
def test_an_empty_value_fails(options: dict[str, str]) -> None:
    assert "empty" in fault(record(b""), **options)


LEGAL = ["\t", "\n", "\r", " ", "~", "\x7f", "\x80", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0001fffe"]
ILLEGAL = ["\x00", "\x08", "\x0b", "\x0c", "\x1f", "\ufffe", "\uffff"]


@pytest.mark.parametrize("character", LEGAL)
def test_a_character_that_sqs_takes_passes(character: str) -> None:
    assert message(record(f"a{character}b".encode()))["MessageBody"] == f"a{character}b"


@pytest.mark.parametrize("body", [*(f"a{bad}b".encode() for bad in ILLEGAL), b"a\xffb", b"a\xed\xa0\x80b"])
def test_a_body_that_sqs_refuses_fails_is_mended_or_goes_in_base64(body: bytes) -> None:
    assert "message.illegal.characters" in fault(record(body))
    mended = message(record(body), message_illegal_characters="replace")["MessageBody"]
    assert mended.replace("\ufffd", "") == "ab"
    assert "\ufffd" in mended
    sent = message(record(body), message_illegal_characters="base64")
    assert base64.b64decode(sent["MessageBody"]) == body
    assert sent["MessageAttributes"] == {"kafka.encoding": {"DataType": "String", "StringValue": "base64"}}


def test_only_a_body_that_needs_it_goes_in_base64() -> None:
    assert "MessageAttributes" not in message(record(b"fine"), message_illegal_characters="base64")


def test_text_with_half_a_surrogate_pair_is_no_legal_body() -> None:
    assert "message.illegal.characters" in fault(record("a\ud800b"))
    assert message(record("a\ud800b"), message_illegal_characters="replace")["MessageBody"] == "a\ufffdb"


def test_an_attribute_with_characters_that_sqs_refuses_fails_or_is_left_out() -> None:
    headers = [("bad", b"\x00"), ("good", b"1")]
    assert "header bad" in fault(record(headers=headers), message_attributes_headers="*")
    sent = message(
        record(headers=headers), message_attributes_headers="*", message_attributes_overflow="drop"
    )
    assert list(sent["MessageAttributes"]) == ["good"]


# ---- size ----


def size_as_aws_counts(sent: dict[str, Any]) -> int:
    """Body, and name, type and value of each attribute (API reference of SendMessageBatch)."""
    total = len(sent["MessageBody"].encode())
    for name, attribute in sent.get("MessageAttributes", {}).items():
        value = attribute.get("StringValue", "").encode() or base64.b64decode(attribute["BinaryValue"])
        total += len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
    return total


def test_a_body_is_stored_and_pointed_to_if_it_is_too_large() -> None:
    options: dict[str, Any] = {
        "oversize_policy": "s3",
        "oversize_s3_bucket_name": "large",
        "oversize_s3_prefix": "sqs/",
        "message_attributes_headers": "*",
    }
    headers = [(f"h{number}", b"1") for number in range(9)]
    prepared = prepare(record(b"x" * 2000, headers=headers), most_bytes=1024, **options)
    (sent,) = as_sent(prepared.entries)
    key = "sqs/orders/3/00000000000000000007"
    assert prepared.attachments == {key: b"x" * 2000}
    assert json.loads(sent["MessageBody"]) == [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        {"s3BucketName": "large", "s3Key": key},
    ]
    assert sent["MessageAttributes"]["ExtendedPayloadSize"] == {"DataType": "Number", "StringValue": "2000"}
    assert len(sent["MessageAttributes"]) == 10
    assert prepared.entries[0].size_bytes == size_as_aws_counts(sent)


def test_an_attribute_of_ours_takes_the_place_of_one_too_many_or_fails() -> None:
    headers = [(f"h{number}", b"1") for number in range(10)]
    options: dict[str, Any] = {
        "oversize_policy": "s3",
        "oversize_s3_bucket_name": "large",
        "message_attributes_headers": "*",
        "message_illegal_characters": "base64",
    }
    large = record(b"\xff" * 2000, headers=headers)
    assert "kafka.encoding" in fault(large, most_bytes=1024, **options)
    sent = message(large, most_bytes=1024, message_attributes_overflow="drop", **options)
    assert list(sent["MessageAttributes"]) == [
        *(f"h{number}" for number in range(8)),
        "kafka.encoding",
        "ExtendedPayloadSize",
    ]


def test_what_is_too_large_is_left_out_on_demand() -> None:
    prepared = prepare(record(b"x" * 1025), most_bytes=1024, oversize_policy="skip")
    assert (prepared.entries, prepared.passed_over) == ([], {"too_large": 1})
    assert len(prepare(record(b"x" * 1024), most_bytes=1024, oversize_policy="skip").entries) == 1


values = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40),
    st.none(),
    st.integers(0, 1_200_000).map(lambda size: b"\xc3\xa9" * (size // 2)),
)
headers_ = st.lists(
    st.tuples(
        st.text(max_size=5) | st.sampled_from(["a", "b", "aws.x", "x..y"]),
        st.none() | st.binary(max_size=5) | st.text(max_size=5),
    ),
    max_size=13,
)


@given(
    st.lists(st.tuples(values, st.none() | st.text(max_size=3), headers_), min_size=1, max_size=30),
    st.sampled_from(["value", "envelope", "base64"]),
    st.sampled_from(["fail", "replace", "base64"]),
    st.sampled_from(["fail", "drop"]),
    st.sampled_from(["fail", "skip", "s3"]),
    st.booleans(),
)
@settings(max_examples=60)
def test_whatever_the_records_requests_are_legal_and_every_record_is_accounted_for(
    rows: list[tuple[Any, Any, Any]], body: str, characters: str, overflow: str, oversize: str, fifo: bool
) -> None:
    options: dict[str, Any] = {
        "message_body": body,
        "message_illegal_characters": characters,
        "message_attributes_overflow": overflow,
        "message_attributes_headers": "*",
        "oversize_policy": oversize,
    } | ({"oversize_s3_bucket_name": "large"} if oversize == "s3" else {})
    records = [Record(at, key, value, 1, found) for at, (value, key, found) in enumerate(rows)]
    prepared = prepare(*records, fifo=fifo, **options)
    seen = [entry.offset for entry in prepared.entries] + list(prepared.failed)
    assert len(seen) == len(set(seen))
    assert len(seen) + sum(prepared.passed_over.values()) == len(rows)
    fitting = [entry for entry in prepared.entries if entry.size_bytes <= MIB]
    assert oversize == "fail" or fitting == prepared.entries
    for entries in requests(fitting):
        sent = as_sent(entries)
        assert 1 <= len(sent) <= 10
        assert sum(map(size_as_aws_counts, sent)) <= MIB
        assert [size_as_aws_counts(each) for each in sent] == [entry.size_bytes for entry in entries]
        groups = [each["MessageGroupId"] for each in sent if "MessageGroupId" in each]
        assert len(set(groups)) == len(groups) == (len(sent) if fifo else 0)
        for each in sent:
            assert all(map(is_taken, each["MessageBody"]))
            assert each["MessageBody"]
            assert len(each.get("MessageAttributes", {})) <= 10


def is_taken(character: str) -> bool:
    """The API reference, written anew."""
    code = ord(character)
    return code in {9, 10, 13} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def requests(entries: list[Entry]) -> list[list[Entry]]:
    """As the dispatcher cuts them, if each is answered before the next."""
    sink = SqsSink(SqsConfig.parse({"aws.sqs.queue": ARN}))
    sink._queues[URL] = Queue(URL, ARN, is_fifo=False)
    outbox = Outbox(URL, sink.limits(URL))
    Progress(PARTITION).take(entries, 1000)
    outbox.add(entries)
    found = []
    while request := outbox.cut():
        found.append(request)
        lanes = [entry.lane for entry in request]
        outbox.again([lane for lane in lanes if isinstance(lane, Lane) and lane.first])
    return found


# ---- columns ----


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"values"}),
        ({"aws.sqs.queue": "orders.fifo"}, {"values", "keys"}),
        ({"aws.sqs.queue": "{{topic}}"}, {"values", "keys"}),
        ({"aws.sqs.queue": "orders.fifo", "aws.sqs.message.group.id": "{{topic}}"}, {"values"}),
        ({"delivery.order": "key"}, {"values", "keys"}),
        ({"aws.sqs.delay.seconds": "{{header:d}}"}, {"values", "headers"}),
        ({"message.body": "envelope"}, {"keys", "values", "timestamps", "headers"}),
    ],
)
def test_only_columns_that_are_needed_are_read(options: dict[str, str], expected: set[str]) -> None:
    assert EntryMaker(SqsConfig.parse({"aws.sqs.queue": ARN} | options), "SqsSink").columns == expected
