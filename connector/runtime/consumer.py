"""One task's Kafka consumer on a thread of its own: polls columns, commits, tells of rebalances.

Every call to librdkafka that may block runs on the one thread (``consumer_thread.py``), in the order it was
asked for; nothing cancels a running ``consume``, since the messages it returns would reach nobody while the
position moved on. Rebalance callbacks (``rebalances.py``) run on that thread too, and wait there for the
event loop to finish its part.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson
import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError

from connector import logs
from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import RetriableError
from connector.record import COLUMNS, RecordBatch, TopicPartition
from connector.runtime.consumer_thread import ConsumerThread
from connector.runtime.coordinator import Coordinator
from connector.runtime.end_offsets import EndOffsets
from connector.runtime.faults import properties_judged, raise_unless_passing
from connector.runtime.messages import Message, split
from connector.runtime.partitions import from_kafka, to_kafka
from connector.runtime.rebalances import Rebalances
from connector.runtime.topic_ids import TopicIds
from connector.runtime.topic_pattern import TopicPattern
from connector.sinks.base import Committed, OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence

    from connector.runtime.rebalances import RebalanceListener

log = logs.get(__name__)

DEFAULTS: dict[str, Any] = {
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "cooperative-sticky",
    # The default of 1000 ms stops fetching for a second whenever the local queue is full: six times slower.
    "fetch.queue.backoff.ms": 5,
    "queued.max.messages.kbytes": 32 * 1024,
    # Of small messages librdkafka's own structures are most: with its 100,000 they take more than the bytes.
    "queued.min.messages": 20_000,
    "statistics.interval.ms": 5000,
}
"""Kafka Connect's consumer defaults, then what a bulk reader needs; users override both."""

_OR_OF_THE_WORKER = ", or in the worker's consumer.*, ssl.*, sasl.* and security.protocol"
_POLL_BYTES = 4 * 1024 * 1024
_FIRST_RECORDS = 500
_LEAVE_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 5.0
"""More than the others' heartbeat interval, by default 3 s: a rebalance that waits for them ends sooner."""


class Polled(NamedTuple):
    """A batch and the assignment under which it was read."""

    batch: RecordBatch
    epoch: int | None


class Observer(Protocol):
    """Where the consumer reports what operators watch."""

    def client_error(self, error: KafkaError) -> None: ...
    def statistics(self, statistics: Mapping[str, Any]) -> None: ...


class TaskConsumer:
    """The consumer of one task; every method is for the event loop."""

    def __init__(
        self,
        config: Mapping[str, Any],
        listener: RebalanceListener,
        observer: Observer,
        *,
        epoch_of: Callable[[TopicPartition], int | None] = lambda _: None,
        columns: Collection[str] = COLUMNS,
        batch_records: int = 10_000,
        asks_committed: bool = False,
    ) -> None:
        """Join no group yet.

        Args:
            config: librdkafka's properties; win over ``DEFAULTS``.
            listener: Is asked on rebalances.
            observer: Is told what operators watch.
            epoch_of: The number of the assignment under which a partition is owned now; from any thread.
            columns: The columns of records that somebody needs, beside values and offsets.
            batch_records: The most records of one poll.
            asks_committed: The listener is told what is committed, with its metadata.
        """
        self._observer = observer
        self._epoch_of = epoch_of
        self._columns = columns
        self._batch_records = batch_records
        self._config = config
        self._pattern: TopicPattern | None = None
        # librdkafka counts records; this makes it bytes, by the size of the records that came last.
        self._poll_records = min(batch_records, _FIRST_RECORDS)
        self._ends = EndOffsets()
        self._paused = False
        self._closed = False
        self._thread = ConsumerThread(f"consumer-{config.get('client.id', '')}")
        self._leave_deadline = float("inf")
        # A static member stays in its group when it ends (KIP-345), and a member of the new protocol
        # (KIP-848) leaves by itself.
        self._leaves_first = "group.instance.id" not in config and config.get("group.protocol") != "consumer"
        with properties_judged("consumer.override.*", _OR_OF_THE_WORKER):
            self._consumer = Consumer(
                {
                    **DEFAULTS,
                    **with_login(config),
                    "error_cb": self._on_error,
                    "stats_cb": self._on_statistics,
                },
                logger=logging.LoggerAdapter(logs.LIBRDKAFKA, structlog.contextvars.get_contextvars()),
            )
        self._coordinator = Coordinator(self._consumer, TopicIds(config))
        self._rebalances = Rebalances(
            listener,
            self._thread,
            commit=self._commit,
            committed=self._coordinator.committed if asks_committed else None,
            is_paused=lambda: self._paused,
        )

    async def subscribe(self, topics: Sequence[str] | re.Pattern[str]) -> None:
        """Topics by name, or all whose whole names match, those that come later, too."""
        if isinstance(topics, re.Pattern):
            self._pattern = TopicPattern(topics, self._config)
            await self._thread.run(self._look_for_topics)
        else:
            await self._thread.run(self._subscribe, list(topics))

    async def poll(self, timeout_seconds: float) -> list[Polled]:
        """What arrived, one batch per topic-partition, in offset order; empty when nothing did."""
        return await self._thread.run(self._poll, timeout_seconds)

    async def commit(
        self,
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
        is_current: Callable[[TopicPartition], bool],
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Commit, synchronously, on the consumer's thread.

        Kafka fences members, not the age of their decisions: what was decided before a rebalance would be
        accepted after it, even for a partition that another member owns by now. So the last look is taken
        here, where no rebalance can come in between.

        Args:
            offsets: The next offset of each partition.
            is_current: Whether the partition is still owned as it was when this was decided.

        Returns:
            What Kafka took: not that of partitions that have moved away.

        Raises:
            UnansweredError: Nobody knows whether Kafka took it.
            RetriableError: Kafka did not take it; the same or later offsets may be committed again.
        """
        return await self._thread.run(self._commit_current, offsets, is_current)

    async def committed(self, partition: TopicPartition) -> Committed:
        """What is committed for a partition.

        Raises:
            RetriableError: Kafka does not tell.
        """
        answer = await self._thread.run(self._coordinator.committed, [partition])
        return answer[partition]

    async def seek(
        self,
        partition: TopicPartition,
        is_current: Callable[[], bool],
        begin: Callable[[], Coroutine[Any, Any, int | None]],
    ) -> None:
        """Read on from elsewhere.

        Args:
            partition: That is assigned; else nothing happens.
            is_current: Whether it is still owned as it was when this was decided.
            begin: Begins another epoch, on the event loop, and says where to read on; None is where a group
                without a committed offset begins. No poll comes in between: what was read before has the
                old epoch, and what is read from there the new one.
        """
        await self._thread.run(self._seek, partition, is_current, begin)

    async def pause(self) -> None:
        """Stop fetching, for partitions that are assigned later, too; polling keeps the membership."""
        if not self._paused:
            await self._thread.run(self._set_paused, True)

    async def resume(self) -> None:
        if self._paused:
            await self._thread.run(self._set_paused, False)

    async def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Leave the group; partitions that are still assigned are revoked on the way, and committed.

        Args:
            seconds: How long a rebalance that is under way may hold this up; after that nothing is
                committed any more.
        """
        if not self._closed:
            self._closed = True
            self._leave_deadline = time.monotonic() + seconds
            await self._thread.run(self._close)
            self._thread.end()

    def end_offset(self, partition: TopicPartition) -> int | None:
        """The end of the partition as of the last fetch; None when nothing was fetched yet."""
        return self._ends.of(partition)

    # ---- on the consumer's thread ----

    def _subscribe(self, topics: list[str]) -> None:
        self._consumer.subscribe(
            topics,
            on_assign=self._rebalances.on_assign,
            on_revoke=self._rebalances.on_revoke,
            on_lost=self._rebalances.on_lost,
        )

    def _look_for_topics(self) -> None:
        topics = self._pattern.changed(self._consumer) if self._pattern else None
        if topics is not None:
            log.info("topics match", topics=len(topics))
            self._subscribe(topics)

    def _poll(self, timeout_seconds: float) -> list[Polled]:
        self._look_for_topics()
        messages = self._consumer.consume(self._poll_records, timeout_seconds)
        self._ends.look(self._consumer)
        if not messages:
            return []
        if any(map(Message.error, messages)):
            messages = self._without_errors(messages)
            if not messages:
                return []
        batches = split(messages, self._columns, one_topic=len(self._rebalances.topics) == 1)
        average_bytes = sum(batch.size_bytes for batch in batches) // len(messages) + 1
        self._poll_records = max(1, min(self._batch_records, _POLL_BYTES // average_bytes))
        # Rebalances happen within polls only, and the next has not begun: these are the right epochs.
        return [Polled(batch, self._epoch_of(batch.topic_partition)) for batch in batches]

    def _without_errors(self, messages: Sequence[Message]) -> list[Message]:
        for message in messages:
            error = message.error()
            if error is None:
                continue
            self._observer.client_error(error)
            raise_unless_passing(error)
        return [message for message in messages if message.error() is None]

    def _commit_current(
        self,
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
        is_current: Callable[[TopicPartition], bool],
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        current = {where: offset for where, offset in offsets.items() if is_current(where)}
        self._commit(current)
        return current

    def _commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        if not offsets:
            return
        if self._is_leaving_late():
            # It would be answered after the rebalance that is under way, and refused.
            raise RetriableError(
                "Kafka has not ended a rebalance in time: no offsets were committed",
                code=ErrorCode.KAFKA_COMMIT_REFUSED,
            )
        self._coordinator.commit(offsets)

    def _seek(
        self,
        partition: TopicPartition,
        is_current: Callable[[], bool],
        begin: Callable[[], Coroutine[Any, Any, int | None]],
    ) -> None:
        assigned = map(from_kafka, self._consumer.assignment())
        if partition in assigned and is_current():
            offset = self._thread.wait_for(begin())
            where = OffsetAndMetadata(OFFSET_INVALID if offset is None else offset)
            # Unlike a seek this is also right while nothing has been fetched yet.
            self._consumer.incremental_unassign([to_kafka(partition, where)])
            self._consumer.incremental_assign([to_kafka(partition, where)])
            if self._paused:
                self._consumer.pause([to_kafka(partition, where)])

    def _close(self) -> None:
        """Unsubscribe, and poll until the group is left; what the polls bring was put nowhere.

        Closing alone has two faults (librdkafka 2.16, ``rd_kafka_cgrp_revoke_all_rejoin``): a cooperative
        member without partitions sends no LeaveGroup, so that the others wait for its session to end; and
        during a rebalance it revokes at once, when a commit can only be refused. Unsubscribing leaves in
        the first case, and waits for the rebalance in the second. The member id goes when LeaveGroup is sent.
        """
        if self._leaves_first:
            self._consumer.unsubscribe()
            while self._consumer.memberid() and not self._is_leaving_late():
                self._consumer.consume(self._poll_records, _LEAVE_POLL_SECONDS)
        self._consumer.close()

    def _is_leaving_late(self) -> bool:
        return time.monotonic() >= self._leave_deadline

    def _set_paused(self, paused: bool) -> None:
        assigned = self._consumer.assignment()
        (self._consumer.pause if paused else self._consumer.resume)(assigned)
        self._paused = paused

    def _on_error(self, error: KafkaError) -> None:
        self._observer.client_error(error)

    def _on_statistics(self, text: str) -> None:
        self._observer.statistics(orjson.loads(text))
