"""Who may send a request next: what finishes objects comes before what begins more of them.

In the order of asking, a task that is behind would create hundreds of uploads before the first of them got
its part: nothing would become visible meanwhile, and a crash would leave all of them behind.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LATER = {"UploadPart": 1, "CreateMultipartUpload": 2}
"""All others are first: they finish something, or somebody waits for them before anything else."""


class Turns:
    """So many requests at once; when there are more, by rank, and within a rank in the order of asking."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def turn(self, operation: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it for as long as the block lasts."""
        await self._taken(_LATER.get(operation, 0))
        try:
            yield
        finally:
            self._pass_on()

    async def _taken(self, rank: int) -> None:
        if self._free:
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (rank, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, next_one = heappop(self._waiting)
            if not next_one.done():
                next_one.set_result(None)
                return
        self._free += 1
