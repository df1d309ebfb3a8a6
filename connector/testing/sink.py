"""A sink that runs as in a task, without the task: started, with partitions, and stopped in the end."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from connector.runtime.context import TaskContext
from connector.sinks.base import Committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from connector.record import TopicPartition
    from connector.sinks.base import Sink

    S = TypeVar("S", bound="Sink")


class WillingKafka:
    """Accepts every commit at once; what the sink under test asks of its task."""

    def __init__(self, sink: Sink, partitions: Collection[TopicPartition], context: TaskContext) -> None:
        self.committed: dict[TopicPartition, int] = {}
        self._sink = sink
        self._partitions = partitions
        self._context = context
        self._lock = asyncio.Lock()

    def request_commit(self) -> None:
        self._context.spawn(self.commit())

    async def commit(self) -> bool:
        """Whether there was anything new to commit."""
        two_phase = self._sink.two_phase
        if two_phase is None:
            self.committed.update(self._sink.committable())
            return False
        async with self._lock:
            await two_phase.settle(self._partitions)
            prepared = await two_phase.prepare(self._partitions)
            self.committed |= {partition: found.offset for partition, found in prepared.items()}
            await two_phase.accepted(prepared)
        await two_phase.settle(self._partitions)
        return bool(prepared)

    async def restart_partition(self, partition: TopicPartition) -> None:
        raise NotImplementedError

    async def rewind_partition(self, partition: TopicPartition, offset: int) -> None:
        raise NotImplementedError


@asynccontextmanager
async def running(
    sink: S,
    partitions: Collection[TopicPartition],
    *,
    topics: Sequence[str] = (),
    context_class: type[TaskContext] = TaskContext,
    may_fail: bool = False,
) -> AsyncIterator[S]:
    """The sink with these partitions.

    What failed in the background is raised once it has stopped, unless it ``may_fail``: a test that has
    seen a put fail knows already.
    """
    with ThreadPoolExecutor(2) as executor:
        context = context_class("test", 0, executor, topics=topics)
        context.assignments = WillingKafka(sink, partitions, context)
        try:
            await sink.start(context)
            if two_phase := sink.two_phase:
                two_phase.resume({partition: Committed() for partition in partitions})
            else:
                sink.open(partitions)
            yield sink
        finally:
            await sink.stop()
            await context.cancel_background()
        if context.failure.done() and not may_fail:
            raise context.failure.result()


async def stored(sink: Sink, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """Have everything finished, stored and committed, as a stop does.

    Returns:
        What is committed of each partition.
    """
    kafka = sink.context.assignments  # type: ignore[attr-defined] # of a sink that running() gave
    await sink.close(partitions)
    while await kafka.commit():
        """A second commit tells what became visible by the first."""
    committed: dict[TopicPartition, int] = kafka.committed
    return committed
