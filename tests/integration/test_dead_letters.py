"""The dead letter queue on a real Kafka: what is bad is there before any offset says that it is done with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from connector.testing.kafka.client import Message
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

KAFKA = "org.apache.kafka.connect."
PREFIX = "__connect.errors."
BAD = Message(b"{no json", key=b"k", headers=[("own", b"h")], timestamp_ms=1_700_000_000_000)


@pytest.fixture
def configure(kafka: KafkaBroker, aws: AwsServer, bucket: str) -> Callable[..., WorkerProcess]:
    def configure(topic: str, **options: str) -> WorkerProcess:
        return WorkerProcess(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "offset.flush.interval.ms": "300",
                "consumer.session.timeout.ms": "6000",
                "consumer.heartbeat.interval.ms": "500",
            },
            {
                "name": f"connector-{topic}",
                "connector.class": "s3",
                "topics": topic,
                "aws.access.key.id": aws.access_key_id,
                "aws.secret.access.key": aws.secret_access_key,
                "aws.s3.bucket.name": bucket,
                "aws.s3.endpoint": aws.url,
                "file.compression.type": "none",
                "format.output.type": "jsonl",
                "format.output.fields": "value,offset",
                "value.converter": KAFKA + "json.JsonConverter",
                "value.converter.schemas.enable": "false",
                "errors.tolerance": "all",
                "errors.deadletterqueue.topic.name": f"dlq-{topic}",
                "errors.deadletterqueue.topic.replication.factor": "1",
                "errors.deadletterqueue.context.headers.enable": "true",
                **{name.replace("__", "."): value for name, value in options.items()},
            },
        )

    return configure


@pytest.fixture
def read(kafka: KafkaBroker) -> Callable[[str], list[Any]]:
    """All the records of a topic, from its beginning."""

    def read(topic: str) -> list[Any]:
        consumer = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "reader",
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        try:
            found: list[Any] = []
            for partition in consumer.list_topics(topic, timeout=60).topics[topic].partitions:
                consumer.assign([TopicPartition(topic, partition, 0)])
                while (message := consumer.poll(60)) is not None and message.error() is None:
                    found.append(message)
            return found
        finally:
            consumer.close()

    return read


def headers(message: Any) -> dict[str, str | None]:
    return {name: value and value.decode() for name, value in message.headers() or ()}


def done(committed: ReadCommitted, worker: WorkerProcess, topic: str, offset: int) -> bool:
    return {found.offset for found in committed(f"connect-{worker.name}", topic).values()} == {offset}


@pytest.mark.real_kafka
def test_a_bad_record_is_copied_as_it_was_read_and_its_headers_tell_what_was_wrong(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    read: Callable[[str], list[Any]],
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    produce(name, [b'{"n": 0}', BAD, b'{"n": 2}', b'{"n": "x"}'], partition=0)
    transforms = {
        "transforms": "number",
        "transforms__number__type": KAFKA + "transforms.Cast$Value",
        "transforms__number__spec": "n:int32",
    }
    with configure(name, **transforms) as worker:
        worker.wait_until(lambda: done(committed, worker, name, 4), "the offset moves past what is bad")
        assert worker.metric("connector_dead_letters_total") == 2
        assert worker.terminate() == 0, worker.log
    first, second = read(f"dlq-{name}")
    assert (first.key(), first.value(), first.timestamp()[1]) == (BAD.key, BAD.value, BAD.timestamp_ms)
    told = headers(first)
    assert told.pop("own") == "h"
    stacktrace = told.pop(PREFIX + "exception.stacktrace") or ""
    assert "ValueError" in stacktrace
    message = told.pop(PREFIX + "exception.message") or ""
    assert "JSON" in message
    assert told == {
        PREFIX + "topic": name,
        PREFIX + "partition": "0",
        PREFIX + "offset": "1",
        PREFIX + "connector.name": worker.name,
        PREFIX + "task.id": "0",
        PREFIX + "stage": "VALUE_CONVERTER",
        PREFIX + "class.name": KAFKA + "json.JsonConverter",
        PREFIX + "exception.class.name": KAFKA + "errors.DataException",
    }
    assert second.value() == b'{"n": "x"}'
    told = headers(second)
    assert told[PREFIX + "stage"] == "TRANSFORMATION"
    assert told[PREFIX + "class.name"] == KAFKA + "transforms.Cast$Value"
    stored = [
        json.loads(line)["value"]["n"] for data in aws.objects(bucket).values() for line in data.split()
    ]
    assert sorted(stored) == [0, 2]


@pytest.mark.real_kafka
def test_without_tolerance_the_record_is_copied_and_the_task_stops_before_it(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    read: Callable[[str], list[Any]],
) -> None:
    name = topic(1)
    produce(name, [BAD, b"{}", b"bad, too"], partition=0)
    off = {"errors__tolerance": "none", "errors__deadletterqueue__context__headers__enable": "false"}
    with configure(name, **off) as worker:
        worker.wait_for_state("FAILED")
        assert "Tolerance exceeded" in worker.trace()
    (copied,) = read(f"dlq-{name}")
    assert (copied.value(), headers(copied)) == (BAD.value, {"own": "h"})
    assert not done(committed, worker, name, 1)
    assert not done(committed, worker, name, 2)


@pytest.mark.real_kafka
def test_kills_at_any_moment_lose_no_bad_record_and_no_good_one(
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    read: Callable[[str], list[Any]],
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    messages = [b'{"n": %d}' % n if n % 3 else b"bad %d" % n for n in range(3000)]
    with configure(name) as worker:
        for start in range(0, 3000, 1000):
            produce(name, messages[start : start + 1000], partition=0)
            worker.wait_for_metric("connector_dead_letters_total", 1)
            worker.kill()
            worker.start()
        worker.wait_until(lambda: done(committed, worker, name, 3000), "everything is committed")
        assert worker.terminate() == 0, worker.log
    assert {message.value() for message in read(f"dlq-{name}")} == {b"bad %d" % n for n in range(0, 3000, 3)}
    stored = [
        json.loads(line)["offset"] for data in aws.objects(bucket).values() for line in data.splitlines()
    ]
    assert sorted(stored) == [n for n in range(3000) if n % 3]


@pytest.mark.real_kafka
@pytest.mark.parametrize(
    ("settings", "refusal", "remedy"),
    [
        ({"max.message.bytes": "100"}, "MSG_SIZE_TOO_LARGE", "raise max.message.bytes of that topic"),
        ({"cleanup.policy": "compact"}, "INVALID_RECORD", "set its cleanup.policy to delete"),
    ],
)
def test_a_queue_that_refuses_ends_the_task_and_nothing_is_committed_beyond_the_record(
    kafka: KafkaBroker,
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    settings: dict[str, str],
    refusal: str,
    remedy: str,
) -> None:
    name = topic(1)
    dlq = topic(1, settings)
    produce(name, [b"{}", b"bad" * 100, b"{}"], partition=0)
    with configure(name, errors__deadletterqueue__topic__name=dlq) as worker:
        worker.wait_for_state("FAILED")
        assert f"refused by the dead letter queue {dlq} with {refusal}" in worker.trace()
        assert remedy in worker.trace()
    assert not any(done(committed, worker, name, offset) for offset in (2, 3))


@pytest.mark.real_kafka
def test_a_topic_with_more_replicas_than_brokers_is_told_before_anything_is_read(
    configure: Callable[..., WorkerProcess], topic: CreateTopic
) -> None:
    name = topic(1)
    with configure(name, errors__deadletterqueue__topic__replication__factor="3") as worker:
        worker.wait_for_state("FAILED")
        assert "errors.deadletterqueue.topic.replication.factor" in worker.trace()


@pytest.mark.real_kafka
def test_what_a_service_refuses_for_good_is_copied_as_well(
    kafka: KafkaBroker,
    configure: Callable[..., WorkerProcess],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    read: Callable[[str], list[Any]],
    aws: AwsServer,
    proxy: FaultProxy,
) -> None:
    name = topic(1)
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    produce(name, [b"good", b"b\x01ad", b"good too"], partition=0)
    options = {
        "connector__class": "sqs",
        "aws__endpoint": aws.url,
        "aws__sqs__queue__url": url,
        "value__converter": KAFKA + "storage.StringConverter",
    }
    with configure(name, **options) as worker:
        worker.wait_until(lambda: done(committed, worker, name, 3), "the offset moves past what is refused")
        assert worker.terminate() == 0, worker.log
    (copied,) = read(f"dlq-{name}")
    assert copied.value() == b"b\x01ad"
    assert headers(copied)[PREFIX + "stage"] == "TASK_PUT"
    assert headers(copied)[PREFIX + "offset"] == "1"
