"""Partitions and offsets as Kafka's client has them, and as we do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import TopicPartition as KafkaTopicPartition

from connector.record import TopicPartition

if TYPE_CHECKING:
    from connector.sinks.base import OffsetAndMetadata


def to_kafka(partition: TopicPartition, committed: OffsetAndMetadata) -> KafkaTopicPartition:
    if committed.metadata:
        return KafkaTopicPartition(
            partition.topic, partition.partition, committed.offset, metadata=committed.metadata
        )
    return KafkaTopicPartition(partition.topic, partition.partition, committed.offset)


def from_kafka(partition: KafkaTopicPartition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.partition)
