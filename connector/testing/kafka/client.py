"""What tests do to a Kafka from outside: create topics, produce, read what a group has committed."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connector.testing.kafka.broker import wait_until_ready
from connector.testing.kafka.mock import PARTITIONS as MOCK_PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from confluent_kafka import Message as RawMessage
    from confluent_kafka.admin._metadata import ClusterMetadata

    from connector.testing.kafka.broker import KafkaBroker

    _OnDelivery = Callable[[KafkaError | None, RawMessage], None]

_TIMEOUT_SECONDS = 60
_ANY_PARTITION = -1
_NO_COORDINATOR_YET = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)


@dataclass(frozen=True)
class Message:
    """A record to produce that is more than a value."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp_ms: int = 0
    """0: the time of producing."""


@dataclass(frozen=True)
class Committed:
    """What a group has committed for one partition."""

    offset: int
    metadata: str


class CreateTopic(Protocol):
    def __call__(self, partitions: int = 1, config: Mapping[str, str] | None = None) -> str: ...


class Produce(Protocol):
    def __call__(
        self, topic: str, records: Iterable[bytes | Message], partition: int | None = None
    ) -> None: ...


class ReadCommitted(Protocol):
    def __call__(self, group: str, topic: str) -> dict[int, Committed]: ...


class KafkaClient:
    """One producer and one admin client for all the tests of a session."""

    def __init__(self, broker: KafkaBroker) -> None:
        self._broker = broker
        # log_level 0: brokers are killed on purpose; what matters comes as an exception.
        common: dict[str, str | int | float | bool] = {
            "bootstrap.servers": broker.bootstrap_servers,
            "log_level": 0,
            "reconnect.backoff.max.ms": 200,
        }
        self._admin = AdminClient(common)
        self._producer = Producer({**common, "acks": "all", "enable.idempotence": True, "linger.ms": 5})
        self._topics: list[str] = []

    def create_topic(self, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        """Creates a topic with a name of its own and waits until it can be written to.

        Raises:
            ValueError: The mock cluster was asked for more than it can do; mark the test `real_kafka`.
        """
        topic = f"test-{uuid.uuid4().hex[:12]}"
        if self._broker.is_real:
            new = NewTopic(topic, partitions, 1, config=dict(config or {}))
            self._admin.create_topics([new])[topic].result(_TIMEOUT_SECONDS)
            self._topics.append(topic)
        elif config or partitions > MOCK_PARTITIONS:
            raise ValueError(f"a topic of the mock cluster has {MOCK_PARTITIONS} partitions and no config")
        self._wait_for_leaders(topic)
        return topic

    def produce(self, topic: str, records: Iterable[bytes | Message], partition: int | None = None) -> None:
        """Produces and returns when all of them are acknowledged.

        Raises:
            KafkaException: A record was refused, or not acknowledged in time.
        """
        failures: list[KafkaError] = []

        def note_failure(error: KafkaError | None, _message: RawMessage) -> None:
            if error:
                failures.append(error)

        for record in records:
            message = record if isinstance(record, Message) else Message(record)
            self._enqueue(topic, message, _ANY_PARTITION if partition is None else partition, note_failure)
        unacknowledged = self._producer.flush(_TIMEOUT_SECONDS)
        if failures:
            raise KafkaException(failures[0])
        if unacknowledged:
            raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT, f"{unacknowledged} left"))  # noqa: SLF001

    def committed(self, group: str, topic: str) -> dict[int, Committed]:
        """What the group has committed, by partition; a partition without a commit is absent."""
        consumer = Consumer(
            {"bootstrap.servers": self._broker.bootstrap_servers, "group.id": group, "log_level": 0}
        )
        try:
            partitions = consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic].partitions
            asked = [TopicPartition(topic, partition) for partition in partitions]
            answers = _committed(consumer, asked)
        finally:
            consumer.close()
        return {
            answer.partition: Committed(answer.offset, answer.metadata or "")
            for answer in answers
            if answer.offset >= 0
        }

    def close(self) -> None:
        """Removes the topics it created: a Kafka that is not ours should be left as it was found."""
        self._producer.flush(_TIMEOUT_SECONDS)
        if self._topics:
            for deletion in self._admin.delete_topics(self._topics).values():
                deletion.result(_TIMEOUT_SECONDS)

    def _enqueue(self, topic: str, message: Message, partition: int, on_delivery: _OnDelivery) -> None:
        while True:
            try:
                self._producer.produce(
                    topic,
                    message.value,
                    message.key,
                    partition,
                    on_delivery=on_delivery,
                    timestamp=message.timestamp_ms,
                    headers=list(message.headers),
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def _wait_for_leaders(self, topic: str) -> None:
        # Asking for it by name is also what makes a topic of the mock cluster appear.
        def has_leaders(_all: ClusterMetadata) -> bool:
            partitions = self._producer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic].partitions
            return bool(partitions) and all(one.leader >= 0 for one in partitions.values())

        if not wait_until_ready(self._broker.bootstrap_servers, _TIMEOUT_SECONDS, has_leaders):
            raise TimeoutError(f"topic {topic} has no leader after {_TIMEOUT_SECONDS} s")


def _committed(consumer: Consumer, asked: list[TopicPartition]) -> list[TopicPartition]:
    # What a young or restarted broker answers until it has loaded its offsets topic; `retriable()` is False.
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            return consumer.committed(asked, timeout=_TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in _NO_COORDINATOR_YET or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
