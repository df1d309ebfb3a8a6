"""The dead letter queue: errant records as they were read, with what was wrong in headers (KIP-298).

A record is known here by topic, partition and offset: it is read from Kafka once more, by ``originals.py``,
so that nothing has to be kept of the many that are well. What is put is acknowledged by the brokers before
:meth:`DeadLetterQueue.put` returns, and only then may an offset beyond it be committed; a crash in between
leaves a record there twice, never not at all.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from connector import logs, metrics
from connector.aws.msk import with_login
from connector.config.override import connecting
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError
from connector.runtime.originals import Originals
from connector.runtime.topic_ids import client_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.config.connector import ConnectorConfig
    from connector.errors import RecordError
    from connector.record import TopicPartition
    from connector.runtime.originals import Original

log = logs.get(__name__)

PREFIX = "__connect.errors."
PRODUCER_DEFAULTS: dict[str, Any] = {
    "acks": "all",
    # As Kafka Connect's: idempotence would want a permission more of old brokers.
    "enable.idempotence": False,
    "max.in.flight.requests.per.connection": 1,
    "message.timeout.ms": 120_000,
    # The brokers say what is too large, not this client.
    "message.max.bytes": 1_000_000_000,
    "queue.buffering.max.kbytes": 32 * 1024,
    "linger.ms": 5,
}

_DATA_EXCEPTION = "org.apache.kafka.connect.errors.DataException"
"""What converters and transforms of Kafka raise where ours raise ValueError; tools go by it."""
_ADMIN_SECONDS = 30.0
_SLACK_SECONDS = 10.0
_POLL_SECONDS = 0.1
_MOST_CHARACTERS = 16 * 1024
"""Of a message or a stack trace: a header must not make a record too large that was not."""
_REMEDIES = {
    KafkaError.MSG_SIZE_TOO_LARGE: "raise max.message.bytes of that topic; the headers that tell what was"
    " wrong need room as well",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant WRITE and DESCRIBE on that topic to the worker's principal",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "create the topic, or allow the worker's principal to do so",
    KafkaError.INVALID_REPLICATION_FACTOR: "set errors.deadletterqueue.topic.replication.factor to at most"
    " the number of brokers",
    KafkaError.POLICY_VIOLATION: "create the topic by hand, as the cluster's policy wants it",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "create the topic by hand, or grant CREATE on it",
}


class DeadLetterError(ConnectorError):
    """The dead letter queue does not take a record, so nothing may be committed beyond it."""

    code = ErrorCode.DEAD_LETTER_QUEUE_REFUSES


@dataclass(frozen=True, slots=True)
class Place:
    """Who puts a record there: the connector and its task, as the headers tell them."""

    connector: str
    task: int


def context_headers(
    original: Original, partition: TopicPartition, error: RecordError, place: Place
) -> list[tuple[str, str | bytes | None]]:
    """What was wrong with a record, in Kafka Connect's words."""
    cause = error.__cause__ or error
    told = {
        "topic": partition.topic,
        "partition": str(partition.partition),
        "offset": str(original.offset),
        "connector.name": place.connector,
        "task.id": str(place.task),
        "stage": error.stage,
        "class.name": error.origin,
        "exception.class.name": _DATA_EXCEPTION
        if isinstance(cause, ValueError)
        else f"{type(cause).__module__}.{type(cause).__qualname__}",
        "exception.message": _cut(str(error)) or None,
        "exception.stacktrace": _cut("".join(traceback.format_exception(error))),
    }
    return [(PREFIX + name, None if text is None else text.encode()) for name, text in told.items()]


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + " …"


class DeadLetterQueue:
    """One task's way into the topic; every method is for the event loop, all that blocks is on one thread."""

    def __init__(self, config: ConnectorConfig, task: int, client: Mapping[str, Any]) -> None:
        """Reach nobody yet.

        Args:
            config: Names the topic.
            task: The number of the task.
            client: librdkafka's properties of the consumer that read the records, beneath ``producer.*``
                and ``producer.override.*``, which are under the key ``producer``.
        """
        self._config = config
        self._place = Place(config.name, task)
        self._consumer_config = {name: value for name, value in client.items() if name != "producer"}
        self._producer_config = {
            **connecting(
                {**client_part(self._consumer_config), **PRODUCER_DEFAULTS}, client.get("producer", {})
            ),
            "client.id": f"connector-dlq-producer-{config.name}-{task}",
        }
        self._producer_config.pop("statistics.interval.ms", None)
        self._thread = ThreadPoolExecutor(1, f"dead-letters-{config.name}-{task}")
        self._producer: Producer | None = None
        self._originals: Originals | None = None
        labels = (config.name, str(task))
        self._put_total = metrics.DEAD_LETTERS.labels(*labels)
        self._failures = metrics.DEAD_LETTER_FAILURES.labels(*labels)

    @property
    def topic(self) -> str:
        return self._config.dead_letter_topic

    async def start(self) -> None:
        """Make the topic unless it is there.

        Raises:
            RetriableError: The brokers do not answer.
            AccessError: It may not be made like this.
        """
        await self._run(self._create_topic)

    async def put(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        """Have copies of the records at these offsets acknowledged; what was wrong goes with them.

        Raises:
            RetriableError: Kafka does not give the records; nothing of this was put for certain.
            DeadLetterError: The topic does not take them.
        """
        await self._run(self._put, partition, dict(failed))

    async def stop(self) -> None:
        """Let go of Kafka; what was put is acknowledged already."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, function: Callable[..., None], *args: Any) -> None:
        running = asyncio.get_running_loop().run_in_executor(self._thread, function, *args)
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(running)

    # ---- on the thread ----

    def _create_topic(self) -> None:
        admin = AdminClient(
            {
                **with_login(client_part(self._consumer_config)),
                "client.id": f"connector-dlq-adminclient-{self._place.connector}-{self._place.task}",
            }
        )
        try:
            # Of one topic alone a broker might make it by the way, with its own idea of how.
            if self.topic in admin.list_topics(timeout=_ADMIN_SECONDS).topics:
                return
            wanted = NewTopic(self.topic, 1, self._config.dead_letter_replication)
            admin.create_topics([wanted], request_timeout=_ADMIN_SECONDS)[self.topic].result(_ADMIN_SECONDS)
        except KafkaException as refused:
            error: KafkaError = refused.args[0]
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return
            raise _of_topic(self.topic, "could not be created", error) from refused
        log.info("dead letter topic created", topic=self.topic)

    def _put(self, partition: TopicPartition, failed: dict[int, RecordError]) -> None:
        if self._producer is None:
            self._producer = Producer(with_login(self._producer_config))
        if self._originals is None:
            self._originals = Originals(self._consumer_config)
        refused: list[KafkaError] = []
        deadline = time.monotonic() + self._timeout_seconds
        found = 0
        for original in self._originals.read(partition, sorted(failed)):
            found += 1
            self._produce(original, self._headers(original, partition, failed), refused, deadline)
            if refused:
                break
        left = self._producer.flush(max(0.0, deadline - time.monotonic()))
        if refused or left:
            self._failures.inc()
            raise self._refusal(partition, refused[0] if refused else None)
        self._put_total.inc(found)
        if found < len(failed):
            log.warning(
                "errant records are gone from their topic, so there is no copy of them",
                at=str(partition),
                records=len(failed) - found,
            )

    def _produce(
        self,
        original: Original,
        headers: list[tuple[str, str | bytes | None]],
        refused: list[KafkaError],
        deadline: float,
    ) -> None:
        assert self._producer is not None  # noqa: S101 - made before

        def on_delivery(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                refused.append(error)

        while not refused:
            try:
                self._producer.produce(
                    self.topic,
                    value=original.value,
                    key=original.key,
                    headers=headers,
                    on_delivery=on_delivery,
                    timestamp=original.timestamp_ms or 0,
                )
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
                if time.monotonic() > deadline:
                    raise self._refusal(None, None) from None
            except KafkaException as error:
                refused.append(error.args[0])
            else:
                self._producer.poll(0)
                return

    def _headers(
        self, original: Original, partition: TopicPartition, failed: Mapping[int, RecordError]
    ) -> list[tuple[str, str | bytes | None]]:
        if not self._config.dead_letter_headers:
            return list(original.headers)
        error = failed[original.offset]
        return [*original.headers, *context_headers(original, partition, error, self._place)]

    def _refusal(self, partition: TopicPartition | None, error: KafkaError | None) -> DeadLetterError:
        at = f"Records of {partition}" if partition else "Records"
        reason = f"with {error.name()} ({error.str()})" if error else "by no answer in time"
        remedy = _REMEDIES.get(error.code(), "") if error else "see whether its brokers are there"
        return DeadLetterError(
            f"{at} were refused by the dead letter queue {self.topic} {reason}, so nothing is committed"
            f" beyond them{': ' + remedy if remedy else ''}."
        )

    @property
    def _timeout_seconds(self) -> float:
        config = self._producer_config
        timeout = config.get("delivery.timeout.ms", config["message.timeout.ms"])
        return float(timeout) / 1000 + _SLACK_SECONDS

    def _close(self) -> None:
        if self._originals is not None:
            self._originals.close()
        if self._producer is not None:
            self._producer.purge()


def _of_topic(topic: str, fault: str, error: KafkaError) -> ConnectorError:
    fact = f"The dead letter topic {topic} {fault}: {error.name()} ({error.str()})"
    if remedy := _REMEDIES.get(error.code()):
        return AccessError(fact, remedy=remedy, code=ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE)
    return RetriableError(fact, code=ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE)
