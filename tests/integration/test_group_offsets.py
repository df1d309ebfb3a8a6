"""Offsets of a group, changed in a real Kafka."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as KafkaTopicPartition

from connector.cluster.group_offset import GroupOffsets
from connector.cluster.request_error import BadRequestError
from connector.record import TopicPartition
from connector.sinks.base import OffsetAndMetadata

if TYPE_CHECKING:
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
    offsets = GroupOffsets("a", group, {"bootstrap.servers": kafka.bootstrap_servers})
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
