"""A sink that runs as in a task, without the task: started, with partitions, and stopped in the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from connector.runtime.context import TaskContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from connector.record import TopicPartition
    from connector.sinks.base import Sink

    S = TypeVar("S", bound=Sink)


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
        try:
            await sink.start(context)
            sink.open(partitions)
            yield sink
        finally:
            await sink.stop()
            await context.cancel_background()
        if context.failure.done() and not may_fail:
            raise context.failure.result()
