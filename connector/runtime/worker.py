"""Runs connectors in this process: turns blueprints into tasks, watches over them, stops them together."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.runtime.context import TaskContext
from connector.runtime.dead_letters import DeadLetterQueue
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.state import State
from connector.runtime.task import Task, TaskSpec

if TYPE_CHECKING:
    from connector.runtime.blueprint import Blueprint
    from connector.settings import WorkerSettings

log = logs.get(__name__)

_MORE_THREADS = 2


class RunningConnector:
    """A connector and its tasks in this worker."""

    def __init__(self, blueprint: Blueprint, tasks: list[Task]) -> None:
        self.blueprint = blueprint
        self.tasks = tasks
        self._runs = [
            asyncio.create_task(task.run(), name=f"{blueprint.name}-{task.spec.task}") for task in tasks
        ]

    @property
    def state(self) -> State:
        """The connector's own state; that of its tasks is theirs (Connect keeps them apart, too)."""
        return State.RUNNING

    async def stop(self, *, for_good: bool = False) -> None:
        """Stop all tasks under the graceful timeout, which they share.

        Args:
            for_good: Nobody goes on with what is open; it is to be finished.
        """
        for task in self.tasks:
            task.stop(for_good=for_good)
        await asyncio.gather(*self._runs)
        for task in self.tasks:
            metrics.forget_task(self.blueprint.name, task.spec.task)


class Worker:
    """The connectors of this process; one event loop, one pool of threads for CPU work."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._executor = ThreadPoolExecutor((os.cpu_count() or 1) + _MORE_THREADS, "cpu")
        self.connectors: dict[str, RunningConnector] = {}
        self._is_stopping = False

    def start_connector(self, blueprint: Blueprint) -> RunningConnector:
        for option, meant in blueprint.unknown.items():
            log.warning("option is not read by anything", option=option, did_you_mean=meant)
        for note in blueprint.notes:
            log.info("please note", connector=blueprint.name, note=note)
        tasks = [self._new_task(blueprint, number) for number in range(blueprint.config.tasks_max)]
        connector = self.connectors[blueprint.name] = RunningConnector(blueprint, tasks)
        return connector

    async def restart_connector(self, blueprint: Blueprint) -> None:
        """Stop the connector gracefully, which commits what is stored, and start it from the blueprint."""
        await self.connectors[blueprint.name].stop(for_good=True)
        if not self._is_stopping:
            self.start_connector(blueprint)

    async def stop(self) -> None:
        self._is_stopping = True
        await asyncio.gather(*(connector.stop() for connector in self.connectors.values()))
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _new_task(self, blueprint: Blueprint, number: int) -> Task:
        config = blueprint.config
        spec = self._spec(blueprint, number)
        producer = {**self._settings.producer_config(), **blueprint.producer_config}
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
        )

    def _spec(self, blueprint: Blueprint, number: int) -> TaskSpec:
        config, settings = blueprint.config, self._settings
        consumer: dict[str, Any] = {
            "client.id": f"connector-consumer-{config.name}-{number}",
            **settings.consumer_config(),
            **blueprint.consumer_config,
            "group.id": config.group_id,
        }
        # librdkafka reads a name that starts with ^ as a POSIX expression; Connect matches whole names.
        topics = config.topics or [f"^({config.topics_regex})$"]
        retries = config.errors_retry_timeout_ms
        return TaskSpec(
            connector=config.name,
            task=number,
            topics=topics,
            consumer_config=consumer,
            batch_records=settings.poll_records,
            memory_budget_bytes=config.memory_budget_bytes,
            flush_interval_seconds=settings.offset_flush_interval_ms / 1000,
            commit_seconds=settings.offset_flush_timeout_ms / 1000,
            shutdown_seconds=settings.task_shutdown_graceful_timeout_ms / 1000,
            convert_seconds=None if retries < 0 else retries / 1000,
            convert_delay_seconds=config.errors_retry_delay_ms / 1000,
        )
