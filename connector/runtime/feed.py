"""Reads ahead of a task, within bounds, and polls on while the task is busy.

Polling never stops for long: the broker takes a member that does not poll for dead. So when what was read
ahead is not taken, the partitions pause, and polls go on that bring nothing but rebalances.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.runtime.consumer import Polled, TaskConsumer
    from connector.runtime.observer import TaskObserver

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 1.0
"""How long the task may leave the read-ahead untouched before its partitions pause."""
_MOST_POLLS = 2
_UNDER_WAY = 2
_MOST_BYTES = 8 * 1024 * 1024


class Feed:
    """The polls of one task, in order; each is taken once, or records would be skipped."""

    def __init__(self, consumer: TaskConsumer, observer: TaskObserver) -> None:
        self._consumer = consumer
        self._observer = observer
        self._polls: deque[list[Polled]] = deque()
        self._room = asyncio.Event()
        self._filled = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @property
    def buffered_bytes(self) -> int:
        return sum(batch.size_bytes for poll in self._polls for batch, _ in poll)

    async def next(self) -> list[Polled]:
        """The next batches, of different partitions; none if nothing arrived for a moment.

        Raises:
            AccessError: Kafka refuses to be read.
        """
        if not self._polls:
            self._filled.clear()
            await asyncio.wait(
                {self._reader, waiting := asyncio.ensure_future(self._filled.wait())},
                timeout=POLL_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            waiting.cancel()
            if self._reader.done():
                self._reader.result()
        if not self._polls:
            return []
        self._room.set()
        return self._polls.popleft()

    def raise_failure(self) -> None:
        """Raises as :meth:`next`, for a task that takes nothing at the moment."""
        if self._reader.done():
            self._reader.result()

    async def stop(self) -> None:
        """Read no more; what was read and not taken is forgotten, and not committed either."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        self._polls.clear()

    async def _read(self) -> None:
        """Keep polls under way while there is room, so that the consumer's thread never waits for one."""
        under_way: deque[asyncio.Future[list[Polled]]] = deque()
        while True:
            if not self._is_full():
                await self._resume()
                while len(under_way) < _UNDER_WAY:
                    under_way.append(self._poll())
            elif not under_way and not await self._room_in_time():
                await self._pause()
                under_way.append(self._poll())
            if under_way:
                self._keep(await under_way.popleft())

    def _poll(self) -> asyncio.Future[list[Polled]]:
        return asyncio.ensure_future(self._consumer.poll(POLL_SECONDS))

    def _keep(self, polled: list[Polled]) -> None:
        if polled:
            self._observer.records_read.inc(sum(len(batch) for batch, _ in polled))
            self._polls.append(polled)
            self._filled.set()

    async def _pause(self) -> None:
        await self._consumer.pause()
        self._observer.paused.set(1)

    async def _resume(self) -> None:
        await self._consumer.resume()
        self._observer.paused.set(0)

    def _is_full(self) -> bool:
        return len(self._polls) >= _MOST_POLLS or self.buffered_bytes >= _MOST_BYTES

    async def _room_in_time(self) -> bool:
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), PATIENCE_SECONDS)
        except TimeoutError:
            return False
        return True
