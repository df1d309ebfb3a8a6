"""Changes of connectors: those of one come one after the other, and one that has begun is done to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from connector import logs
from connector.cluster.request_error import RebalanceError, RequestError
from connector.concealment import conceal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
log = logs.get(__name__)


class Changes:
    """Those that are asked of this worker.

    Args:
        remedy: What to do, for those who ask for a change while the worker stops.
    """

    def __init__(self, remedy: str) -> None:
        self._remedy = remedy
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def make(self, name: str, change: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Have a connector changed once it is its turn; goes on when nobody waits for it any more.

        Raises:
            RebalanceError: The worker is stopping.
        """
        turn = self._turns.setdefault(name, asyncio.Lock())

        async def in_turn() -> T:
            async with turn:
                if self._is_closed:
                    raise RebalanceError(f"The worker is stopping: {self._remedy}")
                return await change()

        return await asyncio.shield(self.begin(in_turn()))

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run it even if nobody waits; what then fails is logged."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def close(self) -> None:
        """Refuse what has not had its turn."""
        self._is_closed = True

    async def ended(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, RequestError):
            log.warning("change of a connector failed", error=conceal(str(error)))
