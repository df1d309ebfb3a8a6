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
from connector.runtime.assignment import Assignment
from connector.runtime.commits import Commits
from connector.runtime.consumer import Polled, TaskConsumer
from connector.runtime.conversion import Conversion
from connector.runtime.errant import without
from connector.runtime.feed import POLL_SECONDS
from connector.runtime.group_member import GroupMember
from connector.runtime.offsets import Offsets
from connector.runtime.state import State
from connector.runtime.waiting import OBSERVE_SECONDS, StoppedError, Waiting

if TYPE_CHECKING:
    import re
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from connector.errors import RecordError
    from connector.record import RecordBatch, TopicPartition
    from connector.runtime.context import TaskContext
    from connector.runtime.errant import ErrantRecords
    from connector.runtime.observer import TaskObserver
    from connector.runtime.pipeline import Pipeline
    from connector.sinks.base import Sink

log = logs.get(__name__)

LEAVE_SECONDS = 10.0
"""Beyond the graceful timeout, for what only lets go: leaving the group, aborting uploads."""

_SINK_SECONDS = 1.5
"""Of these, what is kept for the sink after a slow group: to drop partitions, to let go of connections."""


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
        self._conversion = Conversion(
            pipeline,
            context,
            self._waiting,
            delay_seconds=spec.convert_delay_seconds,
            most_seconds=spec.convert_seconds,
        )
        self._next_flush = self._next_observation = 0.0
        self._create_consumer = consumer
        self._member = GroupMember(self._new_consumer, spec.topics, observer)
        self._commits = Commits(
            sink,
            self._offsets,
            observer,
            consumer=lambda: self._member.consumer,
            seconds=spec.commit_seconds,
            unanswered=self._give_up_assignment,
        )
        self._assignment = Assignment(
            sink,
            self._offsets,
            self._commits,
            observer,
            self._waiting,
            consumer=lambda: self._member.consumer,
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
        self._context.assignments = self._assignment
        if dead_letters := self._errant.dead_letters:
            await self._waiting.finish(self._waiting.retrying("start", dead_letters.start))
        await self._waiting.finish(self._waiting.retrying("start", lambda: self._sink.start(self._context)))
        await self._member.join()
        if self._sink.two_phase:
            self._context.spawn(self._commits.run())
        self._observer.budget_bytes.set(self.spec.memory_budget_bytes)
        self._next_flush = time.monotonic() + self.spec.flush_interval_seconds
        if self._resumed.is_set():
            self._enter(State.RUNNING)

    def _new_consumer(self) -> TaskConsumer:
        return self._create_consumer(
            self.spec.consumer_config,
            self._assignment,
            self._observer,
            epoch_of=self._offsets.epoch,
            columns={*self._pipeline.columns, *self._sink.columns},
            batch_records=self.spec.batch_records,
            asks_committed=self._sink.two_phase is not None,
        )

    async def _rejoin_if_unsure(self) -> None:
        if not self._member.is_unsure:
            return
        log.warning("leaving the group, since a commit was not answered; joining again")
        async with self._commits.lock:
            await self._member.rejoin()

    async def _give_up_assignment(self) -> None:
        """Nobody knows what is committed: forget everything, and take over anew as another member."""
        self._member.is_unsure = True
        await self._assignment.forget_all()

    async def _hold_while_paused(self) -> None:
        """What is read ahead is not taken, so the feed pauses the partitions and polls on."""
        if self._resumed.is_set() or self._waiting.is_stopping:
            return
        self._enter(State.PAUSED)
        while not (self._resumed.is_set() or self._waiting.is_stopping):
            self._waiting.raise_failure()
            self._member.feed.raise_failure()
            await self._rejoin_if_unsure()
            await self._commit_if_due()
            self._observe_if_due()
            await self._waiting.until_set(self._resumed, POLL_SECONDS)
        if not self._waiting.is_stopping:
            self._enter(State.RUNNING)

    async def _poll(self) -> list[Polled]:
        self._waiting.raise_failure()
        polled = await self._member.feed.next()
        self._observe_if_due()
        for batch, _ in polled:
            self._read_from(batch.topic_partition.topic)
        return polled

    def _traced(self, polled: list[Polled]) -> AbstractContextManager[object]:
        """One span for what was polled at once; none for what was not."""
        if not (polled and tracing.is_on()):
            return nullcontext()
        records = sum(len(batch) for batch, _ in polled)
        return tracing.span("batch", {**self._observer.named, "records": records, "partitions": len(polled)})

    async def _convert(self, polled: list[Polled]) -> list[Polled]:
        if not polled or self._pipeline.is_identity(self._sink.columns):
            return polled
        with tracing.span("convert"):
            converted = await self._conversion.convert([batch for batch, _ in polled], self._sink.columns)
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
                await self._assignment.begin_anew(read.topic_partition)
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
        while self._sink.buffered_bytes > self.spec.memory_budget_bytes - self._member.feed.buffered_bytes:
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

    # ---- the end ----

    def _fail(self, error: BaseException) -> None:
        code = runbook_code(error)
        self.trace = f"{''.join(traceback.format_exception(error))}{pointer(code)}\n"
        self.failure = error
        self._assignment.abandon()
        if not self._member.has_joined:
            self._observer.started("failed")
        self._observer.failed()
        self._enter(State.FAILED)
        if isinstance(error, ConnectorError):
            log.error("task failed", error=error)
        else:
            log.error("task failed", error=error, code=code, trace=self.trace)

    async def _leave(self) -> None:
        """Leave the group, which closes partitions; whatever hangs or fails is left behind, uncommitted."""
        deadline = asyncio.get_running_loop().time() + self._waiting.remaining_seconds() + LEAVE_SECONDS
        left = self._member.leave(self._waiting.remaining_seconds)
        if not await self._has_ended("membership of the group", left, deadline - 2 * _SINK_SECONDS):
            # Its thread may still be at it, and what it asks for then comes too late.
            self._assignment.abandon()
            await self._has_ended("partitions", self._assignment.forget_all(), deadline - _SINK_SECONDS)
        await self._has_ended("sink", self._sink.stop(), deadline)
        await self._context.cancel_background()
        if dead_letters := self._errant.dead_letters:
            await dead_letters.stop()
        log.info("task ended", state=self.state.value)

    async def _has_ended(self, what: str, ending: Awaitable[None], deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline):
                await ending
        except TimeoutError:
            log.warning("did not end in time, and is left behind", what=what)
        except Exception as error:  # noqa: BLE001 - the rest is to end all the same
            log.warning("did not end as it should, and is left behind", what=what, error=error)
        else:
            return True
        return False

    def _enter(self, state: State) -> None:
        self.state = state
        self._observer.state(state)

    def _observe_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._next_observation:
            self._next_observation = now + OBSERVE_SECONDS
            if self._member.has_joined:
                read_ahead_bytes = self._member.feed.buffered_bytes
                self._observer.buffered_bytes.set(self._sink.buffered_bytes + read_ahead_bytes)
                self._observer.progress(self._offsets, self._member.consumer.end_offset)
