"""One task's Kafka consumer on a thread of its own: polls columns, commits, tells of rebalances.

Every call to librdkafka that may block runs on the one thread, in the order it was asked for; nothing
cancels a running ``consume``, since the messages it returns would reach nobody while the position moved on.
Rebalance callbacks run on that thread too, and wait there for the event loop to finish its part.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import confluent_kafka
import orjson
import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition

from connector import logs
from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError
from connector.record import COLUMNS, RecordBatch, TopicPartition
from connector.runtime.topic_ids import TopicIds
from connector.runtime.topic_pattern import TopicPattern
from connector.sinks.base import Committed, OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence

log = logs.get(__name__)

Message: Any = confluent_kafka.Message
"""Untyped: the stubs say None where a consumed message always has a value."""

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

_POLL_BYTES = 4 * 1024 * 1024
_FIRST_RECORDS = 500
_LOOK_SECONDS = 1.0
_LEAVE_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 5.0
"""More than the others' heartbeat interval, by default 3 s: a rebalance that waits for them ends sooner."""

_COMMITTED_SECONDS = 10.0
_COMMITTED_ATTEMPTS = 3
_REVOKE_COMMITS = 3
"""What is open is announced, what was announced becomes visible, and that is committed: two, and one more."""

_REFUSALS = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.INVALID_COMMIT_OFFSET_SIZE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001 - librdkafka's own, given before anything is sent
    }
)
"""Answers by which the offsets were certainly not taken."""

_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant READ and DESCRIBE on the topic to the worker's principal",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant READ on the consumer group to the worker's principal",
}


class Polled(NamedTuple):
    """A batch and the assignment under which it was read."""

    batch: RecordBatch
    epoch: int | None


class RebalanceListener(Protocol):
    """What a task does when its partitions change, on the event loop, while the consumer's thread waits.

    A revocation is ``revoked`` · commit · ``committed``, as often as there is something new to commit, and
    ``released`` in the end; the task's own deadline ends it sooner.
    """

    async def assigned(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        """Take partitions over; what is committed is told only to those that asked for it.

        Returns:
            Where to read from, for partitions that do not go on at the committed offset.
        """
        ...

    async def revoked(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Finish what is to be finished; the offsets returned are committed."""
        ...

    async def committed(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Kafka took what :meth:`revoked` returned."""
        ...

    async def released(self, partitions: Collection[TopicPartition]) -> None:
        """They are nobody's from now on."""
        ...

    async def lost(self, partitions: Collection[TopicPartition]) -> None: ...


class UnansweredError(RetriableError):
    """Whether Kafka took a commit is not known; it may even take it later."""

    code = ErrorCode.KAFKA_COMMIT_UNANSWERED


class ClientFailedError(ConnectorError):
    """Kafka's client is of no use any more; the next task has another one."""

    code = ErrorCode.KAFKA_CLIENT


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
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._observer = observer
        self._epoch_of = epoch_of
        self._columns = columns
        self._batch_records = batch_records
        self._asks_committed = asks_committed
        self._config = config
        self._pattern: TopicPattern | None = None
        self._topic_ids = TopicIds(config)
        # librdkafka counts records; this makes it bytes, by the size of the records that came last.
        self._poll_records = min(batch_records, _FIRST_RECORDS)
        self._ends: Mapping[TopicPartition, int] = {}
        self._next_look = 0.0
        self._paused = False
        # Every topic that was ever assigned: a poll may still bring what was fetched before a rebalance.
        self._topics: set[str] = set()
        self._closed = False
        # Rebalance callbacks come from the consumer's thread, which knows nothing of the task's log context.
        self._context = contextvars.copy_context()
        self._thread = ThreadPoolExecutor(1, f"consumer-{config.get('client.id', '')}")
        self._leave_deadline = float("inf")
        # A static member stays in its group when it ends (KIP-345), and a member of the new protocol
        # (KIP-848) leaves by itself.
        self._leaves_first = "group.instance.id" not in config and config.get("group.protocol") != "consumer"
        self._consumer = Consumer(
            {
                **DEFAULTS,
                **with_login(config),
                "error_cb": self._on_error,
                "stats_cb": self._on_statistics,
            },
            logger=logging.LoggerAdapter(
                logging.getLogger("librdkafka"), structlog.contextvars.get_contextvars()
            ),
        )

    async def subscribe(self, topics: Sequence[str] | re.Pattern[str]) -> None:
        """Topics by name, or all whose whole names match, those that come later, too."""
        if isinstance(topics, re.Pattern):
            self._pattern = TopicPattern(topics, self._config)
            await self._run(self._look_for_topics)
        else:
            await self._run(self._subscribe, list(topics))

    async def poll(self, timeout_seconds: float) -> list[Polled]:
        """What arrived, one batch per topic-partition, in offset order; empty when nothing did."""
        polled: list[Polled] = await self._run(self._poll, timeout_seconds)
        return polled

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
        taken: Mapping[TopicPartition, OffsetAndMetadata]
        taken = await self._run(self._commit_current, offsets, is_current)
        return taken

    async def committed(self, partition: TopicPartition) -> Committed:
        """What is committed for a partition.

        Raises:
            RetriableError: Kafka does not tell.
        """
        answer: Mapping[TopicPartition, Committed] = await self._run(self._committed, [partition])
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
        await self._run(self._seek, partition, is_current, begin)

    async def pause(self) -> None:
        """Stop fetching, for partitions that are assigned later, too; polling keeps the membership."""
        if not self._paused:
            await self._run(self._set_paused, True)

    async def resume(self) -> None:
        if self._paused:
            await self._run(self._set_paused, False)

    async def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Leave the group; partitions that are still assigned are revoked on the way, and committed.

        Args:
            seconds: How long a rebalance that is under way may hold this up; after that nothing is
                committed any more.
        """
        if not self._closed:
            self._closed = True
            self._leave_deadline = time.monotonic() + seconds
            await self._run(self._close)
            self._thread.shutdown(wait=False)

    def end_offset(self, partition: TopicPartition) -> int | None:
        """The end of the partition as of the last fetch; None when nothing was fetched yet."""
        return self._ends.get(partition)

    async def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        # Shielded: if the caller is cancelled, the thread still finishes what it began, in order.
        running = self._loop.run_in_executor(self._thread, function, *args)
        # Nobody may be left to hear of a failure, which asyncio would tell as an error of the program.
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(running)

    # ---- on the consumer's thread ----

    def _subscribe(self, topics: list[str]) -> None:
        self._consumer.subscribe(
            topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def _look_for_topics(self) -> None:
        topics = self._pattern.changed(self._consumer) if self._pattern else None
        if topics is not None:
            log.info("topics match", topics=len(topics))
            self._subscribe(topics)

    def _poll(self, timeout_seconds: float) -> list[Polled]:
        self._look_for_topics()
        messages = self._consumer.consume(self._poll_records, timeout_seconds)
        self._look_at_ends()
        if not messages:
            return []
        if any(map(Message.error, messages)):
            messages = self._without_errors(messages)
            if not messages:
                return []
        batches = split(messages, self._columns, one_topic=len(self._topics) == 1)
        average_bytes = sum(batch.size_bytes for batch in batches) // len(messages) + 1
        self._poll_records = max(1, min(self._batch_records, _POLL_BYTES // average_bytes))
        # Rebalances happen within polls only, and the next has not begun: these are the right epochs.
        return [Polled(batch, self._epoch_of(batch.topic_partition)) for batch in batches]

    def _look_at_ends(self) -> None:
        """Never on the event loop: the client serialises its calls, and a poll may wait for the loop."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        ends: dict[TopicPartition, int] = {}
        for assigned in self._consumer.assignment():
            watermarks = self._consumer.get_watermark_offsets(assigned, cached=True)
            if watermarks and watermarks[1] >= 0:
                ends[_from_kafka(assigned)] = watermarks[1]
        self._ends = ends

    def _without_errors(self, messages: Sequence[Message]) -> list[Message]:
        for message in messages:
            error = message.error()
            if error is None:
                continue
            self._observer.client_error(error)
            if remedy := _DENIED.get(error.code()):
                raise AccessError(
                    f"Kafka refuses: {error.str()}; {remedy}.", code=ErrorCode.KAFKA_AUTHORIZATION
                )
            if error.fatal():
                raise ClientFailedError(f"Kafka's client gave up: {error.str()}") from KafkaException(error)
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
            # It has no timeout and is answered after the rebalance that is under way, which refuses it.
            raise RetriableError(
                "Kafka has not ended a rebalance in time: no offsets were committed",
                code=ErrorCode.KAFKA_COMMIT_REFUSED,
            )
        request = [_to_kafka(partition, offset) for partition, offset in offsets.items()]
        try:
            answer = self._consumer.commit(offsets=request, asynchronous=False)
        except KafkaException as error:
            raise _not_committed(error.args[0], "the offsets") from error
        for partition in answer or ():
            if partition.error is not None:
                raise _not_committed(partition.error, f"an offset of {partition.topic}")

    def _committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """Where reading begins must never be guessed, so this insists."""
        request = [_to_kafka(partition, OffsetAndMetadata(0)) for partition in partitions]
        for attempt in range(_COMMITTED_ATTEMPTS):
            try:
                answer = self._consumer.committed(request, timeout=_COMMITTED_SECONDS)
                if fault := next((found.error for found in answer if found.error), None):
                    raise KafkaException(fault)
                break
            except KafkaException as error:
                if attempt == _COMMITTED_ATTEMPTS - 1:
                    raise RetriableError(
                        f"Kafka does not tell the committed offsets: {error.args[0].str()}",
                        code=ErrorCode.KAFKA_OFFSETS_UNKNOWN,
                    ) from error
        ids = self._topic_ids.of({partition.topic for partition in partitions})
        return {
            _from_kafka(found): Committed(
                OffsetAndMetadata(found.offset, found.metadata or "") if found.offset >= 0 else None,
                ids.get(found.topic, ""),
            )
            for found in answer
        }

    def _seek(
        self,
        partition: TopicPartition,
        is_current: Callable[[], bool],
        begin: Callable[[], Coroutine[Any, Any, int | None]],
    ) -> None:
        assigned = map(_from_kafka, self._consumer.assignment())
        if partition in assigned and is_current():
            offset = self._await(begin())
            where = OffsetAndMetadata(OFFSET_INVALID if offset is None else offset)
            # Unlike a seek this is also right while nothing has been fetched yet.
            self._consumer.incremental_unassign([_to_kafka(partition, where)])
            self._consumer.incremental_assign([_to_kafka(partition, where)])
            if self._paused:
                self._consumer.pause([_to_kafka(partition, where)])

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

    def _on_assign(self, consumer: Consumer, partitions: list[KafkaTopicPartition]) -> None:
        found: Mapping[TopicPartition, Committed] = {_from_kafka(each): Committed() for each in partitions}
        if self._asks_committed and partitions:
            found = self._committed(list(found))
        positions: Mapping[TopicPartition, int] = self._await(self._listener.assigned(found))
        self._topics.update(partition.topic for partition in partitions)
        for each in partitions:
            each.offset = positions.get(_from_kafka(each), each.offset)
        consumer.incremental_assign(partitions)
        # librdkafka remembers a pause beyond the assignment that it was for: a partition that was lost while
        # paused would come back paused.
        (consumer.pause if self._paused else consumer.resume)(partitions)

    def _on_revoke(self, consumer: Consumer, partitions: list[KafkaTopicPartition]) -> None:
        if not partitions:
            return
        revoked = list(map(_from_kafka, partitions))
        try:
            for _ in range(_REVOKE_COMMITS):
                offsets = self._await(self._listener.revoked(revoked))
                if not offsets:
                    break
                self._commit(offsets)
                self._await(self._listener.committed(offsets))
        except (AccessError, RetriableError) as error:
            # The next owner goes on from the last commit: nothing is lost.
            log.warning("commit on revocation failed", error=error, partitions=len(partitions))
        self._await(self._listener.released(revoked))
        consumer.incremental_unassign(partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[KafkaTopicPartition]) -> None:
        self._await(self._listener.lost(list(map(_from_kafka, partitions))))
        consumer.incremental_unassign(partitions)

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._context.run(asyncio.run_coroutine_threadsafe, work, self._loop).result()

    def _on_error(self, error: KafkaError) -> None:
        self._observer.client_error(error)

    def _on_statistics(self, text: str) -> None:
        self._observer.statistics(orjson.loads(text))


def split(
    messages: Sequence[Message], columns: Collection[str] = COLUMNS, *, one_topic: bool = False
) -> list[RecordBatch]:
    """One batch per topic-partition: messages come in runs of one partition, and runs are joined.

    The columns are read here and the messages let go, on the thread that made them: later, from another
    one, letting go of a million messages takes longer than reading them.

    Args:
        messages: What a poll brought.
        columns: The columns that somebody needs.
        one_topic: All are of the topic of the first; saves looking.
    """
    found: dict[TopicPartition, list[Message]] = {}
    start = 0
    for partition, count in _runs(messages, one_topic=one_topic):
        found.setdefault(partition, []).extend(messages[start : start + count])
        start += count
    return [_batch(partition, run, columns) for partition, run in found.items()]


def _runs(messages: Sequence[Message], *, one_topic: bool) -> Iterator[tuple[TopicPartition, int]]:
    partitions = map(Message.partition, messages)
    if one_topic:
        topic = messages[0].topic()
        for number, run in groupby(partitions):
            yield TopicPartition(topic, number), len(list(run))
    else:
        for label, pairs in groupby(zip(map(Message.topic, messages), partitions, strict=True)):
            yield TopicPartition(*label), len(list(pairs))


def _batch(partition: TopicPartition, run: Sequence[Message], columns: Collection[str]) -> RecordBatch:
    values = list(map(Message.value, run))
    found: dict[str, Sequence[Any]] = {"offsets": _offsets(run), "values": values}
    for name in columns:
        if name not in found:
            found[name] = _READERS[name](run)
    return RecordBatch(partition, found, run[-1].offset() + 1, _size_bytes(found))


def _size_bytes(columns: Mapping[str, Sequence[Any]]) -> int:
    """What Kafka brought, of the columns that were read: the others were let go."""
    found = sum(map(len, filter(None, columns["values"]))) + sum(
        map(len, filter(None, columns.get("keys", ())))
    )
    for headers in filter(None, columns.get("headers", ())):
        found += sum([len(name) + len(value or b"") for name, value in headers])
    return found


def _offsets(run: Sequence[Message]) -> Sequence[int]:
    first, last = run[0].offset(), run[-1].offset()
    if last - first + 1 == len(run):
        return range(first, last + 1)
    return list(map(Message.offset, run))


def _timestamps(run: Sequence[Message]) -> list[int | None]:
    # The kind is 0, TIMESTAMP_NOT_AVAILABLE, for records of very old producers.
    return [stamp if kind else None for kind, stamp in map(Message.timestamp, run)]


_READERS: dict[str, Callable[[Sequence[Message]], list[Any]]] = {
    "keys": lambda run: list(map(Message.key, run)),
    "timestamps": _timestamps,
    "headers": lambda run: list(map(Message.headers, run)),
}


def _not_committed(error: KafkaError, what: str) -> AccessError | RetriableError:
    if error.code() == KafkaError.OFFSET_METADATA_TOO_LARGE:
        return AccessError(
            f"Kafka refused {what}: {error.str()}",
            remedy="set offset.metadata.max.bytes of the brokers to 4096, its default, or more",
            code=ErrorCode.KAFKA_METADATA_TOO_LARGE,
        )
    if error.code() in _REFUSALS:
        return RetriableError(f"Kafka refused {what}: {error.str()}", code=ErrorCode.KAFKA_COMMIT_REFUSED)
    return UnansweredError(f"Kafka did not say that it took {what}: {error.str()}")


def _to_kafka(partition: TopicPartition, committed: OffsetAndMetadata) -> KafkaTopicPartition:
    if committed.metadata:
        return KafkaTopicPartition(
            partition.topic, partition.partition, committed.offset, metadata=committed.metadata
        )
    return KafkaTopicPartition(partition.topic, partition.partition, committed.offset)


def _from_kafka(partition: KafkaTopicPartition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.partition)
