"""The one thread of a consumer, beside the event loop: each may wait for the other.

The loop never waits in vain: what it asks for is done in the order in which it was asked. The thread waits
in the middle of that, while a rebalance is served.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class ConsumerThread:
    """Made on the event loop, whose log context it takes along."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        # Rebalance callbacks come from this thread, which knows nothing of the task's log context.
        self._context = contextvars.copy_context()
        self._executor = ThreadPoolExecutor(1, name)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run it on the thread, after what was asked for before; called on the event loop."""
        # Shielded: if the caller is cancelled, the thread still finishes what it began, in order.
        running = self._loop.run_in_executor(self._executor, function, *args)
        # Nobody may be left to hear of a failure, which asyncio would tell as an error of the program.
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(running)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it on the event loop; called on the thread."""
        return self._context.run(asyncio.run_coroutine_threadsafe, work, self._loop).result()

    def end(self) -> None:
        """When it has done what was asked for."""
        self._executor.shutdown(wait=False)
