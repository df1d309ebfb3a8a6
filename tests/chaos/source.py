"""Fills a topic while a round goes on, and tells afterwards what readers of committed records see in it."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import time
import uuid
from typing import TYPE_CHECKING, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.chaos.profile import HOUR_MS

if TYPE_CHECKING:
    from tests.chaos.profile import Profile

_TIMEOUT_SECONDS = 120.0
_STEP_SECONDS = 0.1
_ABORTED = 0.35
_POOL = base64.b64encode(random.Random(7).randbytes(3 << 19))


class Load(Protocol):
    """How a topic is filled."""

    @property
    def seed(self) -> int: ...
    @property
    def partitions(self) -> int: ...
    @property
    def is_transactional(self) -> bool: ...


class Record(NamedTuple):
    """What is compared with objects."""

    key: str
    timestamp_ms: int
    digest: bytes


def digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()


def create_topic(bootstrap_servers: str, partitions: int) -> str:
    topic = f"chaos-{uuid.uuid4().hex[:10]}"
    new = NewTopic(topic, partitions, 1, config={"retention.ms": "-1"})
    # The client must live until the answer is there.
    admin = AdminClient(_client(bootstrap_servers))
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            admin.create_topics([new])[topic].result(_TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return topic
            # Another round may just have killed the broker.
            if time.monotonic() > deadline:
                raise
        else:
            return topic


class Source:
    """Produces on a thread of its own until it is told to stop."""

    def __init__(self, bootstrap_servers: str, topic: str, load: Load, profile: Profile) -> None:
        self._servers = bootstrap_servers
        self._topic = topic
        self._load = load
        self._profile = profile
        self._chance = random.Random(load.seed)
        self._numbers = [0] * load.partitions
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self.failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when all is acknowledged."""
        self._ended.set()
        self._thread.join()
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            (self._in_transactions if self._load.is_transactional else self._plainly)()
        except BaseException as error:  # noqa: BLE001 - raised where it is stopped
            self.failure = error

    def _plainly(self) -> None:
        producer = Producer({**_client(self._servers), "acks": "all", "enable.idempotence": True})
        while not self._ended.wait(_STEP_SECONDS):
            self._step(producer)
        _flush(producer)

    def _in_transactions(self) -> None:
        producer = self._transactional()
        while not self._ended.wait(_STEP_SECONDS):
            try:
                producer.begin_transaction()
                self._step(producer)
                _flush(producer)
                if self._chance.random() < _ABORTED:
                    producer.abort_transaction(_TIMEOUT_SECONDS)
                else:
                    producer.commit_transaction(_TIMEOUT_SECONDS)
            except KafkaException:
                # Whatever became of it: what the topic shows to a reader of committed records counts.
                producer = self._transactional()

    def _transactional(self) -> Producer:
        producer = Producer({**_client(self._servers), "transactional.id": self._topic})
        producer.init_transactions(_TIMEOUT_SECONDS)
        return producer

    def _step(self, producer: Producer) -> None:
        most = max(1, round(self._profile.records * _STEP_SECONDS * 2))
        for partition in range(self._load.partitions):
            for _ in range(self._chance.randint(0, most)):
                self._produce(producer, partition)
        producer.poll(0)

    def _produce(self, producer: Producer, partition: int) -> None:
        number = self._numbers[partition]
        self._numbers[partition] += 1
        now_ms = int(time.time() * 1000)
        hours = self._profile.hours
        while True:
            try:
                producer.produce(
                    self._topic,
                    self._value(f"{partition}-{number}:".encode()),
                    f"k{self._chance.randrange(self._profile.keys)}".encode(),
                    partition,
                    timestamp=now_ms - self._chance.randrange(hours) * HOUR_MS if hours else now_ms,
                )
            except BufferError:
                producer.poll(0.1)
            else:
                return

    def _value(self, start: bytes) -> bytes:
        length = self._profile.value_bytes - len(start)
        begin = self._chance.randrange(len(_POOL) - length)
        return start + _POOL[begin : begin + length]


def _flush(producer: Producer) -> None:
    if left := producer.flush(_TIMEOUT_SECONDS):
        raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT, f"{left} records are not acknowledged"))


def contents(bootstrap_servers: str, topic: str, partitions: int) -> dict[int, dict[int, Record]]:
    """By partition and offset, every record that is not of an aborted transaction."""
    consumer = Consumer(
        {
            **_client(bootstrap_servers),
            "group.id": "verifier",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    found: dict[int, dict[int, Record]] = {partition: {} for partition in range(partitions)}
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in found])
        ended: set[int] = set()
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while len(ended) < partitions and time.monotonic() < deadline:
            for message in consumer.consume(1000, 0.5):
                error, partition = message.error(), message.partition() or 0
                if error is None:
                    key, value = message.key() or b"", message.value() or b""
                    record = Record(key.decode(), message.timestamp()[1], digest(value))
                    found[partition][message.offset() or 0] = record
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended.add(partition)
    finally:
        consumer.close()
    if len(ended) < partitions:
        raise TimeoutError(f"{topic} could not be read to its end")
    return found


def _client(bootstrap_servers: str) -> dict[str, str | int | float | bool]:
    # log_level 0: brokers are killed on purpose.
    return {"bootstrap.servers": bootstrap_servers, "log_level": 0, "reconnect.backoff.max.ms": 200}
