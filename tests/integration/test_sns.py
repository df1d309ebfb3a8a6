"""The SNS sink on a real SNS protocol: what arrives at a subscriber, whatever fails on the way."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from connector.check import Outcome
from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.sinks.sns import SnsConfig, SnsSink
from connector.testing.kafka import ExternalKafka
from connector.testing.proxy import Answer
from connector.testing.proxy.entries import failing_publications
from connector.testing.sink import running as running_in_task
from connector.testing.topics import SubscribedTopic
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from contextlib import AbstractAsyncContextManager

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

PARTITIONS = [TopicPartition("orders", 0), TopicPartition("orders", 1)]


@pytest.fixture
def name() -> str:
    return f"topic-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def options(aws: AwsServer, proxy: FaultProxy) -> dict[str, str]:
    return {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.endpoint": proxy.url,
        "delivery.linger.ms": "5",
    }


def running(options: dict[str, str], arn: str, **more: str) -> AbstractAsyncContextManager[SnsSink]:
    config = SnsConfig.parse({**options, "aws.sns.topic.arn": arn, **more})
    return running_in_task(SnsSink(config), PARTITIONS, topics=["orders"])


def batch_of(partition: TopicPartition, start: int, rows: list[tuple[bytes, bytes]]) -> RecordBatch:
    records = [
        Record(start + index, key, value, 1_700_000_000_000, [("n", str(start + index))])
        for index, (key, value) in enumerate(rows)
    ]
    return RecordBatch.of(partition, records)


def trouble(aws: AwsServer, proxy: FaultProxy) -> None:
    proxy.fail("PublishBatch", status=429, code="Throttled", probability=0.05)
    proxy.fail("PublishBatch", status=500, code="InternalError", when="after", probability=0.05)
    proxy.cut("PublishBatch", when="after", probability=0.05)
    proxy.on("PublishBatch", failing_publications(aws.url, 0.1))


def attributes_answer(**attributes: str) -> Answer:
    """moto leaves out attributes that topics have had since 2026."""
    entries = "".join(
        f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in attributes.items()
    )
    result = f"<GetTopicAttributesResult><Attributes>{entries}</Attributes></GetTopicAttributesResult>"
    body = f"<GetTopicAttributesResponse>{result}</GetTopicAttributesResponse>"
    return Answer(200, body.encode(), {"Content-Type": "text/xml"})


async def deliver(sink: SnsSink, records: int, keys: int) -> list[tuple[bytes, bytes]]:
    """In several batches, to two partitions; all keys and values that were put."""
    put: list[tuple[bytes, bytes]] = []
    for start in range(0, records, 50):
        for partition in PARTITIONS:
            rows = [
                (
                    f"{partition.partition}-{offset % keys}".encode(),
                    f"{partition.partition}:{offset}".encode(),
                )
                for offset in range(start, start + 50)
            ]
            put += rows
            await sink.put(batch_of(partition, start, rows))
    async with asyncio.timeout(60):
        await sink.close(PARTITIONS)
    assert sink.committable() == dict.fromkeys(PARTITIONS, records)
    return put


async def deliver_one(options: dict[str, str], arn: str) -> None:
    """Until the task fails; raises what ends it."""
    async with running(options, arn) as sink:
        await sink.put(batch_of(PARTITIONS[0], 0, [(b"k", b"v")]))
        assert isinstance(sink.context, TaskContext)
        await asyncio.wait([sink.context.failure], timeout=60)


async def test_nothing_is_lost_on_a_standard_topic_that_fails_in_every_way(
    aws: AwsServer, proxy: FaultProxy, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, name)
    trouble(aws, proxy)
    async with running(options, topic.arn) as sink:
        put = await deliver(sink, 150, keys=10)
    seen = Counter(topic.bodies())
    assert set(seen) == {value.decode() for _, value in put}
    assert seen.total() > len(put), "nothing was cut after it was carried out"


async def test_a_fifo_topic_keeps_the_order_of_keys_without_loss_or_duplicate(
    aws: AwsServer, proxy: FaultProxy, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, f"{name}.fifo")
    trouble(aws, proxy)
    async with running(options, topic.arn) as sink:
        put = await deliver(sink, 100, keys=25)
    messages = topic.messages()
    by_group: dict[str, list[str]] = {}
    for message in messages:
        by_group.setdefault(message["Attributes"]["MessageGroupId"], []).append(message["Body"])
    expected: dict[str, list[str]] = {}
    for key, value in put:
        expected.setdefault(key.decode(), []).append(value.decode())
    assert by_group == expected
    assert proxy.counts["PublishBatch"] > 0
    assert {message["Attributes"]["MessageDeduplicationId"] for message in messages} == {
        f"orders-{value.decode().replace(':', '-')}" for _, value in put
    }


async def test_what_is_delivered_again_after_a_restart_has_the_same_deduplication_ids(
    aws: AwsServer, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, f"{name}.fifo")
    for _ in range(2):
        async with running(options, topic.arn) as sink:
            put = await deliver(sink, 50, keys=5)
    assert sorted(topic.bodies()) == sorted(value.decode() for _, value in put)


async def test_attributes_arrive_with_their_types_and_bodies_byte_by_byte(
    aws: AwsServer, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, name)
    body = 'žluť {"a": "100% & +=", "n": "\n"} 🐎'
    more = {
        "message.attributes.metadata": "topic,partition,offset",
        "message.attributes.headers": "n",
        "message.attributes.types": "n:Number",
    }
    async with running(options, topic.arn, **more) as sink:
        await sink.put(batch_of(PARTITIONS[1], 7, [(b"k", body.encode())]))
        await sink.close(PARTITIONS)
    (message,) = topic.messages()
    assert message["Body"] == body
    assert message["MessageAttributes"] == {
        "kafka.topic": {"DataType": "String", "StringValue": "orders"},
        "kafka.partition": {"DataType": "Number", "StringValue": "1"},
        "kafka.offset": {"DataType": "Number", "StringValue": "7"},
        "n": {"DataType": "Number", "StringValue": "7"},
    }


async def test_a_subject_and_the_body_for_the_protocol_arrive_in_the_envelope(
    aws: AwsServer, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, name, is_raw=False)
    more = {"aws.sns.subject": "Order {{key}}", "aws.sns.message.structure": "json"}
    async with running(options, topic.arn, **more) as sink:
        await sink.put(batch_of(PARTITIONS[0], 0, [(b"17", b'{"default":"for all","sqs":"for queues"}')]))
        await sink.close(PARTITIONS)
    (body,) = topic.bodies()
    assert (json.loads(body)["Subject"], json.loads(body)["Message"]) == ("Order 17", "for queues")


async def test_a_body_that_is_too_large_goes_to_s3_and_a_pointer_to_the_topic(
    aws: AwsServer, proxy: FaultProxy, options: dict[str, str], name: str, bucket: str
) -> None:
    topic = SubscribedTopic(aws, name)
    proxy.on("GetTopicAttributes", lambda _: attributes_answer(MaximumMessageSize="2048"))
    more = {"oversize.policy": "s3", "oversize.s3.bucket.name": bucket}
    async with running(options, topic.arn, **more) as sink:
        assert sink.limits(topic.arn).request_bytes == 2048
        await sink.put(batch_of(PARTITIONS[0], 0, [(b"k", b"x" * 2049), (b"k", b"y" * 2048)]))
        await sink.close(PARTITIONS)
    assert aws.objects(bucket) == {"orders/0/00000000000000000000": b"x" * 2049}
    by_reference, whole = sorted(topic.messages(), key=lambda message: message["Body"])
    assert whole["Body"] == "y" * 2048
    assert json.loads(by_reference["Body"])[1] == {
        "s3BucketName": bucket,
        "s3Key": "orders/0/00000000000000000000",
    }
    size = by_reference["MessageAttributes"]["ExtendedPayloadSize"]
    assert size == {"DataType": "Number", "StringValue": "2049"}


# ---- topics that are not as they should be ----


async def test_a_topic_that_does_not_exist_is_found_at_the_start(
    aws: AwsServer, options: dict[str, str], name: str
) -> None:
    with pytest.raises(AccessError, match=r"GetTopicAttributes on .* correct aws\.sns\.topic\.arn"):
        async with running(options, f"arn:aws:sns:us-east-1:123456789012:{name}"):
            pass


async def test_deduplication_by_content_needs_a_topic_that_does_so(
    aws: AwsServer, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, f"{name}.fifo")
    with pytest.raises(AccessError, match="has no ContentBasedDeduplication"):
        async with running(options, topic.arn, **{"aws.sns.message.deduplication.id": "content"}):
            pass


async def test_a_kafka_topic_that_cannot_name_an_sns_topic_is_found_at_the_start(
    aws: AwsServer, options: dict[str, str]
) -> None:
    arn = "arn:aws:sns:us-east-1:123456789012:{{topic}}"
    config = SnsConfig.parse({**options, "aws.sns.topic.arn": arn})
    with ThreadPoolExecutor(1) as executor:
        sink = SnsSink(config)
        with pytest.raises(AccessError, match=r"for the topic shop\.orders"):
            await sink.start(TaskContext("sns", 0, executor, topics=["shop.orders"]))
        await sink.stop()


async def test_without_the_right_to_read_limits_those_of_a_new_topic_hold(
    aws: AwsServer,
    proxy: FaultProxy,
    options: dict[str, str],
    name: str,
    logged: list[MutableMapping[str, Any]],
) -> None:
    topic = SubscribedTopic(aws, name)
    proxy.fail("GetTopicAttributes", status=403, code="AuthorizationError")
    async with running(options, topic.arn) as sink:
        assert sink.limits(topic.arn).entry_bytes == 262_144
        await deliver(sink, 50, keys=5)
    assert len(topic.bodies()) == 100
    assert any("sns:GetTopicAttributes" in str(line) for line in logged)


async def test_a_topic_that_may_not_be_published_to_stops_the_task_with_the_grant(
    aws: AwsServer, proxy: FaultProxy, options: dict[str, str], name: str
) -> None:
    topic = SubscribedTopic(aws, name)
    proxy.fail("PublishBatch", 100, status=403, code="AuthorizationError")
    with pytest.raises(AccessError, match=f"grant sns:Publish on {topic.arn}"):
        await deliver_one(options, topic.arn)


# ---- checks ----


async def outcomes(options: dict[str, str], arn: str) -> dict[str, tuple[Outcome, str]]:
    with ThreadPoolExecutor(1) as executor:
        sink = SnsSink(SnsConfig.parse({**options, "aws.sns.topic.arn": arn}))
        checklist = sink.checklist(TaskContext("sns", 0, executor), ["orders"])
        return {
            step.name: (step.outcome, f"{step.detail} {step.remedy}")
            async for step in checklist.steps()
            if step.name.startswith("SNS")
        }


async def test_the_check_of_a_topic_publishes_nothing(
    aws: AwsServer, options: dict[str, str], name: str
) -> None:
    for suffix in ("", ".fifo"):
        topic = SubscribedTopic(aws, name + suffix)
        found = await outcomes(options, topic.arn)
        assert {step: outcome for step, (outcome, _) in found.items()} == {
            "SNS endpoint": Outcome.OK,
            "SNS topic of orders": Outcome.OK,
            "SNS publish to orders": Outcome.OK,
        }
        assert "262144" in found["SNS topic of orders"][1]
        assert topic.bodies() == []


async def test_the_check_tells_what_is_missing_and_what_to_do(
    aws: AwsServer, proxy: FaultProxy, options: dict[str, str], name: str
) -> None:
    found = await outcomes(options, f"arn:aws:sns:us-east-1:123456789012:{name}")
    assert found["SNS topic of orders"][0] is Outcome.FAILED
    assert "aws.sns.topic.arn" in found["SNS topic of orders"][1]
    assert found["SNS publish to orders"][0] is Outcome.SKIPPED
    topic = SubscribedTopic(aws, name, KmsMasterKeyId="alias/shop")
    proxy.fail("PublishBatch", status=403, code="AuthorizationError")
    found = await outcomes(options, topic.arn)
    assert found["SNS topic of orders"][0] is Outcome.WARNING
    assert "alias/shop" in found["SNS topic of orders"][1]
    assert found["SNS publish to orders"][0] is Outcome.FAILED
    assert "grant sns:Publish" in found["SNS publish to orders"][1]


# ---- the whole way ----


@pytest.mark.kafka
def test_no_record_is_missing_or_doubled_on_a_fifo_topic_after_kills(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    proxy: FaultProxy,
    options: dict[str, str],
) -> None:
    kafka_topic = topic(2)
    subscribed = SubscribedTopic(aws, f"{kafka_topic}.fifo")
    chance = random.Random(5)
    trouble(aws, proxy)
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "200",
        "consumer.session.timeout.ms": "6000" if isinstance(kafka, ExternalKafka) else "2000",
        "consumer.heartbeat.interval.ms": "500",
        "key.converter": "string",
        "value.converter": "byte_array",
    }
    connector: dict[str, Any] = {
        **options,
        "name": f"connector-{kafka_topic}",
        "connector.class": "sns",
        "topics": kafka_topic,
        "aws.sns.topic.arn": subscribed.arn.replace(kafka_topic, "{{topic}}"),
        "aws.sns.message.group.id": "{{value:customer}}",
    }
    values = [[b'{"customer":"%d-%d","n":%d}' % (p, n % 20, n) for n in range(160)] for p in range(2)]
    with WorkerProcess(settings, connector) as worker:
        for start in range(0, 160, 40):
            for partition in range(2):
                produce(kafka_topic, values[partition][start : start + 40], partition=partition)
            worker.wait_for_metric("connector_records_delivered_total", 10)
            time.sleep(chance.uniform(0, 0.3))
            worker.kill()
            worker.start()
        proxy.clear()

        def everything_is_committed() -> bool:
            found = committed(f"connect-{worker.name}", kafka_topic)
            return {partition: at.offset for partition, at in found.items()} == {0: 160, 1: 160}

        worker.wait_until(everything_is_committed, "everything is committed")
        worker.wait_for_state("RUNNING")  # the life before may have committed, and this one not yet begun
        assert worker.terminate() == 0, worker.log
    by_customer: dict[str, list[int]] = {}
    for body in subscribed.bodies():
        found = json.loads(body)
        by_customer.setdefault(found["customer"], []).append(found["n"])
    assert by_customer == {
        f"{partition}-{customer}": list(range(customer, 160, 20))
        for partition in range(2)
        for customer in range(20)
    }
