"""The data path of one task, from poll to commit; everything else hangs off a line of this file.

Life of a task:

1. start the sink: credentials are there before anything is read,
2. join the consumer group,
3. until told to stop: poll · convert · put · stay within the memory budget · commit what is durable,
4. leave the group, which closes the sink's partitions under one deadline and commits them.

A failure ends the task without a commit; what was not committed is read again by whoever comes next.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from structlog.contextvars import bound_contextvars

from connector import logs
from connector.errors import BatchError, ConnectorError, RetriableError
from connector.retry import Backoff, retrying
from connector.runtime.consumer import Polled, TaskConsumer
from connector.runtime.feed import Feed
from connector.runtime.offsets import Offsets
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from connector.record import RecordBatch, TopicPartition
    from connector.runtime.context import TaskContext
    from connector.runtime.errant import ErrantRecords
    from connector.runtime.observer import TaskObserver
    from connector.runtime.pipeline import Pipeline
    from connector.sinks.base import Sink

T = TypeVar("T")
log = logs.get(__name__)

OBSERVE_SECONDS = 1.0
LEAVE_SECONDS = 10.0
"""Beyond the graceful timeout, for what only lets go: leaving the group, aborting uploads."""
GROUP_SECONDS = 5.0
"""Of these, what a rebalance under way may take until it is left: others answer it with their heartbeats."""
RETRY_BACKOFF = Backoff(base_seconds=0.5, cap_seconds=30.0)


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a task works with; times in seconds, sizes in bytes."""

    connector: str
    task: int
    topics: Sequence[str]
    consumer_config: Mapping[str, Any]
    batch_records: int
    memory_budget_bytes: int
    flush_interval_seconds: float
    commit_seconds: float
    shutdown_seconds: float


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
    ) -> None:
        self.spec = spec
        self.state = State.UNASSIGNED
        self.trace: str | None = None
        self._sink = sink
        self._pipeline = pipeline
        self._errant = errant
        self._context = context
        self._observer = observer
        self._offsets = Offsets()
        self._stopping = asyncio.Event()
        self._deadline: float | None = None
        self._next_flush = self._next_observation = 0.0
        self._consumer: TaskConsumer | None = None
        self._feed: Feed | None = None

    async def run(self) -> None:
        """From start to stop; never raises: ``state`` and ``trace`` tell how it ended."""
        with bound_contextvars(connector=self.spec.connector, task=self.spec.task):
            try:
                await self._start()
                while not self._stopping.is_set():
                    polled = await self._poll()
                    converted = await self._convert(polled)
                    await self._put(converted)
                    await self._stay_within_budget()
                    await self._commit_if_due()
                self._enter(State.STOPPED)
            except _StoppedError:
                self._enter(State.STOPPED)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, it is told
                self._fail(error)
            finally:
                await self._leave()

    def stop(self) -> None:
        """Finish within the graceful timeout, which starts now; :meth:`run` then returns."""
        if not self._stopping.is_set():
            self._deadline = time.monotonic() + self.spec.shutdown_seconds
            self._stopping.set()

    # ---- the story, line by line ----

    async def _start(self) -> None:
        await self._finish(self._retrying("start", lambda: self._sink.start(self._context)))
        self._consumer = TaskConsumer(
            self.spec.consumer_config,
            self,
            self._observer,
            epoch_of=self._offsets.epoch,
            columns={*self._pipeline.columns, *self._sink.columns},
            batch_records=self.spec.batch_records,
        )
        await self._consumer.subscribe(self.spec.topics)
        self._feed = Feed(self._consumer, self._observer)
        self._observer.budget_bytes.set(self.spec.memory_budget_bytes)
        self._next_flush = time.monotonic() + self.spec.flush_interval_seconds
        self._enter(State.RUNNING)

    async def _poll(self) -> list[Polled]:
        self._raise_background_failure()
        polled = await self.feed.next()
        self._observe_if_due()
        return polled

    async def _convert(self, polled: list[Polled]) -> list[Polled]:
        if not polled or self._pipeline.is_identity(self._sink.columns):
            return polled
        converted: list[Polled] = []
        await self._finish(
            self._retrying(
                "convert", lambda: self._context.in_thread(self._convert_the_rest, polled, converted)
            )
        )
        return converted

    async def _put(self, polled: list[Polled]) -> None:
        """Batches of one poll are of different partitions, so they may go side by side."""
        for read, epoch in polled:
            if self._offsets.is_reset(read, epoch):
                await self._restart(read.topic_partition)
        taken = [
            (batch, epoch)
            for converted, epoch in polled
            if (batch := self._offsets.take(converted, epoch)) is not None
        ]
        if not taken:
            return
        started = time.perf_counter()
        await self._finish(asyncio.gather(*(self._put_one(batch, epoch) for batch, epoch in taken)))
        self._observer.put_seconds.observe(time.perf_counter() - started)
        self._observer.records_put.inc(sum(len(batch) for batch, _ in taken))

    async def _restart(self, partition: TopicPartition) -> None:
        """The offsets of a partition that stayed ours went back: its topic was made again, or truncated."""
        log.warning("partition begins anew: made again or truncated", at=str(partition))
        await self._finish(self._close([partition]))
        await self._sink.drop([partition])
        self._offsets.restart(partition)
        self._sink.open([partition])

    async def _put_one(self, batch: RecordBatch, epoch: int | None) -> None:
        while True:
            try:
                await self._retrying("put", lambda batch=batch: self._put_if_owned(batch, epoch))  # type: ignore[misc]
            except BatchError as error:
                batch = self._errant.leave_out(batch, error.failed)
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
            await self._finish(self._retrying("relieve", self._sink.relieve))

    async def _commit_if_due(self) -> None:
        if time.monotonic() < self._next_flush:
            return
        started = time.perf_counter()
        await self._finish(self._retrying("flush", self._sink.flush))
        self._observer.flush_seconds.observe(time.perf_counter() - started)
        await self._commit()
        self._next_flush = time.monotonic() + self.spec.flush_interval_seconds

    async def _commit(self) -> None:
        """The next commit covers what a refused one did not, so a refusal is counted, not raised."""
        offsets = self._offsets.to_commit(self._sink.committable())
        if not offsets:
            return
        epochs = {where: self._offsets.epoch(where) for where in offsets}
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.spec.commit_seconds):
                # During a rebalance the answer may come late: a stop does not wait for it.
                await self._finish(
                    self.consumer.commit(offsets, lambda where: self._offsets.epoch(where) == epochs[where])
                )
        except (RetriableError, TimeoutError) as error:
            self._observer.commit_failures.inc()
            log.warning("offset commit failed", error=str(error) or "no answer in time")
        else:
            self._offsets.committed(offsets)
            log.info("committed", offsets={str(where): offset for where, offset in offsets.items()})
        self._observer.commit_seconds.observe(time.perf_counter() - started)

    def _convert_the_rest(self, polled: list[Polled], converted: list[Polled]) -> None:
        """What is converted stays so when a schema registry answers only some of the batches."""
        for batch, epoch in polled[len(converted) :]:
            converted.append(Polled(self._pipeline.apply(batch), epoch))

    # ---- rebalances: called while the consumer's thread waits ----

    async def assigned(self, partitions: Collection[TopicPartition]) -> None:
        self._observer.rebalanced("assigned", partitions)
        self._offsets.own(partitions)
        self._sink.open(partitions)

    async def revoked(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        self._observer.rebalanced("revoked", partitions)
        offsets = await self._close(partitions) if self.state is not State.FAILED else {}
        await self._forget(partitions)
        return offsets

    async def lost(self, partitions: Collection[TopicPartition]) -> None:
        self._observer.rebalanced("lost", partitions)
        await self._forget(partitions)

    async def _close(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """What can be finished before the deadline is committed; the rest is read again elsewhere."""
        try:
            async with asyncio.timeout(self._remaining_seconds()):
                await self._unless_failed(self._sink.close(partitions))
        except TimeoutError:
            log.warning("not everything was finished in time; it will be read again")
        except Exception as error:  # noqa: BLE001 - the partitions go, whatever the sink says
            log.warning("closing partitions failed; they will be read again", error=str(error))
        if self._context.failure.done():
            return {}
        durable = self._sink.committable()
        return self._offsets.to_commit({where: durable[where] for where in partitions if where in durable})

    async def _forget(self, partitions: Collection[TopicPartition]) -> None:
        self._offsets.disown(partitions)
        self._observer.forget(partitions)
        await self._sink.drop(partitions)

    # ---- the end ----

    def _fail(self, error: BaseException) -> None:
        self.trace = "".join(traceback.format_exception(error))
        self._enter(State.FAILED)
        if isinstance(error, ConnectorError):
            log.error("task failed", error=str(error))
        else:
            log.error("task failed", error=str(error), trace=self.trace)

    async def _leave(self) -> None:
        """Leave the group, which closes partitions; whatever hangs is left behind, uncommitted."""
        try:
            async with asyncio.timeout(self._remaining_seconds() + LEAVE_SECONDS):
                if self._feed is not None:
                    await self._feed.stop()
                if self._consumer is not None:
                    await self._consumer.close(self._remaining_seconds() + GROUP_SECONDS)
                await self._sink.stop()
        except TimeoutError:
            log.warning("task did not end in time", seconds=LEAVE_SECONDS)
        await self._context.cancel_background()
        log.info("task ended", state=self.state.value)

    def _enter(self, state: State) -> None:
        self.state = state
        self._observer.state(state)

    # ---- waiting ----

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

    async def _retrying(self, operation: str, attempt: Callable[[], Awaitable[T]]) -> T:
        def on_retry(error: RetriableError) -> None:
            self._context.retried(operation, error)

        try:
            return await retrying(attempt, RETRY_BACKOFF, on_retry, self._stopping)
        except RetriableError as error:
            raise _StoppedError(str(error)) from error

    async def _finish(self, work: Awaitable[T]) -> T:
        """Wait for ``work``; a failure in the background ends it, and so does the deadline of a stop."""
        pending = asyncio.ensure_future(work)
        try:
            while not pending.done():
                watched: set[asyncio.Future[Any]] = {pending, self._context.failure}
                await asyncio.wait(
                    watched,
                    timeout=OBSERVE_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._raise_background_failure()
                self._observe_if_due()
                if self._deadline is not None and time.monotonic() > self._deadline:
                    raise _StoppedError("the graceful timeout passed")
            return await pending
        finally:
            pending.cancel()

    async def _unless_failed(self, work: Awaitable[T]) -> T:
        """Wait for ``work``, which a failure in the background ends: what it waits for may never come."""
        pending = asyncio.ensure_future(work)
        try:
            watched: set[asyncio.Future[Any]] = {pending, self._context.failure}
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            self._raise_background_failure()
            return await pending
        finally:
            pending.cancel()

    def _remaining_seconds(self) -> float:
        """Of the one budget that revocation and shutdown share."""
        if self._deadline is None:
            return self.spec.shutdown_seconds
        return max(0.0, self._deadline - time.monotonic())

    def _raise_background_failure(self) -> None:
        if self._context.failure.done():
            raise self._context.failure.result()

    def _observe_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._next_observation:
            self._next_observation = now + OBSERVE_SECONDS
            if self._feed is not None:
                self._observer.buffered_bytes.set(self._sink.buffered_bytes + self._feed.buffered_bytes)
                self._observer.progress(self._offsets, self.consumer.end_offset)


class _StoppedError(Exception):
    """The task was told to stop while it waited."""
