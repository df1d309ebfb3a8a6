"""The event loop of a simulated process: it runs when told to, by a clock that others move.

Threads are no threads here: what is given to an executor runs at once, and its result comes one turn later.
"""

from __future__ import annotations

import asyncio
from asyncio import events
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

T = TypeVar("T")

_MOST_TURNS = 10_000
_MOST_CLOSINGS = 20


class _Nothing:
    """A selector of no sockets."""

    def select(self, timeout: float | None) -> list[Any]:
        return []


class _Task(asyncio.Task[Any]):
    """Its place in sets is the same in every run; that of others goes by their address."""

    _numbers = count(1)

    def __init__(self, *args: Any, **options: Any) -> None:
        self._number = next(_Task._numbers)
        super().__init__(*args, **options)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class ProcessLoop(asyncio.BaseEventLoop):
    """One process's loop.

    Attributes:
        faults: What tasks raised and nobody heard.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._selector = _Nothing()
        self._now = clock
        self._clock_resolution = 1e-9
        self.faults: list[dict[str, Any]] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._new_task)
        self.set_exception_handler(lambda _, context: self.faults.append(context))

    def time(self) -> float:
        return self._now()

    def _process_events(self, event_list: Any) -> None: ...

    def _write_to_self(self) -> None: ...

    def _new_task(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task = _Task(coro, loop=loop, **options)
        self.tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            answer = func(*args)
        except Exception as error:  # noqa: BLE001 - it is whose work this was
            self.call_soon(_unless_done, future, None, error)
        else:
            self.call_soon(_unless_done, future, answer, None)
        return future

    @property
    def next_timer(self) -> float | None:
        """When it wants to run again though nothing comes."""
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return min((each.when() for each in timers if not each.cancelled()), default=None)

    @property
    def is_idle(self) -> bool:
        if self._ready:  # type: ignore[attr-defined]
            return False
        due = self.next_timer
        return due is None or due > self.time()

    def run_until_idle(self) -> None:
        """All that can be done without anything from outside, now."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            for _ in range(_MOST_TURNS):
                if self.is_idle:
                    return
                self._run_once()  # type: ignore[attr-defined]
            raise AssertionError("A process runs in circles, without waiting for anything")
        finally:
            events._set_running_loop(before)

    def started(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            return self.create_task(work)
        finally:
            events._set_running_loop(before)

    def bury(self) -> None:
        """End its coroutines, which would complain otherwise; it is dead, and nothing they do has effects."""
        for task in self.tasks:
            if task.done():
                continue
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine = task.get_coro()
            for _ in range(_MOST_CLOSINGS):
                try:
                    coroutine.close()
                except BaseException:  # noqa: BLE001, S112 - it awaits in a finally; once more
                    continue
                break
        self._ready.clear()  # type: ignore[attr-defined]
        self._scheduled.clear()  # type: ignore[attr-defined]
        self.tasks.clear()
        self.close()


def _unless_done(future: asyncio.Future[T], answer: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(answer)
