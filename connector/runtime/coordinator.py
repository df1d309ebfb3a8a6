"""What a consumer asks the coordinator of its group: to take offsets, and to tell those that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException

from connector.runtime.faults import not_committed, not_told
from connector.runtime.partitions import from_kafka, to_kafka
from connector.sinks.base import Committed, OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.record import TopicPartition
    from connector.runtime.topic_ids import TopicIds

_COMMITTED_SECONDS = 10.0
_COMMITTED_ATTEMPTS = 3


class Coordinator:
    """Asked on the consumer's thread, which waits for the answer."""

    def __init__(self, consumer: Consumer, topic_ids: TopicIds) -> None:
        self._consumer = consumer
        self._topic_ids = topic_ids

    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Has no timeout: during a rebalance it is answered after that.

        Raises:
            AccessError: The brokers have no room for the metadata.
            UnansweredError: Nobody knows whether Kafka took it.
            RetriableError: Kafka did not take it.
        """
        request = [to_kafka(partition, offset) for partition, offset in offsets.items()]
        try:
            answer = self._consumer.commit(offsets=request, asynchronous=False)
        except KafkaException as error:
            raise not_committed(error.args[0], "the offsets") from error
        for partition in answer or ():
            if partition.error is not None:
                raise not_committed(partition.error, f"an offset of {partition.topic}")

    def committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """Where reading begins must never be guessed, so this insists.

        Raises:
            RetriableError: Kafka does not tell.
        """
        request = [to_kafka(partition, OffsetAndMetadata(0)) for partition in partitions]
        for attempt in range(_COMMITTED_ATTEMPTS):
            try:
                answer = self._consumer.committed(request, timeout=_COMMITTED_SECONDS)
                if fault := next((found.error for found in answer if found.error), None):
                    raise KafkaException(fault)
                break
            except KafkaException as error:
                if attempt == _COMMITTED_ATTEMPTS - 1:
                    raise not_told(error) from error
        ids = self._topic_ids.of({partition.topic for partition in partitions})
        return {
            from_kafka(found): Committed(
                OffsetAndMetadata(found.offset, found.metadata or "") if found.offset >= 0 else None,
                ids.get(found.topic, ""),
            )
            for found in answer
        }
