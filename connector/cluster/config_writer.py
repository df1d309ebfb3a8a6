"""Writes what is asked of connectors to the config topic, where every worker of the cluster reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from connector.cluster.config_records import (
    connector_entry,
    connector_key,
    logger_entry,
    no_tasks_entry,
    restart_entry,
    target_state_entry,
    task_restart_entry,
)
from connector.cluster.contest import write_contested
from connector.cluster.log import LogError
from connector.cluster.request_error import FailedError
from connector.config.target_state import TargetState

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from connector.cluster.config_state import ConfigState
    from connector.cluster.log import TopicLog
    from connector.cluster.records import Entry
    from connector.config.schema import RawConfig

T = TypeVar("T")


class ConfigWriter:
    """Each method returns once this worker has read back what it wrote, and raises FailedError otherwise.

    Args:
        log: The config topic.
        state: What it says.
    """

    def __init__(self, log: TopicLog, state: ConfigState) -> None:
        self._log = log
        self._state = state

    async def catch_up(self) -> None:
        """What any worker has acknowledged before this request is known before it is judged."""
        await acknowledged(self._log.read_to_end())

    async def store(self, name: str, raw: RawConfig, target: TargetState) -> bool:
        """Whether it counts; False if another worker was faster."""
        before = self._without_jvm_tasks(name)
        if self._state.target(name) is not target:
            before.append(target_state_entry(name, target))
        entry = connector_entry(name, raw, self._state.base_of(connector_key(name)))
        return await acknowledged(write_contested(self._log, self._state, entry, before))

    async def delete(self, name: str) -> None:
        await self._write([connector_entry(name, None), target_state_entry(name, None)])

    async def set_target(self, name: str, state: TargetState) -> None:
        # In Connect's order: a JVM worker that reads on sees no stopped connector with tasks.
        before = self._without_jvm_tasks(name) if state is TargetState.STOPPED else []
        await self._write([*before, target_state_entry(name, state)])

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> None:
        await self._write([restart_entry(name, include_tasks=include_tasks, only_failed=only_failed)])

    async def restart_task(self, name: str, task: int) -> None:
        await self._write([task_restart_entry(name, task)])

    async def set_level(self, logger: str, level: str) -> None:
        await self._write([logger_entry(logger, level)])

    async def _write(self, entries: Sequence[Entry]) -> None:
        await acknowledged(self._log.write(entries))

    def _without_jvm_tasks(self, name: str) -> list[Entry]:
        """JVM workers that come back would start tasks with the configs that are there for them."""
        return [no_tasks_entry(name)] if self._state.jvm_tasks.get(name) else []


async def acknowledged(work: Coroutine[Any, Any, T]) -> T:
    """What a topic has taken or told; for clients of the REST API, an error names what failed."""
    try:
        return await work
    except LogError as error:
        raise FailedError(str(error), code=error.code) from error
