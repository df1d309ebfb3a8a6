"""The whole way from Kafka to a stream, with a worker that is killed again and again."""

from __future__ import annotations

import random
import time
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing.kafka import ExternalKafka
from connector.testing.kinesis import RecordFaults, create_stream, deaggregated, stored_records
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

PARTITIONS, ROUNDS, PER_ROUND = 2, 5, 1000


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_no_record_is_missing_after_kills_and_keys_stay_in_order(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    proxy: FaultProxy,
) -> None:
    name, stream, chance = topic(PARTITIONS), f"stream-{uuid.uuid4().hex[:12]}", random.Random(3)
    create_stream(aws, stream, 2)

    def choose(records: list[dict[str, Any]]) -> dict[int, str]:
        return {at: "InternalFailure" for at in range(len(records)) if chance.random() < 0.1}

    proxy.on("PutRecords", RecordFaults(aws.url, choose))
    proxy.cut("PutRecords", when="after", probability=0.05)
    worker = WorkerProcess(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "offset.flush.interval.ms": "300",
            "consumer.session.timeout.ms": "6000" if isinstance(kafka, ExternalKafka) else "2000",
            "consumer.heartbeat.interval.ms": "500",
        },
        {
            "name": f"connector-{name}",
            "connector.class": "kinesis",
            "topics": name,
            "aws.access.key.id": aws.access_key_id,
            "aws.secret.access.key": aws.secret_access_key,
            "aws.kinesis.stream": stream,
            "aws.kinesis.endpoint": proxy.url,
            # One key for a partition: what one of them holds is in the order of its offsets.
            "aws.kinesis.partition.key": "{{partition}}",
            "aws.kinesis.aggregation": "kpl",
            "aws.kinesis.aggregation.max.records": "50",
        },
    )
    sent = 0

    def send() -> None:
        nonlocal sent
        for partition in range(PARTITIONS):
            produce(name, [b"%d" % value for value in range(sent, sent + PER_ROUND)], partition=partition)
        sent += PER_ROUND

    def arrived() -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for records in stored_records(aws, stream).values():
            for record in records:
                values = [int(user.data) for user in deaggregated(record.data)]
                found[record.partition_key] += values
        return found

    with worker:
        for _ in range(ROUNDS):
            send()
            worker.wait_for_metric("connector_records_put_total", 1)
            time.sleep(chance.uniform(0, 0.7))
            worker.kill()
            worker.start()
        proxy.clear()
        send()
        worker.wait_until(
            lambda: all(set(arrived()[str(number)]) == set(range(sent)) for number in range(PARTITIONS)),
            "every record in the stream",
            60,
        )
        worker.wait_until(
            lambda: (
                [found.offset for found in committed(f"connect-{worker.name}", name).values()]
                == [sent] * PARTITIONS
            ),
            "everything committed",
        )
        assert worker.terminate() == 0, worker.log
    duplicates = 0
    for values in arrived().values():
        # Read again after a kill, records begin again further back; but nothing is ever left out on the way.
        reached = -1
        for value in values:
            assert value <= reached + 1
            duplicates += value <= reached
            reached = max(reached, value)
    print(f"{duplicates} duplicates of {sent * PARTITIONS} records after {ROUNDS} kills")  # noqa: T201
