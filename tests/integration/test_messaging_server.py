"""The benchmark's stand-in for AWS, read by botocore itself: what it answers is what the services answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from benchmarks.messaging_server import ACCOUNT, REGION, MessagingServer

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/bench"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:bench"
ODD = 'a "Id": "x" & .member.1.Id=y "PartitionKey": "DetailType": é'
"""Looks like what the server counts, in all four protocols."""


@pytest.fixture(scope="module")
def server() -> Iterator[MessagingServer]:
    with MessagingServer() as running:
        yield running


def client(server: MessagingServer, service: str) -> Any:
    return botocore.session.get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


@pytest.mark.parametrize("count", [1, 10])
def test_sqs_takes_every_entry(server: MessagingServer, count: int) -> None:
    entries = [{"Id": f"e-{number}", "MessageBody": ODD} for number in range(count)]
    answer = client(server, "sqs").send_message_batch(QueueUrl=QUEUE, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert all(entry["MessageId"] and entry["MD5OfMessageBody"] for entry in answer["Successful"])
    assert not answer.get("Failed")


@pytest.mark.parametrize("count", [1, 10])
def test_sns_takes_every_entry(server: MessagingServer, count: int) -> None:
    entries = [{"Id": f"e-{number}", "Message": ODD} for number in range(count)]
    answer = client(server, "sns").publish_batch(TopicArn=TOPIC, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert all(entry["MessageId"] for entry in answer["Successful"])
    assert answer["Failed"] == []


@pytest.mark.parametrize("count", [1, 500])
def test_kinesis_takes_every_record(server: MessagingServer, count: int) -> None:
    records = [{"Data": ODD.encode() * 50, "PartitionKey": ODD}] * count
    answer = client(server, "kinesis").put_records(StreamName="bench", Records=records)
    assert answer["FailedRecordCount"] == 0
    assert len(answer["Records"]) == count
    assert all(record["SequenceNumber"] and record["ShardId"] for record in answer["Records"])


@pytest.mark.parametrize("count", [1, 10])
def test_eventbridge_takes_every_entry(server: MessagingServer, count: int) -> None:
    entries = [{"Source": ODD, "DetailType": ODD, "Detail": '{"a":"\\"DetailType\\":"}'}] * count
    answer = client(server, "events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0
    assert len(answer["Entries"]) == count
    assert all(entry["EventId"] for entry in answer["Entries"])


def test_what_a_sink_asks_at_its_start_is_answered(server: MessagingServer) -> None:
    sqs, sts = client(server, "sqs"), client(server, "sts")
    assert sqs.get_queue_url(QueueName="bench")["QueueUrl"].endswith(f"/{ACCOUNT}/bench")
    attributes = sqs.get_queue_attributes(QueueUrl=QUEUE, AttributeNames=["All"])["Attributes"]
    assert attributes["MaximumMessageSize"] == "1048576"
    topic = client(server, "sns").get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    assert topic["TopicArn"] == TOPIC
    stream = client(server, "kinesis").describe_stream_summary(StreamName="bench")
    assert stream["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"
    assert client(server, "events").describe_event_bus(Name="bench")["Name"] == "bench"
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    role = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/bench", RoleSessionName="connect")
    assert role["Credentials"]["Expiration"].year == 2099


def test_what_it_took_is_counted() -> None:
    with MessagingServer() as server:
        records = [{"Data": b"data", "PartitionKey": "key"}] * 7
        for _ in range(3):
            client(server, "kinesis").put_records(StreamName="bench", Records=records)
        assert server.counts() == {"PutRecords": 3, "PutRecords entries": 21}


def test_answers_come_as_late_as_asked() -> None:
    with MessagingServer(delay_seconds=0.2) as server:
        started = time.monotonic()
        client(server, "sts").get_caller_identity()
        assert time.monotonic() - started >= 0.2
