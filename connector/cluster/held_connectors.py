"""What a standalone worker does with the connectors it holds: it runs them, changes what runs, ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import logs
from connector.errors import ConfigError, with_pointer
from connector.runtime.state import TargetState
from connector.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from connector.cluster.held import HeldConnector
    from connector.cluster.restart_plan import RestartPlan
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint
    from connector.runtime.worker import RunningConnector
    from connector.settings import WorkerSettings

    Draw = Callable[[RawConfig, str], Coroutine[Any, Any, Blueprint]]

log = logs.get(__name__)


class HeldConnectors:
    """All connectors of this worker, by name, and the tasks of those that run.

    Changes of one connector are to come one after the other; whoever calls sees to that.

    Args:
        settings: The worker's.
        draw: Makes a blueprint of a config, with the connector's name for messages, or raises ConfigError.
    """

    def __init__(self, settings: WorkerSettings, draw: Draw) -> None:
        self._worker = Worker(settings, self._read_from)
        self._held: dict[str, HeldConnector] = {}
        self._draw = draw
        self._is_stopping = False

    async def stop(self) -> None:
        """Stop all tasks under the graceful timeout; nothing is started any more."""
        self._is_stopping = True
        await self._worker.stop()

    # ---- which there are ----

    def names(self) -> list[str]:
        return list(self._held)

    def all(self) -> list[HeldConnector]:
        return list(self._held.values())

    def get(self, name: str) -> HeldConnector | None:
        return self._held.get(name)

    def running(self) -> list[Blueprint]:
        """What those are made of that have tasks."""
        return [running.blueprint for running in self._worker.connectors.values()]

    # ---- what becomes of them ----

    def hold(self, held: HeldConnector) -> None:
        """Run it, if that is what it is asked for; a paused one has no tasks before it is resumed."""
        self._held[held.name] = held
        if held.target is TargetState.STARTED and held.blueprint is not None:
            held.running = self._worker.start_connector(held.blueprint)

    async def hold_stored(self, held: HeldConnector) -> None:
        """One that cannot be made any more is FAILED: the others run, and REST can mend it."""
        self._held[held.name] = held
        if held.target is TargetState.STARTED:
            await self._draw_and_run(held)

    async def release(self, held: HeldConnector) -> None:
        """Its tasks end for good."""
        del self._held[held.name]
        log.info("connector deleted", connector=held.name)
        await self._end(held)

    async def reconfigure(self, held: HeldConnector, blueprint: Blueprint) -> None:
        """Go on with another config."""
        held.config, held.blueprint, held.trace = blueprint.raw, blueprint, None
        log.info("connector changed", connector=held.name)
        if held.running or held.target is TargetState.STARTED:
            await self._run_anew(held, for_good=True)

    async def redraw(self, held: HeldConnector) -> None:
        """The blueprint comes first: if it cannot be drawn, the connector goes on as it is, FAILED or not."""
        if held.trace is not None and held.target is TargetState.STARTED:
            await self._draw_and_run(held)
            return
        held.blueprint = await self._draw(held.config, held.name)
        if held.running:
            await self._run_anew(held, for_good=True)

    async def set_target(self, held: HeldConnector, state: TargetState) -> None:
        """Pause, resume or stop it."""
        held.target = state
        log.info("connector target state", connector=held.name, state=state.value)
        if state is TargetState.STOPPED:
            await self._end(held)
        elif held.running and state is TargetState.PAUSED:
            held.running.pause()
        elif held.running:
            await self._resume(held, held.running)
        elif state is TargetState.STARTED:
            await self._draw_and_run(held)

    async def restart(self, name: str, plan: RestartPlan) -> None:
        """As planned, unless it is gone or stopped by now."""
        held = self._held.get(name)
        if held is None or held.target is TargetState.STOPPED:
            return
        if held.trace is not None and plan.connector:
            await self._draw_and_run(held)
        elif plan.tasks:
            await self.restart_tasks(held, plan.tasks)

    async def restart_tasks(self, held: HeldConnector, tasks: Sequence[int]) -> None:
        """With what references stand for now; if that is something else, all tasks have to follow."""
        former = held.blueprint
        try:
            held.blueprint = await self._draw(held.config, held.name)
        except ConfigError as error:
            log.warning("tasks restart with former values", connector=held.name, reason=str(error))
        if _reads_the_same(former, held.blueprint) and len(tasks) < len(held.tasks):
            held.blueprint = former
            await self._worker.restart_tasks(held.name, tasks)
        else:
            await self._run_anew(held, for_good=False)

    # ---- what that is made of ----

    async def _draw_and_run(self, held: HeldConnector) -> None:
        try:
            held.blueprint = await self._draw(held.config, held.name)
        except ConfigError as error:
            held.trace = with_pointer(error)
            log.error("connector failed", connector=held.name, error=error)  # noqa: TRY400 - no bug
            return
        held.trace = None
        if not self._is_stopping:
            held.running = self._worker.start_connector(
                held.blueprint, paused=held.target is TargetState.PAUSED
            )

    async def _resume(self, held: HeldConnector, running: RunningConnector) -> None:
        running.resume()
        wanted = range(running.blueprint.config.tasks_max)
        here = [task.spec.task for task in running.tasks]
        await running.stop_tasks([number for number in here if number not in wanted], for_good=True)
        if not self._is_stopping:
            self._worker.start_tasks(held.name, [number for number in wanted if number not in here])

    async def _run_anew(self, held: HeldConnector, *, for_good: bool) -> None:
        if held.blueprint is None:
            return
        is_paused = held.target is TargetState.PAUSED
        # As in Connect: a paused connector gets as many tasks as it wants when it is resumed.
        tasks = range(len(held.running.tasks)) if is_paused and held.running else None
        await self._worker.restart_connector(held.blueprint, tasks=tasks, for_good=for_good, paused=is_paused)
        held.running = self._worker.connectors.get(held.name)

    async def _end(self, held: HeldConnector) -> None:
        await self._worker.stop_connector(held.name, for_good=True)
        held.running = None

    def _read_from(self, connector: str, _task: int, topic: str) -> None:
        if held := self._held.get(connector):
            held.topics.add(topic)


def _reads_the_same(former: Blueprint | None, now: Blueprint | None) -> bool:
    """Whether references and the named connection are what they were."""
    if former is None or now is None:
        return False
    return (former.read, former.connections) == (now.read, now.connections)
