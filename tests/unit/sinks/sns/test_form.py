from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes

import botocore.session
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.sns import SnsConfig, form
from connector.sinks.sns.entry import EntryMaker
from connector.sinks.sns.topic import Topic

ARN = "arn:aws:sns:eu-north-1:123456789012:orders"
MODEL = botocore.session.get_session().get_service_model("sns")


def posted(config: dict[str, str], arn: str, records: list[Record]) -> list[tuple[str, str]]:
    """What a request with these records says, as any server reads a form."""
    maker = EntryMaker(SnsConfig.parse({"aws.sns.topic.arn": arn, **config}), "SnsSink")
    prepared = maker.prepare(RecordBatch.of(TopicPartition("orders", 3), records), Topic(arn))
    assert not prepared.failed
    body = form.request(form.head(arn), [entry.payload for entry in prepared.entries])
    return sorted(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


def of_botocore(arn: str, entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What botocore sends for these entries."""
    operation = MODEL.operation_model("PublishBatch")
    request = {"TopicArn": arn, "PublishBatchRequestEntries": entries}
    body = create_serializer("query", include_validation=True).serialize_to_request(request, operation)[
        "body"
    ]
    return sorted((name, str(value)) for name, value in body.items())


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_quoting_is_what_the_standard_library_does(text: bytes) -> None:
    assert form.quoted(text) == quote_from_bytes(text, safe="").encode()


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_a_column_is_quoted_as_its_texts_are(texts: list[bytes]) -> None:
    assert form.quoted_column(texts) == list(map(form.quoted, texts))


def test_a_request_to_a_standard_topic_is_the_one_that_botocore_sends() -> None:
    records = [Record(7, b"k", b'{"a": "100% & more = ?"}'), Record(9, None, "žluťoučký\n☃ 🐎".encode())]
    assert posted({}, ARN, records) == of_botocore(
        ARN,
        [{"Id": "0", "Message": '{"a": "100% & more = ?"}'}, {"Id": "1", "Message": "žluťoučký\n☃ 🐎"}],
    )


def test_a_request_with_everything_is_the_one_that_botocore_sends() -> None:
    config = {
        "aws.sns.subject": "{{header:title}} 100%",
        "aws.sns.message.structure": "json",
        "aws.sns.message.deduplication.id": "{{header:id}}",
        "message.attributes.metadata": "topic,offset",
        "message.attributes.headers": "tags,raw,n",
        "message.attributes.types": "tags:String.Array,raw:Binary,n:Number",
    }
    headers = [
        ("title", "Ein Titel"),
        ("id", "x&y=1"),
        ("tags", b'["a", 1, true, null]'),
        ("raw", b"\x00\xff+/"),
        ("n", "-1.5e3"),
        ("other", b"not chosen"),
    ]
    message = '{"default": "d", "sqs": "s"}'
    arn = f"{ARN}.fifo"
    assert posted(config, arn, [Record(7, b"a key", message.encode(), headers=headers)]) == of_botocore(
        arn,
        [
            {
                "Id": "0",
                "Message": message,
                "Subject": "Ein Titel 100%",
                "MessageStructure": "json",
                "MessageAttributes": {
                    "kafka.topic": {"DataType": "String", "StringValue": "orders"},
                    "kafka.offset": {"DataType": "Number", "StringValue": "7"},
                    "tags": {"DataType": "String.Array", "StringValue": '["a", 1, true, null]'},
                    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff+/"},
                    "n": {"DataType": "Number", "StringValue": "-1.5e3"},
                },
                "MessageDeduplicationId": "x&y=1",
                # The key holds a space, which no group id may.
                "MessageGroupId": hashlib.sha256(b"a key").hexdigest(),
            }
        ],
    )


def test_a_text_as_binary_attribute_is_its_utf_8() -> None:
    config = {"message.attributes.headers": "h", "message.attributes.types": "h:Binary"}
    value = {"DataType": "Binary", "BinaryValue": "é".encode()}
    assert posted(config, ARN, [Record(0, None, b"v", headers=[("h", "é")])]) == of_botocore(
        ARN, [{"Id": "0", "Message": "v", "MessageAttributes": {"h": value}}]
    )
