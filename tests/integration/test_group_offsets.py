"""Offsets of a group, changed in a real Kafka."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition
from psutil import Process

from connector.cluster.group_offset import KAFKA_SECONDS, GroupOffsets
from connector.cluster.group_requests import GroupRequests
from connector.cluster.request_error import BadRequestError
from connector.record import TopicPartition
from connector.sinks.base import OffsetAndMetadata
from connector.testing.file_sink import JAVA_NAME, install
from connector.testing.kafka import MavenKafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from connector.testing.kafka import CreateTopic, KafkaBroker

pytestmark = pytest.mark.real_kafka


def commit(kafka: KafkaBroker, group: str, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group})
    partitions = [
        KafkaTopicPartition(where.topic, where.partition, found.offset, found.metadata)
        for where, found in offsets.items()
    ]
    consumer.commit(offsets=partitions, asynchronous=False)
    consumer.close()


async def test_what_is_not_changed_stays_with_its_metadata(kafka: KafkaBroker, topic: CreateTopic) -> None:
    name, group = topic(3), f"group-{uuid.uuid4().hex[:8]}"
    first, second, third = (TopicPartition(name, number) for number in range(3))
    committed = {where: OffsetAndMetadata(5, f"ledger {where}") for where in (first, second, third)}
    commit(kafka, group, committed)
    offsets = GroupOffsets("a", group, {"bootstrap.servers": kafka.bootstrap_servers}, GroupRequests(30))
    assert await offsets.read() == committed

    await offsets.alter({second: 2})
    assert await offsets.read() == {**committed, second: OffsetAndMetadata(2)}

    await offsets.alter({first: None, second: 1})
    assert await offsets.read() == {second: OffsetAndMetadata(1), third: committed[third]}

    with pytest.raises(BadRequestError):
        await offsets.alter({third: None, TopicPartition("nowhere", 0): 1})
    assert await offsets.read() == {second: OffsetAndMetadata(1), third: committed[third]}

    await offsets.delete()
    assert await offsets.read() == {}
    await offsets.delete()


async def test_a_partition_that_a_consumer_reads_keeps_its_offset(
    kafka: KafkaBroker, topic: CreateTopic
) -> None:
    name, group = topic(1), f"group-{uuid.uuid4().hex[:8]}"
    where = TopicPartition(name, 0)
    commit(kafka, group, {where: OffsetAndMetadata(5)})
    requests, config = GroupRequests(30), {"bootstrap.servers": kafka.bootstrap_servers}
    consumer = Consumer({**config, "group.id": group})
    consumer.subscribe([name])
    while not consumer.assignment():
        consumer.poll(0.1)

    with pytest.raises(KafkaException) as refused:
        await requests.drop(group, config, [where])

    assert refused.value.args[0].code() == KafkaError.GROUP_SUBSCRIBED_TO_TOPIC
    assert refused.value.args[0].str().startswith(f"{name}-0: ")
    assert await requests.read(group, config) == {where: OffsetAndMetadata(5)}
    consumer.close()


async def test_partitions_that_are_not_there_are_named(kafka: KafkaBroker, topic: CreateTopic) -> None:
    name, group = topic(1), f"group-{uuid.uuid4().hex[:8]}"
    requests, config = GroupRequests(30), {"bootstrap.servers": kafka.bootstrap_servers}
    offsets = {TopicPartition(name, number): OffsetAndMetadata(1) for number in range(3)}

    with pytest.raises(KafkaException, match=f"{name}-1, {name}-2: .*Unknown topic or partition") as refused:
        await requests.commit(group, config, offsets)

    assert refused.value.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


async def test_a_request_that_ends_its_process_is_made_again(kafka: KafkaBroker, topic: CreateTopic) -> None:
    """librdkafka aborts at a moment that no test can choose."""
    if not isinstance(kafka, MavenKafka):
        pytest.skip("needs a Kafka whose network can be broken")
    committed = {TopicPartition(topic(1), 0): OffsetAndMetadata(5)}
    group = f"group-{uuid.uuid4().hex[:8]}"
    commit(kafka, group, committed)
    with kafka.link() as link:
        link.withhold_answers("connector-adminclient", 60)
        requests, config = GroupRequests(30), {"bootstrap.servers": link.bootstrap_servers}
        reading = asyncio.create_task(requests.read(group, config))
        while not (
            found := [each for each in Process().children() if "group_request" in str(each.cmdline())]
        ):
            await asyncio.sleep(0.05)
        link.withhold_answers("connector-adminclient", 0)
        found[0].send_signal(signal.SIGABRT)

        assert await reading == committed


def test_offsets_that_are_asked_for_while_brokers_are_away_are_an_error_in_time(
    kafka: KafkaBroker, topic: CreateTopic, tmp_path: Path
) -> None:
    if not isinstance(kafka, MavenKafka):
        pytest.skip("needs a Kafka whose network can be broken")
    names = ("read", "altered", "reset")
    config = {"connector.class": JAVA_NAME, "topics": topic(1), "file": str(tmp_path / "out.txt")}
    with kafka.link() as link:
        settings = {"bootstrap.servers": link.bootstrap_servers}
        with WorkerProcess(settings, environ=install(tmp_path / "site")) as worker:
            worker.wait_until(lambda: worker.get("/health"), "ready")
            for name in names:
                body = {"name": name, "config": config, "initial_state": "STOPPED"}
                assert worker.ask("POST", "/connectors", body)[0] == 201
            link.close_port()
            begun = time.monotonic()
            with ThreadPoolExecutor() as pool:
                answers = list(
                    pool.map(lambda request: worker.ask(*request), outage_requests(config["topics"]))
                )

            assert [status for status, _ in answers] == [500] * 3
            assert all("did not answer" in body["message"] for _, body in answers)
            assert time.monotonic() - begun < KAFKA_SECONDS + 20
            assert worker.get("/connectors") == list(names)
            link.open_port()
            worker.wait_until(lambda: worker.get("/connectors/read/offsets") == {"offsets": []}, "it is back")


def outage_requests(topic: str) -> list[tuple[str, str, Any]]:
    entry = {"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": 1}}
    return [
        ("GET", "/connectors/read/offsets", None),
        ("PATCH", "/connectors/altered/offsets", {"offsets": [entry]}),
        ("DELETE", "/connectors/reset/offsets", None),
    ]
