"""What a task lends to its sink: threads, supervised background work, counters."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from connector import logs, metrics, tracing
from connector.retry import Backoff, retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from concurrent.futures import Executor

    from connector.errors import RecordError, RetriableError
    from connector.record import TopicPartition
    from connector.runtime.errant import ErrantRecords

T = TypeVar("T")


class Assignments(Protocol):
    """What a two-phase sink may ask of the task that runs it."""

    def request_commit(self) -> None: ...
    async def restart_partition(self, partition: TopicPartition) -> None: ...
    async def rewind_partition(self, partition: TopicPartition, offset: int) -> None: ...


log = logs.get(__name__)

_RETRY_LOG_SECONDS = 1.0
_RETRY_BACKOFF = Backoff(base_seconds=0.5, cap_seconds=30.0)


class TaskContext:
    """The :class:`~connector.sinks.base.SinkContext` of one task."""

    def __init__(
        self,
        connector: str,
        task: int,
        executor: Executor,
        *,
        topics: Sequence[str] = (),
        errant: ErrantRecords | None = None,
    ) -> None:
        """Args: ``errant`` decides about records that fail after they were put; without, they are raised."""
        self._connector = connector
        self._task = task
        self._topics = topics
        self._executor = executor
        self._errant = errant
        self._retries_logged: dict[str, float] = {}
        self._loop = asyncio.get_running_loop()
        self._background: set[asyncio.Task[Any]] = set()
        self.failure: asyncio.Future[BaseException] = self._loop.create_future()
        """Done as soon as background work fails, with the error."""
        self.ends_for_good = False
        self.assignments: Assignments | None = None
        """The task's, once it runs."""
        labels = (connector, str(task))
        self._delivered_records = metrics.RECORDS_DELIVERED.labels(*labels)
        self._delivered_bytes = metrics.BYTES_DELIVERED.labels(*labels)

    @property
    def connector(self) -> str:
        return self._connector

    @property
    def task(self) -> int:
        return self._task

    @property
    def topics(self) -> Sequence[str]:
        return self._topics

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._supervise)
        return task

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return await self._loop.run_in_executor(self._executor, tracing.in_context(function), *args)

    def delivered(self, records: int, size_bytes: int) -> None:
        self._delivered_records.inc(records)
        self._delivered_bytes.inc(size_bytes)

    def retried(self, operation: str, error: RetriableError) -> None:
        metrics.RETRIES.labels(self._connector, str(self._task), operation).inc()
        now = time.monotonic()
        # A service that throttles refuses thousands of requests a second; they are all counted.
        if now - self._retries_logged.get(operation, float("-inf")) >= _RETRY_LOG_SECONDS:
            self._retries_logged[operation] = now
            log.warning("retrying", operation=operation, error=error)

    def passed_over(self, reason: str, records: int) -> None:
        metrics.RECORDS_PASSED_OVER.labels(self._connector, str(self._task), reason).inc(records)

    def request_commit(self) -> None:
        if self.assignments:
            self.assignments.request_commit()

    def restart(self, partition: TopicPartition) -> None:
        if self.assignments:
            self.spawn(self.assignments.restart_partition(partition))

    async def rewind(self, partition: TopicPartition, offset: int) -> None:
        if self.assignments:
            await self.assignments.rewind_partition(partition, offset)

    async def errant(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        if self._errant is None:
            raise next(iter(failed.values()))
        errant = self._errant
        await retrying(
            lambda: errant.report(partition, failed),
            _RETRY_BACKOFF,
            lambda error: self.retried("report", error),
        )

    async def cancel_background(self) -> None:
        """End what the sink left running."""
        left = list(self._background)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _supervise(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self.failure.done():
            self.failure.set_result(error)
