"""The one place from which a task commits; on the consumer's thread, and only what is decided for now.

A sink of one phase says what is durable, and that is committed. A sink of two phases (``TwoPhase``) prepares
what to commit, and hears when Kafka has accepted it. A commit whose answer never came may still land after a
later one, so it ends the assignment: only another generation of the group keeps it out.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from connector import logs, tracing
from connector.errors import RetriableError
from connector.runtime.faults import UnansweredError
from connector.sinks.base import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from connector.record import TopicPartition
    from connector.runtime.consumer import TaskConsumer
    from connector.runtime.observer import TaskObserver
    from connector.runtime.offsets import Offsets
    from connector.sinks.base import Sink

log = logs.get(__name__)

_ANSWER_SECONDS = 60.0
"""Longer than most rebalances, during which commits are not answered: giving up costs another rebalance."""
_REFUSED_SECONDS = 0.5
"""A rebalance that refuses commits is mostly over by then."""


class Commits:
    """Commits of one task, one at a time."""

    def __init__(
        self,
        sink: Sink,
        offsets: Offsets,
        observer: TaskObserver,
        *,
        consumer: Callable[[], TaskConsumer],
        seconds: float,
        unanswered: Callable[[], Awaitable[None]],
    ) -> None:
        """Commit nothing yet.

        Args:
            sink: Says what to commit.
            offsets: Which partitions are owned, and since when.
            observer: Counts.
            consumer: The task's, which may be another one after a while.
            seconds: How long a commit may take, of a sink of one phase.
            unanswered: Ends the assignment, of all partitions.
        """
        self._sink = sink
        self._offsets = offsets
        self._observer = observer
        self._consumer = consumer
        self._seconds = max(seconds, _ANSWER_SECONDS) if sink.two_phase else seconds
        self._unanswered = unanswered
        self._wanted = asyncio.Event()
        self.lock = asyncio.Lock()
        """Held by whoever commits, or changes from where a partition is read."""

    def request(self) -> None:
        """Commit soon; only where :meth:`run` runs."""
        self._wanted.set()

    async def run(self) -> None:
        """Commit whenever it was asked for."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.commit()

    async def commit(self) -> None:
        """Commit what is new; a refusal is counted, not raised, since the next commit covers it."""
        async with self.lock:
            epochs = {where: self._offsets.epoch(where) for where in self._offsets}
            offsets = await self.to_commit(list(epochs))
            if not offsets:
                return
            started = time.perf_counter()
            try:
                with tracing.span("commit", {**self._observer.named, "partitions": len(offsets)}):
                    async with asyncio.timeout(self._seconds):
                        # During a rebalance the answer may come late: a stop does not wait for it.
                        taken = await self._consumer().commit(
                            offsets, lambda where: self._offsets.epoch(where) == epochs[where]
                        )
            except (RetriableError, TimeoutError) as error:
                self._observer.commit_failures.inc()
                log.warning("offset commit failed", error=error)
                await self._go_on_after(error)
            else:
                await self.accepted(taken)
            self._observer.commit_seconds.observe(time.perf_counter() - started)

    async def to_commit(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """What is new of these partitions."""
        if two_phase := self._sink.two_phase:
            return await two_phase.prepare(partitions)
        durable = self._sink.committable()
        owned = {where: durable[where] for where in partitions if where in durable}
        return {where: OffsetAndMetadata(offset) for where, offset in self._offsets.to_commit(owned).items()}

    async def accepted(self, taken: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Kafka has these offsets."""
        self._offsets.committed({where: found.offset for where, found in taken.items()})
        log.info("committed", offsets={str(where): found.offset for where, found in taken.items()})
        if two_phase := self._sink.two_phase:
            await two_phase.accepted(taken)

    async def _go_on_after(self, error: Exception) -> None:
        if self._sink.two_phase is None:
            return
        if isinstance(error, UnansweredError | TimeoutError):
            await self._unanswered()
            return
        await asyncio.sleep(_REFUSED_SECONDS)
        self.request()
