"""The data path of one task, from poll to commit; everything else hangs off a line of this file.

Life of a task:

1. start the sink: credentials are there before anything is read,
2. join the consumer group,
3. until told to stop: poll · convert · put · stay within the memory budget · commit what is durable;
   while paused: hold what there is, and commit,
4. leave the group, which closes the sink's partitions under one deadline and commits them.

A failure ends the task without a commit; what was not committed is read again by whoever comes next.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from structlog.contextvars import bound_contextvars

from connector import logs, tracing
from connector.error_codes import pointer
from connector.errors import BatchError, ConnectorError, runbook_code
from connector.retry import Backoff
from connector.runtime.commits import Commits
from connector.runtime.consumer import Polled, TaskConsumer
from connector.runtime.errant import without
from connector.runtime.feed import POLL_SECONDS, Feed
from connector.runtime.offsets import Offsets
from connector.runtime.state import State
from connector.runtime.waiting import OBSERVE_SECONDS, StoppedError, Waiting

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from connector.errors import RecordError
    from connector.record import RecordBatch, TopicPartition
    from connector.runtime.context import TaskContext
    from connector.runtime.errant import ErrantRecords
    from connector.runtime.observer import TaskObserver
    from connector.runtime.pipeline import Applied, Pipeline
    from connector.sinks.base import Committed, OffsetAndMetadata, Sink, TwoPhase

log = logs.get(__name__)

LEAVE_SECONDS = 10.0
"""Beyond the graceful timeout, for what only lets go: leaving the group, aborting uploads."""
PREPARE_SECONDS = 5.0
"""Beyond the graceful timeout, for the commit of what was finished within it."""
CONVERT_BASE_SECONDS = 0.3
GROUP_SECONDS = 5.0
"""Of these, what a rebalance under way may take until it is left: others answer it with their heartbeats."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a task works with; times in seconds, sizes in bytes."""

    connector: str
    task: int
    topics: Sequence[str] | re.Pattern[str]
    consumer_config: Mapping[str, Any]
    batch_records: int
    memory_budget_bytes: int
    flush_interval_seconds: float
    commit_seconds: float
    shutdown_seconds: float
    convert_seconds: float | None = None
    """How long a conversion may be repeated for what it needs; None is as long as it takes."""
    convert_delay_seconds: float = 60.0
    """The longest wait between two attempts."""


class Task:
    """One task of a sink connector; a coroutine of the worker's event loop."""

    def __init__(
        self,
        spec: TaskSpec,
        sink: Sink,
        *,
        pipeline: Pipeline,
        errant: ErrantRecords,
        context: TaskContext,
        observer: TaskObserver,
        consumer: Callable[..., TaskConsumer] = TaskConsumer,
        read_from: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing runs yet.

        Args:
            spec: What it works with.
            sink: Takes the batches.
            pipeline: Converts and transforms them.
            errant: Takes what can never succeed.
            context: What the sink may ask for.
            observer: Counts.
            consumer: Makes what reads Kafka, each time that the task joins its group.
            read_from: Hears the topic of every batch that is read.
        """
        self.spec = spec
        self.state = State.UNASSIGNED
        self.trace: str | None = None
        self.failure: BaseException | None = None
        self._sink = sink
        self._pipeline = pipeline
        self._errant = errant
        self._context = context
        self._observer = observer
        self._read_from = read_from
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._offsets = Offsets()
        self._waiting = Waiting(
            context, shutdown_seconds=spec.shutdown_seconds, meanwhile=self._observe_if_due
        )
        self._next_flush = self._next_observation = 0.0
        self._create_consumer = consumer
        self._consumer: TaskConsumer | None = None
        self._feed: Feed | None = None
        self._must_rejoin = False
        self._revoking: set[TopicPartition] = set()
        self._commits = Commits(
            sink,
            self._offsets,
            observer,
            consumer=lambda: self.consumer,
            seconds=spec.commit_seconds,
            unanswered=self._give_up_assignment,
        )

    async def run(self) -> None:
        """From start to stop; never raises: ``state`` and ``trace`` tell how it ended."""
        with bound_contextvars(connector=self.spec.connector, task=self.spec.task):
            try:
                await self._start()
                self._observer.started("succeeded")
                while not self._waiting.is_stopping:
                    await self._rejoin_if_unsure()
                    await self._hold_while_paused()
                    polled = await self._poll()
                    with self._traced(polled):
                        converted = await self._convert(polled)
                        await self._put(converted)
                        await self._stay_within_budget()
                    await self._commit_if_due()
                self._enter(State.STOPPED)
            except StoppedError:
                self._enter(State.STOPPED)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, it is told
                self._fail(error)
            finally:
                await self._leave()

    def stop(self, *, for_good: bool = False) -> None:
        """Finish within the graceful timeout, which starts now; :meth:`run` then returns.

        Args:
            for_good: Nobody goes on with what is open; it is to be finished.
        """
        if not self._waiting.is_stopping:
            self._context.ends_for_good = for_good
            self._waiting.stop()

    def pause(self) -> None:
        """Deliver nothing more until :meth:`resume`; the task stays in its group, and commits."""
        self._resumed.clear()

    def resume(self) -> None:
        self._resumed.set()

    # ---- the story, line by line ----

    async def _start(self) -> None:
        self._context.assignments = self
        if dead_letters := self._errant.dead_letters:
            await self._waiting.finish(self._waiting.retrying("start", dead_letters.start))
        await self._waiting.finish(self._waiting.retrying("start", lambda: self._sink.start(self._context)))
        await self._join()
        if self._sink.two_phase:
            self._context.spawn(self._commits.run())
        self._observer.budget_bytes.set(self.spec.memory_budget_bytes)
        self._next_flush = time.monotonic() + self.spec.flush_interval_seconds
        if self._resumed.is_set():
            self._enter(State.RUNNING)

    async def _join(self) -> None:
        self._consumer = self._create_consumer(
            self.spec.consumer_config,
            self,
            self._observer,
            epoch_of=self._offsets.epoch,
            columns={*self._pipeline.columns, *self._sink.columns},
            batch_records=self.spec.batch_records,
            asks_committed=self._sink.two_phase is not None,
        )
        await self._consumer.subscribe(self.spec.topics)
        self._feed = Feed(self._consumer, self._observer)

    async def _hold_while_paused(self) -> None:
        """What is read ahead is not taken, so the feed pauses the partitions and polls on."""
        if self._resumed.is_set() or self._waiting.is_stopping:
            return
        self._enter(State.PAUSED)
        while not (self._resumed.is_set() or self._waiting.is_stopping):
            self._waiting.raise_failure()
            self.feed.raise_failure()
            await self._rejoin_if_unsure()
            await self._commit_if_due()
            self._observe_if_due()
            await self._waiting.until_set(self._resumed, POLL_SECONDS)
        if not self._waiting.is_stopping:
            self._enter(State.RUNNING)

    async def _poll(self) -> list[Polled]:
        self._waiting.raise_failure()
        polled = await self.feed.next()
        self._observe_if_due()
        for batch, _ in polled:
            self._read_from(batch.topic_partition.topic)
        return polled

    async def _convert(self, polled: list[Polled]) -> list[Polled]:
        if not polled or self._pipeline.is_identity(self._sink.columns):
            return polled
        converted: list[Applied] = []
        with tracing.span("convert"):
            await self._waiting.finish(
                self._waiting.retrying(
                    "convert",
                    lambda: self._converting(polled, converted),
                    Backoff(CONVERT_BASE_SECONDS, self.spec.convert_delay_seconds),
                    self.spec.convert_seconds,
                )
            )
        for (read, epoch), applied in zip(polled, converted, strict=True):
            if applied.failed and self._offsets.epoch(read.topic_partition) == epoch:
                await self._waiting.finish(self._report(read.topic_partition, applied.failed))
        return [
            Polled(put, epoch)
            for (_, epoch), applied in zip(polled, converted, strict=True)
            for put in applied.batches
        ]

    async def _report(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        """Before their batch is put: what is put may be committed at any time."""
        await self._waiting.retrying("report", lambda: self._errant.report(partition, failed))

    async def _put(self, polled: list[Polled]) -> None:
        """Partitions may go side by side; transforms may have made several batches of one."""
        for read, epoch in polled:
            if self._offsets.is_reset(read, epoch):
                await self._restart(read.topic_partition)
        taken = [
            Polled(batch, epoch)
            for converted, epoch in polled
            if (batch := self._offsets.take(converted, epoch)) is not None
        ]
        if not taken:
            return
        started = time.perf_counter()
        lanes: dict[TopicPartition, list[Polled]] = {}
        for each in taken:
            lanes.setdefault(each.batch.topic_partition, []).append(each)
        records = sum(len(batch) for batch, _ in taken)
        with tracing.span("put", {"records": records}):
            await self._waiting.finish(asyncio.gather(*map(self._put_in_order, lanes.values())))
        self._observer.put_seconds.observe(time.perf_counter() - started)
        self._observer.records_put.inc(records)

    async def _put_in_order(self, lane: list[Polled]) -> None:
        for batch, epoch in lane:
            await self._put_one(batch, epoch)

    async def _restart(self, partition: TopicPartition) -> None:
        """The offsets of a partition that stayed ours went back: its topic was made again, or truncated."""
        log.warning("partition begins anew: made again or truncated", at=str(partition))
        if self._sink.two_phase:
            await self._waiting.finish(self._renew(partition, self._sink.two_phase))
            return
        self._offsets.restart(partition)
        await self._waiting.finish(self._close([partition]))
        await self._sink.drop([partition])
        self._sink.open([partition])

    async def _renew(self, partition: TopicPartition, two_phase: TwoPhase) -> None:
        """No commit comes in between that says something of the earlier topic."""
        async with self._commits.lock:
            epoch = self._offsets.epoch(partition)
            now = await self._waiting.retrying("committed", lambda: self.consumer.committed(partition))
            if self._offsets.epoch(partition) == epoch:
                self._offsets.restart(partition)
                await two_phase.renew(partition, now.topic_id)

    async def _put_one(self, batch: RecordBatch, epoch: int | None) -> None:
        while True:
            try:
                await self._waiting.retrying("put", lambda batch=batch: self._put_if_owned(batch, epoch))  # type: ignore[misc]
            except BatchError as error:
                await self._report(batch.topic_partition, error.failed)
                batch = without(batch, error.failed)
            else:
                return

    async def _put_if_owned(self, batch: RecordBatch, epoch: int | None) -> None:
        """While a put waits to be repeated its partition may move away, and even come back."""
        if self._offsets.epoch(batch.topic_partition) == epoch:
            await self._sink.put(batch)

    async def _stay_within_budget(self) -> None:
        # What is read ahead has a bound of its own, and no sink can make it less.
        while self._sink.buffered_bytes > self.spec.memory_budget_bytes - self.feed.buffered_bytes:
            if not self._sink.buffered_bytes:
                return
            await self._waiting.finish(self._waiting.retrying("relieve", self._sink.relieve))

    async def _commit_if_due(self) -> None:
        if time.monotonic() < self._next_flush:
            return
        started = time.perf_counter()
        with tracing.span("flush", self._observer.named):
            await self._waiting.finish(self._waiting.retrying("flush", self._sink.flush))
        self._observer.flush_seconds.observe(time.perf_counter() - started)
        if self._sink.two_phase:
            self._commits.request()
        else:
            await self._waiting.finish(self._commits.commit())
        self._next_flush = time.monotonic() + self.spec.flush_interval_seconds

    def _traced(self, polled: list[Polled]) -> AbstractContextManager[object]:
        """One span for what was polled at once; none for what was not."""
        if not (polled and tracing.is_on()):
            return nullcontext()
        records = sum(len(batch) for batch, _ in polled)
        return tracing.span("batch", {**self._observer.named, "records": records, "partitions": len(polled)})

    async def _converting(self, polled: list[Polled], converted: list[Applied]) -> None:
        if self._pipeline.only_renames(self._sink.columns):
            self._convert_the_rest(polled, converted)
        else:
            await self._context.in_thread(self._convert_the_rest, polled, converted)

    def _convert_the_rest(self, polled: list[Polled], converted: list[Applied]) -> None:
        """What is converted stays so when a schema registry answers only some of the batches."""
        for batch, _ in polled[len(converted) :]:
            converted.append(self._pipeline.apply(batch))

    # ---- rebalances: called while the consumer's thread waits ----

    async def assigned(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        self._observer.rebalanced("assigned", partitions)
        return self._own(partitions)

    def _own(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        two_phase = self._sink.two_phase
        if two_phase is None:
            self._offsets.own(partitions)
            self._sink.open(partitions)
            return {}
        positions = two_phase.resume(partitions)
        self._offsets.own(partitions, {where: at for where, at in positions.items() if at >= 0})
        return positions

    async def revoked(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """What can be finished before the deadline is committed; the rest is read again elsewhere."""
        if self._revoking.isdisjoint(partitions):
            self._revoking.update(partitions)
            self._observer.rebalanced("revoked", partitions)
        if self.state is State.FAILED:
            return {}
        offsets: Mapping[TopicPartition, OffsetAndMetadata] = {}
        try:
            async with asyncio.timeout(self._waiting.remaining_seconds()):
                await self._waiting.unless_failed(self._sink.close(partitions))
        except TimeoutError:
            log.warning("not everything was finished in time; it will be read again")
        except Exception as error:  # noqa: BLE001 - the partitions go, whatever the sink says
            log.warning("closing partitions failed; they will be read again", error=error)
        try:
            async with asyncio.timeout(self._waiting.remaining_seconds() + PREPARE_SECONDS):
                offsets = await self._waiting.unless_failed(self._commits.to_commit(partitions))
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("nothing is committed of the partitions", error=error)
        return {} if self._waiting.has_failed else offsets

    async def committed(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        await self._commits.accepted(offsets)
        if two_phase := self._sink.two_phase:
            try:
                async with asyncio.timeout(self._waiting.remaining_seconds()):
                    await self._waiting.unless_failed(two_phase.settle(list(offsets)))
            except Exception as error:  # noqa: BLE001 - whoever comes next does it
                log.warning("left to the next owner", error=error)

    async def released(self, partitions: Collection[TopicPartition]) -> None:
        self._revoking.difference_update(partitions)
        await self._forget(partitions)

    async def lost(self, partitions: Collection[TopicPartition]) -> None:
        self._observer.rebalanced("lost", partitions)
        await self._forget(partitions)

    async def _close(self, partitions: Collection[TopicPartition]) -> None:
        """Finish and commit what is put; while the partitions stay."""
        await self._sink.close(partitions)
        await self._commits.commit()

    async def _forget(self, partitions: Collection[TopicPartition]) -> None:
        self._offsets.disown(partitions)
        self._observer.forget(partitions)
        await self._sink.drop(partitions)

    # ---- what a two-phase sink may ask for ----

    def request_commit(self) -> None:
        self._commits.request()

    async def restart_partition(self, partition: TopicPartition) -> None:
        async with self._commits.lock:
            if partition not in self._offsets:
                return
            self._offsets.own([partition])
            epoch = self._offsets.epoch(partition)
            await self._sink.drop([partition])
            committed = await self._waiting.retrying("committed", lambda: self.consumer.committed(partition))

            async def begin() -> int | None:
                return self._own({partition: committed}).get(partition)

            await self.consumer.seek(partition, lambda: self._offsets.epoch(partition) == epoch, begin)

    async def rewind_partition(self, partition: TopicPartition, offset: int) -> None:
        async with self._commits.lock:
            if partition not in self._offsets:
                return
            epoch = self._offsets.epoch(partition)

            async def begin() -> int:
                self._offsets.own([partition], {partition: offset})
                return offset

            await self.consumer.seek(partition, lambda: self._offsets.epoch(partition) == epoch, begin)

    async def _give_up_assignment(self) -> None:
        """Nobody knows what is committed: forget everything, and take over anew as another member."""
        self._must_rejoin = True
        await self._forget(list(self._offsets))

    async def _rejoin_if_unsure(self) -> None:
        if not self._must_rejoin:
            return
        log.warning("leaving the group, since a commit was not answered; joining again")
        async with self._commits.lock:
            await self.feed.stop()
            await self.consumer.close(GROUP_SECONDS)
            self._must_rejoin = False
            await self._join()

    # ---- the end ----

    def _fail(self, error: BaseException) -> None:
        code = runbook_code(error)
        self.trace = f"{''.join(traceback.format_exception(error))}{pointer(code)}\n"
        self.failure = error
        if self._feed is None:
            self._observer.started("failed")
        self._observer.failed()
        self._enter(State.FAILED)
        if isinstance(error, ConnectorError):
            log.error("task failed", error=error)
        else:
            log.error("task failed", error=error, code=code, trace=self.trace)

    async def _leave(self) -> None:
        """Leave the group, which closes partitions; whatever hangs is left behind, uncommitted."""
        try:
            async with asyncio.timeout(self._waiting.remaining_seconds() + LEAVE_SECONDS):
                if self._feed is not None:
                    await self._feed.stop()
                if self._consumer is not None:
                    await self._consumer.close(self._waiting.remaining_seconds() + GROUP_SECONDS)
                await self._sink.stop()
        except TimeoutError:
            log.warning("task did not end in time", seconds=LEAVE_SECONDS)
        await self._context.cancel_background()
        if dead_letters := self._errant.dead_letters:
            await dead_letters.stop()
        log.info("task ended", state=self.state.value)

    def _enter(self, state: State) -> None:
        self.state = state
        self._observer.state(state)

    # ---- what it works with ----

    @property
    def consumer(self) -> TaskConsumer:
        if self._consumer is None:
            raise AssertionError("The task has not started")
        return self._consumer

    @property
    def feed(self) -> Feed:
        if self._feed is None:
            raise AssertionError("The task has not started")
        return self._feed

    def _observe_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._next_observation:
            self._next_observation = now + OBSERVE_SECONDS
            if self._feed is not None:
                self._observer.buffered_bytes.set(self._sink.buffered_bytes + self._feed.buffered_bytes)
                self._observer.progress(self._offsets, self.consumer.end_offset)
