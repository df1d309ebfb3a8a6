"""Objects of one partition that take no more, on their way to being visible."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connector import logs, metrics

if TYPE_CHECKING:
    from collections.abc import Coroutine, ItemsView, Iterator

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.open_object import OpenObject

log = logs.get(__name__)

MOST_FINISHING = 256
"""Objects that a partition completes at once; more of them wait, and what is read with them."""


class Finishing:
    """Each holds the durable offset back until it is visible; those of one key become so in their order."""

    def __init__(self, context: SinkContext) -> None:
        self._context = context
        self._tasks: dict[OpenObject, asyncio.Task[None]] = {}
        self._is_dropped = False
        self._objects_total = metrics.OBJECTS.labels(context.connector, str(context.task))

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[OpenObject]:
        return iter(self._tasks)

    def items(self) -> ItemsView[OpenObject, asyncio.Task[None]]:
        """With what completes them."""
        return self._tasks.items()

    @property
    def buffered_bytes(self) -> int:
        return sum(found.waiting_bytes + found.upload.in_flight_bytes for found in self._tasks)

    def begin(self, found: OpenObject, work: Coroutine[Any, Any, None]) -> None:
        """Complete it in the background, by what ends with :meth:`make_visible`.

        Of objects with one key the last must stay, so they are completed one after the other.
        """
        key = found.upload.key
        found.earlier = [task for other, task in self._tasks.items() if other.upload.key == key]
        self._tasks[found] = self._context.spawn(work)

    async def make_visible(self, found: OpenObject) -> None:
        if found.earlier:
            await asyncio.wait(found.earlier)
        await found.upload.finished()
        if self._tasks.pop(found, None) is None:
            return
        self._objects_total.inc()
        self._context.delivered(found.records, found.stored_bytes)
        log.info("object stored", key=found.upload.key, records=found.records, size_bytes=found.stored_bytes)

    async def wait_for_places(self) -> None:
        """Completing an object takes memory, too; a failure is the task's, which it ends."""
        while len(self._tasks) > MOST_FINISHING and not self._is_dropped:
            done, _ = await asyncio.wait(set(self._tasks.values()), return_when=asyncio.FIRST_COMPLETED)
            if any(task.cancelled() or task.exception() for task in done):
                return

    async def wait_for_all(self) -> None:
        if tasks := set(self._tasks.values()):
            # Unlike gather, wait leaves the uploads alone when this call is cancelled.
            done, _ = await asyncio.wait(tasks)
            for task in done:
                # Cancelled by a drop: the partition moved away, and nobody waits for it any more.
                if not task.cancelled():
                    task.result()

    def drop(self) -> None:
        """None of them becomes visible by this any more."""
        self._is_dropped = True
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
