"""A worker that is stopped while it gives partitions away leaves its group in time, and loses nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from connector.testing.queues import QueueReader
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

PARTITIONS = 4
RECORDS = 40
GRACEFUL_SECONDS = 4.0
HEARTBEAT_SECONDS = 3.0
"""Kafka answers nobody before every member has heard, with its heartbeat, of a rebalance."""
BUSY_SECONDS = 10.0
"""What a machine that does much else may take longer; still far less than a session."""


@pytest.mark.real_kafka
@pytest.mark.parametrize("tasks", [1, 2])
def test_a_worker_that_is_stopped_while_it_waits_in_a_revocation_makes_room_at_once(
    tasks: int,
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    proxy: FaultProxy,
) -> None:
    name = topic(PARTITIONS)
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for partition in range(PARTITIONS):
        produce(name, [b"%d-%d" % (partition, number) for number in range(RECORDS)], partition=partition)
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "task.shutdown.graceful.timeout.ms": str(int(GRACEFUL_SECONDS * 1000)),
    }
    config = {
        "name": f"connector-{name}",
        "connector.class": "sqs",
        "topics": name,
        "tasks.max": str(tasks),
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.endpoint": proxy.url,
        "aws.sqs.queue.url": url,
        "delivery.linger.ms": "5",
    }
    # A partition is a message group, which has one request under way: unfinished for long.
    proxy.delay("SendMessageBatch", 2)
    second = WorkerProcess(settings, config)
    with WorkerProcess(settings, config) as first:
        first.wait_for_delivery(1)
        before = first.log.count("rebalance=revoked")
        with second:
            first.wait_until(lambda: first.log.count("rebalance=revoked") > before, "partitions move")
            time.sleep(1)
            started = time.monotonic()
            assert first.terminate() == 0, first.log
            seconds = time.monotonic() - started
            assert seconds < GRACEFUL_SECONDS + HEARTBEAT_SECONDS + BUSY_SECONDS, first.log
            assert "did not end in time" not in first.log
            proxy.clear()
            second.wait_until(
                lambda: (
                    [found.offset for found in committed(f"connect-{first.name}", name).values()]
                    == [RECORDS] * PARTITIONS
                ),
                "the second has taken over",
                30,
            )
    found = {message["Body"] for message in QueueReader(aws, url).read()}
    assert found == {f"{partition}-{number}" for partition in range(PARTITIONS) for number in range(RECORDS)}
