"""The dead letter queue: errant records as they were read, with what was wrong in headers (KIP-298).

A record is known here by topic, partition and offset: it is read from Kafka once more, by ``originals.py``,
so that nothing has to be kept of the many that are well. What is put is acknowledged by the brokers before
:meth:`DeadLetterQueue.put` returns, and only then may an offset beyond it be committed; a crash in between
leaves a record there twice, never not at all.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.config.override import connecting
from connector.runtime.dead_letter_producer import (
    PRODUCER_DEFAULTS,
    Copy,
    DeadLetterError,
    DeadLetterProducer,
)
from connector.runtime.dead_letter_topic import DeadLetterTopic
from connector.runtime.faults import properties_judged
from connector.runtime.originals import Originals
from connector.runtime.topic_ids import client_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from connector.config.connector import ConnectorConfig
    from connector.errors import RecordError
    from connector.record import TopicPartition
    from connector.runtime.originals import Original

log = logs.get(__name__)

PREFIX = "__connect.errors."
_DATA_EXCEPTION = "org.apache.kafka.connect.errors.DataException"
"""What Kafka raises of values that converters, transforms and formats do not take; tools go by it."""
_POLL_SECONDS = 1.0
_MOST_CHARACTERS = 16 * 1024
"""Of a message or a stack trace: a header must not make a record too large that was not."""


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
        if isinstance(cause, ValueError | TypeError)
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
        self._lines = logging.LoggerAdapter(logs.LIBRDKAFKA, {"connector": config.name, "task": task})
        self._thread = ThreadPoolExecutor(1, f"dead-letters-{config.name}-{task}")
        self._stopping = threading.Event()
        self._producer: DeadLetterProducer | None = None
        self._originals: Originals | None = None
        self._polling: asyncio.Task[None] | None = None
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
            AccessError: It may not be made like this, or not be written.
        """
        await self._run(self._ensure_topic)

    async def put(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        """Have copies of the records at these offsets acknowledged; what was wrong goes with them.

        Raises:
            RetriableError: Kafka does not give the records; nothing of this was put for certain.
            DeadLetterError: The topic does not take them.
        """
        if self._polling is None:
            self._polling = asyncio.create_task(self._keep_polled())
        await self._run(self._put, partition, dict(failed))

    async def stop(self) -> None:
        """Let go of Kafka; what was put is acknowledged already, and what is not is waited for no longer."""
        if self._polling is not None:
            self._polling.cancel()
        self._stopping.set()
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, function: Callable[..., None], *args: Any) -> None:
        # The thread knows nothing of the task's log context.
        work = partial(contextvars.copy_context().run, function, *args)
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(running)

    async def _keep_polled(self) -> None:
        """What librdkafka has to say waits in its clients for a poll, and bad records may be rare."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            await self._run(self._poll)

    # ---- on the thread ----

    def _judged(self) -> AbstractContextManager[None]:
        return properties_judged(
            "producer.override.*",
            ", in consumer.override.*, or in the worker's producer.*, ssl.*, sasl.* and security.protocol",
        )

    def _ensure_topic(self) -> None:
        client = {
            **self._producer_config,
            "client.id": f"connector-dlq-adminclient-{self._place.connector}-{self._place.task}",
        }
        replication = self._config.dead_letter_replication
        with self._judged():
            topic = DeadLetterTopic(client, self.topic, replication, self._stopping, self._lines)
        topic.ensure()

    def _put(self, partition: TopicPartition, failed: dict[int, RecordError]) -> None:
        with self._judged():
            if self._producer is None:
                self._producer = DeadLetterProducer(
                    self._producer_config, self.topic, self._stopping, self._lines
                )
            if self._originals is None:
                self._originals = Originals(self._consumer_config, self._stopping, self._lines)
        self._producer.begin(partition)
        found = 0
        try:
            for original in self._originals.read(partition, sorted(failed)):
                found += 1
                headers = self._headers(original, partition, failed)
                self._producer.send(Copy(original.key, original.value, headers, original.timestamp_ms or 0))
            self._producer.finish()
        except DeadLetterError:
            self._failures.inc()
            raise
        self._put_total.inc(found)
        if found < len(failed):
            log.warning(
                "errant records are gone from their topic, so there is no copy of them",
                at=str(partition),
                records=len(failed) - found,
            )

    def _poll(self) -> None:
        if self._originals is not None:
            self._originals.poll()
        if self._producer is not None:
            self._producer.poll()

    def _headers(
        self, original: Original, partition: TopicPartition, failed: Mapping[int, RecordError]
    ) -> list[tuple[str, str | bytes | None]]:
        if not self._config.dead_letter_headers:
            return list(original.headers)
        error = failed[original.offset]
        return [*original.headers, *context_headers(original, partition, error, self._place)]

    def _close(self) -> None:
        if self._originals is not None:
            self._originals.close()
        if self._producer is not None:
            self._producer.close()
