from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from connector.column import JsonColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.sns import SnsConfig
from connector.sinks.sns.entry import EntryMaker
from connector.sinks.sns.topic import Topic

if TYPE_CHECKING:
    from connector.sinks.dispatch import Prepared

PARTITION = TopicPartition("orders", 3)
STANDARD = "arn:aws:sns:eu-north-1:123456789012:orders"
FIFO = f"{STANDARD}.fifo"


def prepare(
    *records: Record,
    arn: str = STANDARD,
    most_bytes: int = 262_144,
    batch: RecordBatch | None = None,
    **options: Any,
) -> Prepared:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    maker = EntryMaker(SnsConfig.parse({"aws.sns.topic.arn": arn, **raw}), "SnsSink")
    whole = batch or RecordBatch.of(PARTITION, list(records))
    # Only what the sink asks for is there when it runs.
    columns = {name: getattr(whole, name) for name in maker.columns} | {"offsets": whole.offsets}
    return maker.prepare(RecordBatch(PARTITION, columns, whole.next_offset), Topic(arn, most_bytes))


def fields(prepared: Prepared) -> list[dict[str, str]]:
    """Of each entry, without its place."""
    return [
        dict(parse_qsl(entry.payload.replace(b"&\0.", b"&").decode()[1:], strict_parsing=True))
        for entry in prepared.entries
    ]


def reasons(prepared: Prepared) -> dict[int, str]:
    assert {error.stage for error in prepared.failed.values()} <= {"TASK_PUT"}
    assert {error.origin for error in prepared.failed.values()} <= {"SnsSink"}
    return {offset: str(error) for offset, error in prepared.failed.items()}


def value(content: Any, key: Any = b"k", offset: int = 0, **headers: Any) -> Record:
    return Record(offset, key, content, 1_700_000_000_000, list(headers.items()))


# ---- groups, order, deduplication ----


def test_a_fifo_message_belongs_to_the_group_of_its_key_and_is_known_by_its_position() -> None:
    prepared = prepare(value(b"v", b"customer-1", 17), arn=FIFO)
    assert fields(prepared) == [
        {"Message": "v", "MessageGroupId": "customer-1", "MessageDeduplicationId": "orders-3-17"}
    ]
    assert [entry.order_key for entry in prepared.entries] == ["customer-1"]


def test_without_a_key_the_group_is_topic_and_partition() -> None:
    (found,) = fields(prepare(value(b"v", None), arn=FIFO))
    assert found["MessageGroupId"] == "orders-3"


@pytest.mark.parametrize("key", [b"with a space", "ä".encode(), b"k" * 129, b""])
def test_a_key_that_is_no_legal_group_id_is_hashed(key: bytes) -> None:
    (found,) = fields(prepare(value(b"v", key), arn=FIFO))
    assert found["MessageGroupId"] == hashlib.sha256(key).hexdigest()


def test_a_standard_message_has_no_group_and_no_order_unless_asked_for() -> None:
    prepared = prepare(value(b"v"))
    assert fields(prepared) == [{"Message": "v"}]
    assert prepared.entries[0].order_key is None


def test_a_standard_message_may_have_a_group_for_fair_queues() -> None:
    prepared = prepare(
        value(b"v", tenant=b"t1"), value(b"v", offset=1), aws_sns_message_group_id="{{header:tenant}}"
    )
    assert [found.get("MessageGroupId") for found in fields(prepared)] == ["t1", None]
    assert [entry.order_key for entry in prepared.entries] == [None, None]


def test_order_by_key_on_a_standard_topic_sends_records_of_one_key_one_after_the_other() -> None:
    prepared = prepare(value(b"v", b"a"), value(b"v", None, 1), delivery_order="key")
    assert [entry.order_key for entry in prepared.entries] == ["a", None]


def test_order_by_partition_makes_one_lane_of_it() -> None:
    prepared = prepare(value(b"v", b"a"), value(b"v", b"b", 1), arn=FIFO, delivery_order="partition")
    assert len({entry.order_key for entry in prepared.entries} - {None}) == 1


def test_deduplication_by_content_is_left_to_the_topic() -> None:
    (found,) = fields(prepare(value(b"v"), arn=FIFO, aws_sns_message_deduplication_id="content"))
    assert "MessageDeduplicationId" not in found


def test_a_record_without_the_deduplication_id_that_was_asked_for_fails_alone() -> None:
    prepared = prepare(
        value(b"v", id=b"1"),
        value(b"v", offset=1),
        arn=FIFO,
        aws_sns_message_deduplication_id="{{header:id}}",
    )
    assert [found["MessageDeduplicationId"] for found in fields(prepared)] == ["1"]
    assert "{{header:id}}" in reasons(prepared)[1]


# ---- subjects ----


@pytest.mark.parametrize("subject", ["x" * 100, "line\nbreak", "tab\t", "\x7f", "para\u2029graph"])
def test_a_subject_that_sns_refuses_fails_its_record_alone(subject: str) -> None:
    prepared = prepare(
        value(b"v", title=subject), value(b"v", offset=1, title="fine"), aws_sns_subject="{{header:title}}"
    )
    assert [found["Subject"] for found in fields(prepared)] == ["fine"]
    assert "aws.sns.subject" in reasons(prepared)[0]


@pytest.mark.parametrize("subject", ["x" * 99, "Größe", "100 % & more"])
def test_a_subject_that_sns_takes_is_sent(subject: str) -> None:
    (found,) = fields(prepare(value(b"v", title=subject), aws_sns_subject="{{header:title}}"))
    assert found["Subject"] == subject


def test_a_record_without_a_subject_has_none() -> None:
    assert fields(prepare(value(b"v"), aws_sns_subject="{{header:title}}")) == [{"Message": "v"}]


def test_a_field_of_a_value_that_is_no_json_fails_its_record_alone() -> None:
    prepared = prepare(value(b"no json"), value(b'{"t":"T"}', offset=1), aws_sns_subject="{{value:t}}")
    assert [found["Subject"] for found in fields(prepared)] == ["T"]
    assert "no JSON" in reasons(prepared)[0]


# ---- bodies ----


def test_a_null_value_fails_unless_the_config_says_otherwise() -> None:
    assert "behavior.on.null.values" in reasons(prepare(value(None)))[0]


def test_a_null_value_can_be_left_out_and_is_counted() -> None:
    prepared = prepare(value(None), value(b"v", offset=1), behavior_on_null_values="skip")
    assert [entry.offset for entry in prepared.entries] == [1]
    assert prepared.passed_over == {"null_value": 1}
    assert not prepared.failed


def test_what_is_left_out_does_not_fail_for_anything_else() -> None:
    options: dict[str, Any] = {"behavior.on.null.values": "skip", "aws.sns.subject": "{{header:title}}"}
    prepared = prepare(value(None, title="x" * 100), **options)
    assert prepared.passed_over == {"null_value": 1}
    assert not prepared.failed


def test_a_null_value_can_be_sent_in_an_envelope_while_others_stand_alone() -> None:
    prepared = prepare(value(None), value(b"v", offset=1), behavior_on_null_values="envelope")
    first, second = fields(prepared)
    assert json.loads(first["Message"])["value"] is None
    assert second["Message"] == "v"


def test_the_null_of_json_is_a_null_value_too() -> None:
    batch = RecordBatch(PARTITION, {"offsets": [4, 5], "values": JsonColumn([b" null", b'{"a":1}'])}, 6)
    prepared = prepare(batch=batch, behavior_on_null_values="skip")
    assert prepared.passed_over == {"null_value": 1}
    assert fields(prepared) == [{"Message": '{"a":1}'}]


def test_an_empty_value_fails() -> None:
    assert "empty" in reasons(prepare(value(b"")))[0]


@pytest.mark.parametrize(("policy", "sent"), [("replace", "a\ufffdb"), ("base64", "YQBi")])
def test_characters_that_sns_refuses_follow_the_policy(policy: str, sent: str) -> None:
    assert "message.illegal.characters" in reasons(prepare(value(b"a\0b")))[0]
    (found,) = fields(prepare(value(b"a\0b"), message_illegal_characters=policy))
    assert found["Message"] == sent
    assert (found.get("MessageAttributes.entry.1.Name") == "kafka.encoding") is (policy == "base64")


@pytest.mark.parametrize("body", [b"{}", b'{"default":1}', b"[]", b"text", b'{"default":"a"'])
def test_with_a_message_structure_a_value_without_default_fails(body: bytes) -> None:
    prepared = prepare(
        value(body), value(b'{"default":"d","email":"e"}', offset=1), aws_sns_message_structure="json"
    )
    assert [found["MessageStructure"] for found in fields(prepared)] == ["json"]
    assert "default" in reasons(prepared)[0]


# ---- attributes ----


@pytest.mark.parametrize("text", [b"a", b'{"a":1}', b'["a",{"b":1}]', b"[[1]]", b'["a"'])
def test_a_string_array_that_is_none_fails_its_record(text: bytes) -> None:
    options: dict[str, Any] = {
        "message.attributes.headers": "tags",
        "message.attributes.types": "tags:String.Array",
    }
    assert "JSON array" in reasons(prepare(value(b"v", tags=text), **options))[0]
    prepared = prepare(value(b"v", tags=text), **options, message_attributes_overflow="drop")
    assert fields(prepared) == [{"Message": "v"}]


def test_a_converted_list_is_a_string_array() -> None:
    options: dict[str, Any] = {
        "message.attributes.headers": "tags",
        "message.attributes.types": "tags:String.Array",
    }
    (found,) = fields(prepare(value(b"v", tags=["a", 1, None]), **options))
    assert found["MessageAttributes.entry.1.Value.StringValue"] == '["a",1,null]'


# ---- sizes ----


def test_an_entry_counts_body_and_attributes_in_bytes_of_utf_8_but_not_what_stands_beside() -> None:
    prepared = prepare(
        value("é☃".encode(), tenant="ü", raw=b"\x00\xff"),
        arn=FIFO,
        aws_sns_subject="a subject",
        message_attributes_headers="tenant,raw",
        message_attributes_types="raw:Binary",
    )
    (entry,) = prepared.entries
    assert entry.size_bytes == 5 + len("tenantString") + 2 + len("rawBinary") + 2


def test_a_message_that_fits_to_the_byte_is_sent_whole() -> None:
    options: dict[str, Any] = {
        "oversize.policy": "s3",
        "oversize.s3.bucket.name": "bodies",
        "oversize.s3.prefix": "in/",
    }
    prepared = prepare(value(b"x" * 1000), value(b"y" * 1001, offset=1), most_bytes=1000, **options)
    assert prepared.attachments == {"in/orders/3/00000000000000000001": b"y" * 1001}
    whole, pointer = fields(prepared)
    assert whole == {"Message": "x" * 1000}
    assert json.loads(pointer["Message"]) == [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        {"s3BucketName": "bodies", "s3Key": "in/orders/3/00000000000000000001"},
    ]
    place = "MessageAttributes.entry.1."
    assert pointer[f"{place}Name"] == "ExtendedPayloadSize"
    assert pointer[f"{place}Value.DataType"] == "Number"
    assert pointer[f"{place}Value.StringValue"] == "1001"
    assert prepared.entries[1].size_bytes == len(pointer["Message"]) + len("ExtendedPayloadSizeNumber1001")


def test_a_pointer_needs_room_among_ten_attributes() -> None:
    headers: dict[str, Any] = {f"h{number}": b"1" for number in range(10)}
    options: dict[str, Any] = {
        "oversize.policy": "s3",
        "oversize.s3.bucket.name": "bodies",
        "message.attributes.headers": "*",
    }
    prepared = prepare(value(b"x" * 1000, **headers), most_bytes=1000, **options)
    assert "ExtendedPayloadSize" in reasons(prepared)[0]
    prepared = prepare(
        value(b"x" * 1000, **headers), most_bytes=1000, **options, message_attributes_overflow="drop"
    )
    (found,) = fields(prepared)
    names = [text for name, text in found.items() if name.endswith(".Name")]
    assert names == [*(f"h{number}" for number in range(9)), "ExtendedPayloadSize"]


def test_a_message_that_is_too_large_can_be_left_out_and_is_counted() -> None:
    prepared = prepare(value(b"x" * 1001), most_bytes=1000, oversize_policy="skip")
    assert prepared.entries == []
    assert prepared.passed_over == {"too_large": 1}
