"""A run: worker processes, Kafka, S3 and clocks, one step after the other as a schedule has it.

Between two steps everything happens that can happen without the outside. What is under way then (requests,
timers, records to poll) are the steps to choose from: the first is what a quiet world does next, the others
are faults. After every request that lands the promise is looked at; in the end a last worker drains.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import structlog

from connector.error_codes import CODE
from connector.runtime.state import State as TaskState
from connector.sinks.s3.ledger.encoding import Reference, decode
from connector.testing.simulation.choice import Option
from connector.testing.simulation.clock import substituted
from connector.testing.simulation.network import Network
from connector.testing.simulation.outside import Outside
from connector.testing.simulation.processes import Processes
from connector.testing.simulation.promise import Promise, ViolationError
from connector.testing.simulation.stage import Stage
from connector.testing.simulation.worker import start_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.runtime.task import Task
    from connector.testing.simulation.choice import Chooser, Outcome
    from connector.testing.simulation.setup import Setup
    from connector.testing.simulation.worker import Process

_MOST_STEPS = 4000


class World:
    """Everything of one run."""

    def __init__(self, setup: Setup, chooser: Chooser, *, traces: bool = True) -> None:
        stage = self._stage = Stage(setup, chooser, traces=traces)
        self._is_quiet = False
        self._logged: list[Any] = []
        self._promise = Promise(stage)
        self._network = Network(stage.kafka, stage.s3, stage.note)
        self._processes = Processes(
            stage.clock, stage.kafka, self._network, begin=self._begin, note=stage.note
        )
        self._outside = Outside(stage, self._processes, self._promise)
        self._actions: Mapping[str, Callable[[Any], None]] = {
            "time": self._let_time_pass,
            **self._network.actions,
            **self._processes.actions,
            **self._outside.actions,
        }

    def run(self) -> Outcome:
        with ExitStack() as stack:
            stack.enter_context(substituted(self._stage.clock))
            self._logged = stack.enter_context(structlog.testing.capture_logs())
            try:
                self._play()
                self._drain()
                self._verify()
            except _StoppedError as stop:
                self._stage.outcome.verdict = "stopped"
                self._stage.note(f"stopped: {stop}")
                if not self._stage.happened:
                    self._stage.outcome.violation = f"stopped without cause: {stop}"
            except ViolationError as violation:
                self._stage.outcome.violation = str(violation)
            except AssertionError as error:
                self._stage.outcome.violation = f"assertion: {error}"
            finally:
                self._processes.bury()
        return self._stage.outcome

    def _begin(self, process: Process) -> None:
        def ask(operation: str, content: Any) -> Any:
            return self._network.ask(process, operation, content)

        start_task(
            process,
            self._stage.setup,
            options=self._outside.config,
            kafka=self._stage.kafka,
            ask=ask,
            now=self._stage.clock.wall,
        )

    # ---- the run ----

    def _play(self) -> None:
        """The schedule, until its time is over."""
        for _ in range(self._stage.setup.workers):
            self._processes.start()
        end = self._stage.clock.now + self._stage.setup.seconds
        while self._stage.clock.now < end:
            if not self._processes.any_serves:
                self._processes.start()
            self._step(end)

    def _drain(self) -> None:
        """Who is frozen wakes up, what is under way may land, and a last worker finishes everything."""
        self._is_quiet = True
        self._land_late()
        for process in self._processes:
            if process.is_alive and process.is_frozen:
                self._apply(Option("thaw", process))
        if not self._processes.any_serves:
            self._processes.start()
        self._pass(1.5)
        for process in self._processes:
            if process.runs and not process.is_stopping:
                self._apply(Option("stop", process))
        self._pass(60, until=lambda: not any(process.runs for process in self._processes))
        self._land_late()
        for attempt in range(self._stage.setup.last_workers):
            self._finish_everything()
            if not self._promise.missing():
                self._stage.outcome.figures[f"drained by last worker {attempt + 1}"] += 1
                return

    def _land_late(self) -> None:
        for request in [each for each in self._network.late if self._stage.chooser.lands()]:
            self._apply(Option("late", request))

    def _finish_everything(self) -> None:
        """By a worker that is told that nobody comes after it."""
        last = self._processes.start()
        self._pass(60, until=lambda: self._has_read(last))
        if self._stage.happened or self._stage.chooser.lands():
            # Time to find what is wrong; else it is told in the middle of taking over.
            self._pass(3)
        last.is_stopping = True
        self._stage.note(f"{last.name} is told to stop for good")
        if last.task:
            last.task.stop(for_good=True)
        self._pass(120, until=lambda: not last.runs)
        if last.is_alive:
            raise ViolationError("the last worker never ends")

    def _has_read(self, process: Process) -> bool:
        consumers = process.consumers
        if not consumers or not process.task:
            return False
        positions = consumers[-1].positions
        offsets = process.task._offsets
        return all(
            where in positions and (offsets.position(where) or 0) >= self._stage.kafka.end(where)
            for where in self._stage.setup.partitions
        )

    def _verify(self) -> None:
        self._promise.verify()
        known = set()
        for where, found in self._stage.kafka.committed.items():
            state = decode(found.metadata, where) if found.metadata else None
            if state is not None and not isinstance(state, Reference):
                known |= {each.upload_id for each in state.uploads}
        self._stage.outcome.orphans = len([each for each in self._stage.s3.uploads if each not in known])
        self._stage.outcome.figures["orphans"] += self._stage.outcome.orphans
        self._stage.outcome.figures["left in the state"] += len(known)

    # ---- a step ----

    def _pass(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = self._stage.clock.now + seconds
        while self._stage.clock.now < end and not until():
            self._step(end)

    def _step(self, end: float) -> None:
        self._settle()
        self._stage.outcome.steps += 1
        if self._stage.outcome.steps > _MOST_STEPS:
            raise ViolationError("never drained: too many steps")
        options = self._options(end)
        option = options[0] if self._is_quiet else self._stage.chooser.pick(options)
        self._apply(option)

    def _settle(self) -> None:
        for process in self._processes:
            if process.runs:
                process.loop.run_until_idle()
        for line in self._logged:
            if line["log_level"] in {"warning", "error"} or self._stage.setup.logs:
                self._stage.note(
                    "        log: " + " ".join(f"{name}={value}" for name, value in line.items())
                )
        self._logged.clear()
        for process in self._processes:
            self._look_at_process(process)

    def _look_at_process(self, process: Process) -> None:
        if not process.is_alive:
            return
        for fault in process.loop.faults:
            raise ViolationError(f"nobody heard of {fault.get('exception') or fault.get('message')}")
        if not process.has_ended:
            return
        self._processes.ended(process)
        task, run = process.task, process.run
        if task is None or run is None:
            return
        if run.exception():
            raise ViolationError(f"a task raised {run.exception()!r}")
        self._stage.note(f"{process.name} ended: {task.state.value}")
        if task.state is TaskState.FAILED:
            self._look_at_failure(process.name, task)

    def _look_at_failure(self, name: str, task: Task) -> None:
        """Only errors that are raised on purpose end a run; all others are the program's."""
        told = (task.trace or "").strip()
        # What is below it leads people to the runbook.
        last = next((line for line in reversed(told.splitlines()) if not line.startswith(CODE)), "")
        self._stage.note(f"{name} failed: {told[-1500:]}")
        if not last.startswith("connector.errors."):
            raise ViolationError(f"a task failed by an error of the program: {last} {task.failure or ''}")
        raise _StoppedError(last)

    def _options(self, end: float) -> list[Option]:
        ready = self._network.ready
        found = [Option("run", each) for each in ready]
        if not found:
            found.append(Option("time", end))
        if self._is_quiet:
            return found
        if ready:
            found.append(Option("time", end))
        # Schedules go by the number of an option, so their order stays as it is.
        return [
            *found,
            *self._network.faults(),
            *self._processes.options(),
            *self._network.landings(),
            *self._processes.changes(),
            *self._outside.options(),
        ]

    def _apply(self, option: Option) -> None:
        kind, target = option
        if kind not in {"run", "time"}:
            self._stage.outcome.figures[kind] += 1
            self._stage.note(f"** {option}")
        self._actions[kind](target)

    def _let_time_pass(self, end: float) -> None:
        timers = [process.loop.next_timer for process in self._processes if process.runs]
        self._stage.clock.now = max(
            self._stage.clock.now, min([end, *(timer for timer in timers if timer is not None)])
        )


class _StoppedError(Exception):
    """A task has failed, and says why."""
