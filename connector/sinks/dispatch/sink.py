"""A sink that sends messages: make entries, send entries and tell which failed; the rest is done here."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from connector.error_codes import ErrorCode
from connector.errors import BatchError, RecordError
from connector.sinks.base import Sink
from connector.sinks.dispatch.concurrency import Concurrency
from connector.sinks.dispatch.config import DeliveryConfig
from connector.sinks.dispatch.dispatcher import Dispatcher
from connector.sinks.dispatch.entry import Prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.config.schema import Config
    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.base import SinkContext
    from connector.sinks.dispatch.entry import Entry, Limits, Refusal

_FLUSH_SECONDS = 1.0
"""How long a commit waits for what is under way; what takes longer is in the next commit."""
_RELIEF_SECONDS = 1.0
_WORTH_A_THREAD = 50
"""Records; fewer are made into entries sooner than a thread takes over."""


class MessagingSink(Sink):
    """Delivers each record as a message of its own."""

    config_class: ClassVar[type[Config]] = DeliveryConfig
    operation: ClassVar[str] = "Send"
    """What a request is called in logs and metrics."""

    config: DeliveryConfig

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._started: Dispatcher | None = None
        self._most_bytes: dict[str, int] = {}

    @property
    def _dispatcher(self) -> Dispatcher:
        if self._started is None:
            raise AssertionError("The sink has not started")
        return self._started

    @abstractmethod
    def prepare(self, batch: RecordBatch) -> Prepared:
        """The entries of a batch; pure, runs in a thread, and may run again for the same batch."""

    @abstractmethod
    async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        """Send one request, once; it is within :meth:`limits`.

        Returns:
            By position, the entries that the service did not take. Those that are absent are durable.

        Raises:
            ThrottledError: None was taken, because there are too many requests.
            RetriableError: Nobody knows whether any was taken; all are sent again.
            RequestTooLargeError: None was taken; the request is sent in halves.
            AccessError: The service refuses, and will until somebody acts; the task fails.
        """

    @abstractmethod
    def limits(self, destination: str) -> Limits:
        """What one request to this destination may hold."""

    async def attach(self, attachments: Mapping[str, bytes]) -> None:
        """Store what entries refer to; :meth:`prepare` decides whether there is any."""
        raise NotImplementedError

    async def start(self, context: SinkContext) -> None:
        await super().start(context)
        config = self.config
        self._started = Dispatcher(
            self.send,
            self._chosen_limits,
            context,
            operation=self.operation,
            origin=type(self).__name__,
            linger_seconds=config.linger_ms / 1000,
            backoff=config.backoff,
            concurrency=Concurrency(config.max_requests, is_adaptive=config.adaptive),
        )

    def open(self, partitions: Collection[TopicPartition]) -> None:
        self._dispatcher.open(partitions)

    async def put(self, batch: RecordBatch) -> None:
        progress = self._dispatcher.progress(batch.topic_partition)
        if progress is None:
            return
        if len(batch) < _WORTH_A_THREAD:
            prepared = self._prepare(batch)
        else:
            prepared = await self.context.in_thread(self._prepare, batch)
        if prepared.attachments:
            await self.attach(prepared.attachments)
        if progress.is_dropped:
            return
        for reason, records in prepared.passed_over.items():
            self.context.passed_over(reason, records)
        self._dispatcher.take(progress, prepared.entries, batch.next_offset)

    async def flush(self) -> None:
        """What is delivered is committed; one key that the service throttles holds nobody else up."""
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._dispatcher.drained(list(self._dispatcher.committable()))
        except TimeoutError:
            return

    async def relieve(self) -> None:
        try:
            async with asyncio.timeout(_RELIEF_SECONDS):
                await self._dispatcher.moved()
        except TimeoutError:
            return

    def committable(self) -> Mapping[TopicPartition, int]:
        return self._dispatcher.committable()

    async def close(self, partitions: Collection[TopicPartition]) -> None:
        await self._dispatcher.drained(partitions)

    async def drop(self, partitions: Collection[TopicPartition]) -> None:
        self._dispatcher.drop(partitions)

    async def stop(self) -> None:
        if self._started is not None:
            await self._started.stop()

    @property
    def buffered_bytes(self) -> int:
        return self._dispatcher.buffered_bytes

    def _prepare(self, batch: RecordBatch) -> Prepared:
        prepared = self.prepare(batch) if len(batch) else Prepared()
        for entry in prepared.entries:
            if entry.size_bytes > self._entry_bytes(entry.destination):
                prepared.failed |= dict.fromkeys((entry.offset, *entry.folded), self._too_large(entry))
        if prepared.failed:
            raise BatchError(batch.topic_partition, prepared.failed)
        return prepared

    def _too_large(self, entry: Entry) -> RecordError:
        return RecordError(
            f"the message has {entry.size_bytes} bytes as the service counts, and"
            f" {self._entry_bytes(entry.destination)} are allowed: send smaller records, or raise the"
            " destination's limit where it has one.",
            stage="TASK_PUT",
            origin=type(self).__name__,
            code=ErrorCode.RECORD_TOO_LARGE,
        )

    def _entry_bytes(self, destination: str) -> int:
        most = self._most_bytes.get(destination)
        if most is None:
            most = self._most_bytes[destination] = self.limits(destination).entry_bytes
        return most

    def _chosen_limits(self, destination: str) -> Limits:
        """The service's own, or less where the user wants less."""
        limits, config = self.limits(destination), self.config
        return replace(
            limits,
            entries=min(limits.entries, config.request_entries or limits.entries),
            request_bytes=min(limits.request_bytes, config.request_bytes or limits.request_bytes),
        )
