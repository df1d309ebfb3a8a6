"""Reads ahead of a task, within bounds, and polls on while the task is busy.

Polling never stops for long: the broker takes a member that does not poll for dead. So when what was read
ahead is not taken, the partitions pause, and polls go on that bring nothing but rebalances.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.record import RecordBatch, TopicPartition
    from connector.runtime.consumer import TaskConsumer
    from connector.runtime.observer import TaskObserver

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 1.0
"""How long the task may leave the read-ahead untouched before its partitions pause."""
_MOST_POLLS = 2
_MOST_BYTES = 8 * 1024 * 1024


class Polled(NamedTuple):
    """A batch and the assignment under which it was read."""

    batch: RecordBatch
    epoch: int | None


class Feed:
    """The polls of one task, in order; each is taken once, or records would be skipped."""

    def __init__(
        self,
        consumer: TaskConsumer,
        epoch_of: Callable[[TopicPartition], int | None],
        observer: TaskObserver,
    ) -> None:
        self._consumer = consumer
        self._epoch_of = epoch_of
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

    async def stop(self) -> None:
        """Read no more; what was read and not taken is forgotten, and not committed either."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        self._polls.clear()

    async def _read(self) -> None:
        while True:
            if self._is_full() and not await self._room_in_time():
                await self._consumer.pause()
                self._observer.paused.set(1)
            elif not self._is_full():
                await self._consumer.resume()
                self._observer.paused.set(0)
            await self._poll()

    async def _poll(self) -> None:
        batches = await self._consumer.poll(POLL_SECONDS)
        if not batches:
            return
        self._observer.records_read.inc(sum(map(len, batches)))
        # Rebalances happen within polls, and the next has not begun: these are the epochs of the batches.
        self._polls.append([Polled(batch, self._epoch_of(batch.topic_partition)) for batch in batches])
        self._filled.set()

    def _is_full(self) -> bool:
        return len(self._polls) >= _MOST_POLLS or self.buffered_bytes >= _MOST_BYTES

    async def _room_in_time(self) -> bool:
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), PATIENCE_SECONDS)
        except TimeoutError:
            return False
        return True
