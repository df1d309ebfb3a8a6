"""What this worker runs of one connector: follows a wish, one step after the other, until both agree.

Stopping takes its time, and wishes change meanwhile; so each connector has a loop of its own, which always
goes for the latest wish. What became of it is for others to look up: nothing here is told to anybody.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector import logs
from connector.concealment import conceal
from connector.config.target_state import TargetState
from connector.errors import ConfigError, ConnectorError
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping
    from typing import Any

    from connector.runtime.blueprint import Blueprint
    from connector.runtime.worker import Worker

    Draw = Callable[[Mapping[str, str]], Coroutine[Any, Any, Blueprint]]

log = logs.get(__name__)

_NO_CONFIG = -1


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to run here.

    Attributes:
        config: As submitted; None once the connector is deleted.
        revision: Of the config; another one begins anew.
        target: What the connector is to be.
        tasks: The numbers of the tasks that are this worker's.
    """

    config: Mapping[str, str] | None = field(default=None, repr=False)
    revision: int = _NO_CONFIG
    target: TargetState = TargetState.STARTED
    tasks: frozenset[int] = frozenset()


class Share:
    """This worker's tasks of one connector.

    Args:
        name: The connector's.
        worker: Runs tasks.
        draw: Makes a blueprint of a config, or raises ConfigError.
    """

    def __init__(self, name: str, worker: Worker, draw: Draw) -> None:
        self.name = name
        self.failure: str | None = None
        """Why its config makes no tasks; no secret is in it."""
        self.wish = Wish()
        self._worker = worker
        self._draw = draw
        self._revision = _NO_CONFIG
        self._to_restart: set[int] = set()
        self._must_redraw = False
        self._wake = asyncio.Event()
        self._loop = asyncio.create_task(self._run(), name=f"share-{name}")

    # ---- wishes ----

    def want(self, wish: Wish) -> None:
        if wish != self.wish:
            self.wish = wish
            self._wake.set()

    def restart(self, tasks: Collection[int]) -> None:
        """Start these anew, as far as they run here; whoever takes over what is open goes on with it."""
        self._to_restart.update(tasks)
        self._wake.set()

    def redraw(self) -> None:
        """Begin anew with what the config refers to as it is now; goes on as it is if that is at fault."""
        self._must_redraw = True
        self._wake.set()

    def retire(self) -> None:
        """Of one that is idle."""
        self._loop.cancel()

    async def stop(self) -> None:
        """Follow no more wishes; what runs, runs on."""
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)

    # ---- what became of them ----

    @property
    def blueprint(self) -> Blueprint | None:
        """What the tasks that run here are made of."""
        running = self._worker.connectors.get(self.name)
        return running.blueprint if running else None

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs, and nothing is to."""
        return not self.wish.tasks and self.name not in self._worker.connectors and not self._wake.is_set()

    def states(self) -> dict[int, tuple[State, str | None]]:
        """The state of each task that is this worker's, and why it failed."""
        running = self._worker.connectors.get(self.name)
        found: dict[int, tuple[State, str | None]] = {}
        for number in self.wish.tasks:
            found[number] = (State.UNASSIGNED, None) if self.failure is None else (State.FAILED, self.failure)
        if running is not None and self._revision == self.wish.revision:
            for task in running.tasks:
                # One that has ended is about to begin anew here, or to go; to Connect no task is STOPPED.
                if task.spec.task in found and task.state is not State.STOPPED:
                    found[task.spec.task] = (task.state, task.trace and conceal(task.trace))
        return found

    # ---- the loop ----

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._follow(self.wish)
            except Exception as error:  # the next wish is followed all the same
                log.exception("connector could not be followed", connector=self.name)
                self.failure = f"the worker failed to run it ({type(error).__name__})"

    async def _follow(self, wish: Wish) -> None:
        await self._stop_what_is_over(wish)
        if not wish.tasks or wish.config is None or wish.target is TargetState.STOPPED:
            self.failure = None
            self._to_restart.clear()
            self._must_redraw = False
            return
        if self._must_redraw:
            await self._begin_anew(wish)
        if self.name not in self._worker.connectors:
            await self._begin(wish)
        else:
            await self._adjust(wish)

    async def _stop_what_is_over(self, wish: Wish) -> None:
        """Another config, or none, ends what is open for good; tasks that moved go on elsewhere."""
        running = self._worker.connectors.get(self.name)
        if running is None:
            return
        is_over = wish.config is None or wish.target is TargetState.STOPPED
        if is_over or wish.revision != self._revision:
            await self._worker.stop_connector(self.name, for_good=True)
        elif not wish.tasks:
            await self._worker.stop_connector(self.name, for_good=False)
        else:
            moved = [task.spec.task for task in running.tasks if task.spec.task not in wish.tasks]
            await running.stop_tasks(moved)

    async def _begin(self, wish: Wish) -> None:
        assert wish.config is not None  # noqa: S101 - seen by the caller
        self._to_restart.clear()
        try:
            blueprint = await self._draw(wish.config)
        except ConnectorError as error:
            self.failure = conceal(_reason(error))
            log.error("connector failed", connector=self.name, reason=self.failure)  # noqa: TRY400 - no bug
            return
        if wish is self.wish:  # else the next round is for the newer one
            self.failure = None
            self._revision = wish.revision
            self._worker.start_connector(
                blueprint, tasks=sorted(wish.tasks), paused=wish.target is TargetState.PAUSED
            )

    async def _begin_anew(self, wish: Wish) -> None:
        """The blueprint comes first: if it cannot be drawn, the connector goes on as it is."""
        self._must_redraw = False
        if wish.config is None:
            return
        try:
            await self._draw(wish.config)
        except ConnectorError as error:
            log.warning("connector goes on as it is", connector=self.name, reason=conceal(_reason(error)))
            return
        await self._worker.stop_connector(self.name, for_good=True)

    async def _adjust(self, wish: Wish) -> None:
        running = self._worker.connectors[self.name]
        if (wish.target is TargetState.PAUSED) != running.is_paused:
            (running.pause if wish.target is TargetState.PAUSED else running.resume)()
        here = {task.spec.task for task in running.tasks}
        self._worker.start_tasks(self.name, sorted(wish.tasks - here))
        again, self._to_restart = self._to_restart & here, set()
        if again:
            await self._worker.restart_tasks(self.name, sorted(again))


def _reason(error: ConnectorError) -> str:
    if isinstance(error, ConfigError):
        return "; ".join(map(str, error.problems))
    return str(error)
