"""Runs connectors in this process: turns blueprints into tasks, watches over them, stops them together."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.config.override import connecting
from connector.java_regex import compile_java
from connector.runtime.context import TaskContext
from connector.runtime.dead_letters import DeadLetterQueue
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.state import State
from connector.runtime.task import Task, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.runtime.blueprint import Blueprint
    from connector.settings import WorkerSettings

log = logs.get(__name__)

_MORE_THREADS = 2


class RunningConnector:
    """A connector and those of its tasks that run in this worker."""

    def __init__(self, blueprint: Blueprint, tasks: Sequence[Task], *, paused: bool = False) -> None:
        self.blueprint = blueprint
        self.is_paused = paused
        self._tasks: dict[int, Task] = {}
        self._runs: dict[int, asyncio.Task[None]] = {}
        for task in tasks:
            self.start_task(task)

    @property
    def tasks(self) -> list[Task]:
        return [self._tasks[number] for number in sorted(self._tasks)]

    @property
    def state(self) -> State:
        """The connector's own state; that of its tasks is theirs (Connect keeps them apart, too)."""
        return State.PAUSED if self.is_paused else State.RUNNING

    def start_task(self, task: Task) -> None:
        """Run a task whose number none runs under."""
        number = task.spec.task
        if self.is_paused:
            task.pause()
        self._tasks[number] = task
        self._runs[number] = asyncio.create_task(task.run(), name=f"{self.blueprint.name}-{number}")

    def pause(self) -> None:
        self.is_paused = True
        for task in self._tasks.values():
            task.pause()

    def resume(self) -> None:
        self.is_paused = False
        for task in self._tasks.values():
            task.resume()

    async def stop(self, *, for_good: bool = False) -> None:
        """Stop all tasks under the graceful timeout, which they share.

        Args:
            for_good: Nobody goes on with what is open; it is to be finished.
        """
        await self.stop_tasks(list(self._tasks), for_good=for_good)

    async def stop_tasks(self, numbers: Sequence[int], *, for_good: bool = False) -> None:
        """As :meth:`stop`, of some tasks; those that do not run here are passed over."""
        numbers = [number for number in numbers if number in self._tasks]
        for number in numbers:
            self._tasks[number].stop(for_good=for_good)
        # Whoever waits may be cancelled, since the worker stops; the tasks end in their own time.
        await asyncio.shield(asyncio.gather(*(self._runs[number] for number in numbers)))
        for number in numbers:
            # Somebody else may have waited for the same end, and have started another since.
            if number in self._runs and self._runs[number].done():
                del self._tasks[number], self._runs[number]
                metrics.forget_task(self.blueprint.name, number)


class Worker:
    """The connectors of this process; one event loop, one pool of threads for CPU work."""

    def __init__(
        self, settings: WorkerSettings, read_from: Callable[[str, int, str], None] = lambda *_: None
    ) -> None:
        """Nothing runs yet.

        Args:
            settings: The worker's.
            read_from: Hears connector, task and topic of every batch that is read.
        """
        self._settings = settings
        self._read_from = read_from
        self._executor = ThreadPoolExecutor((os.cpu_count() or 1) + _MORE_THREADS, "cpu")
        self.connectors: dict[str, RunningConnector] = {}
        self._is_stopping = False

    def start_connector(
        self, blueprint: Blueprint, *, tasks: Sequence[int] | None = None, paused: bool = False
    ) -> RunningConnector:
        """Run a connector of which nothing runs here.

        Args:
            blueprint: What its tasks are made of.
            tasks: The numbers of those that run here; all if None.
            paused: They deliver nothing until they are resumed.
        """
        for option, meant in blueprint.unknown.items():
            log.warning("option is not read by anything", option=option, did_you_mean=meant)
        for note in blueprint.notes:
            log.info("please note", connector=blueprint.name, note=note)
        numbers = range(blueprint.config.tasks_max) if tasks is None else tasks
        made = [self._new_task(blueprint, number) for number in numbers]
        connector = self.connectors[blueprint.name] = RunningConnector(blueprint, made, paused=paused)
        return connector

    def start_tasks(self, name: str, numbers: Sequence[int]) -> None:
        """Run further tasks of a connector that runs here, or some that were stopped."""
        connector = self.connectors[name]
        for number in numbers:
            connector.start_task(self._new_task(connector.blueprint, number))

    async def restart_tasks(self, name: str, numbers: Sequence[int]) -> None:
        """Stop tasks gracefully and start them anew; what is open goes on with whoever comes next."""
        connector = self.connectors[name]
        await connector.stop_tasks(numbers)
        if not self._is_stopping and self.connectors.get(name) is connector:
            running = {task.spec.task for task in connector.tasks}
            self.start_tasks(name, [number for number in numbers if number not in running])

    async def restart_connector(
        self,
        blueprint: Blueprint,
        *,
        tasks: Sequence[int] | None = None,
        for_good: bool = True,
        paused: bool = False,
    ) -> None:
        """Stop the connector gracefully, which commits what is stored, and start it from the blueprint."""
        await self.stop_connector(blueprint.name, for_good=for_good)
        if not self._is_stopping:
            self.start_connector(blueprint, tasks=tasks, paused=paused)

    async def stop_connector(self, name: str, *, for_good: bool) -> None:
        """Stop all of its tasks that run here, and forget it; one that does not run is passed over."""
        connector = self.connectors.get(name)
        if connector is not None:
            await connector.stop(for_good=for_good)
            self.connectors.pop(name, None)

    async def stop(self) -> None:
        self._is_stopping = True
        await asyncio.gather(*(connector.stop() for connector in self.connectors.values()))
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _new_task(self, blueprint: Blueprint, number: int) -> Task:
        config = blueprint.config
        spec = self._spec(blueprint, number)
        producer = connecting(self._settings.producer_config(), blueprint.producer_config)
        dead_letters = (
            DeadLetterQueue(config, number, {**spec.consumer_config, "producer": producer})
            if config.dead_letter_topic
            else None
        )
        errant = ErrantRecords(config, number, dead_letters)
        converters = blueprint.converters
        pipeline = Pipeline(
            converters["key"](), converters["value"](), converters["header"](), blueprint.make_steps()
        )
        return Task(
            spec,
            blueprint.make_sink(),
            pipeline=pipeline,
            errant=errant,
            context=TaskContext(config.name, number, self._executor, topics=blueprint.topics, errant=errant),
            observer=TaskObserver(config.name, number),
            read_from=partial(self._read_from, config.name, number),
        )

    def _spec(self, blueprint: Blueprint, number: int) -> TaskSpec:
        config, settings = blueprint.config, self._settings
        consumer: dict[str, Any] = {
            "client.id": f"connector-consumer-{config.name}-{number}",
            **connecting(settings.consumer_config(), blueprint.consumer_config),
            "group.id": config.group_id,
        }
        retries = config.errors_retry_timeout_ms
        return TaskSpec(
            connector=config.name,
            task=number,
            topics=config.topics or compile_java(config.topics_regex),
            consumer_config=consumer,
            batch_records=settings.poll_records,
            memory_budget_bytes=config.memory_budget_bytes,
            flush_interval_seconds=settings.offset_flush_interval_ms / 1000,
            commit_seconds=settings.offset_flush_timeout_ms / 1000,
            shutdown_seconds=settings.task_shutdown_graceful_timeout_ms / 1000,
            convert_seconds=None if retries < 0 else retries / 1000,
            convert_delay_seconds=config.errors_retry_delay_ms / 1000,
        )
