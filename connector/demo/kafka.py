"""The embedded Kafka: librdkafka's mock cluster, which lives as long as its producer and listens on TCP.

Its calls block, so they are made in threads; each has a deadline.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from connector.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import KafkaError

    from connector.demo.events import Message

BROKERS = 3
_SECONDS = 10.0
_LOG = logging.getLogger("connector.demo.kafka")
_LOG.disabled = True  # the display belongs to the demo; what matters is raised


class EmbeddedKafka:
    """Brokers, one topic, and a producer to it."""

    def __init__(self, topic: str) -> None:
        """Start the brokers; the topic appears because it is asked for."""
        self._topic = topic
        self._error: KafkaError | None = None
        self._committed: Consumer | None = None
        self._producer = Producer(
            {
                "test.mock.num.brokers": BROKERS,
                "bootstrap.servers": "replaced.by.the.mock:9092",
                "enable.idempotence": True,  # else a retried batch would be found twice in the bucket
                "delivery.report.only.error": True,
                "linger.ms": 5,
                "on_delivery": self._on_delivery,
            },
            logger=_LOG,
        )
        metadata: Any = self._producer.list_topics(topic, timeout=_SECONDS)
        self.bootstrap_servers = ",".join(f"{node.host}:{node.port}" for node in metadata.brokers.values())
        self.partitions = len(metadata.topics[topic].partitions)

    def produce(self, sorted_messages: Sequence[Sequence[Message]]) -> None:
        """Send messages, given by partition, and wait until the brokers have them.

        Raises:
            DemoError: The brokers did not take one.
        """
        for partition, messages in enumerate(sorted_messages):
            for message in messages:
                self._produce_one(partition, message)
        left = self._producer.flush(_SECONDS)
        if left or self._error:
            raise DemoError(f"The embedded Kafka did not take {left or 'all'} records: {self._error}")

    def committed(self, group: str) -> dict[int, int]:
        """Committed offset by partition; partitions without one are left out."""
        if self._committed is None:
            config = {"bootstrap.servers": self.bootstrap_servers, "group.id": group, "log_level": 0}
            self._committed = Consumer(config, logger=_LOG)
        asked = [TopicPartition(self._topic, number) for number in range(self.partitions)]
        try:
            found = self._committed.committed(asked, timeout=_SECONDS)
        except KafkaException as error:
            raise DemoError(f"The embedded Kafka does not tell what is committed: {error}") from error
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def close(self) -> None:
        if self._committed is not None:
            self._committed.close()
        self._producer.purge()
        self._producer.flush(0)
        # The brokers end with the last reference.
        del self._producer

    def _produce_one(self, partition: int, message: Message) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                self._producer.produce(self._topic, message.value, message.key, partition)
            except BufferError:
                if time.monotonic() > deadline:
                    raise DemoError("The embedded Kafka takes no more records") from None
                self._producer.poll(0.05)
            else:
                return

    def _on_delivery(self, error: KafkaError | None, _message: Any) -> None:
        self._error = error or self._error
