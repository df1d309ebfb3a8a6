"""One worker of several: they share connectors through two topics and a group, and none is above the others.

What is asked of any worker it writes to the config topic, and answers once it has read it back; every worker
follows that topic (:mod:`connector.cluster.follower`). Correctness does not rest on who runs what: a task's
consumer is in its connector's group, so two workers that run the same task for a moment are one member more.

What is asked is decided here; :mod:`connector.cluster.config_writer` writes it, and
:mod:`connector.cluster.overview` answers what is only read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from connector import logs
from connector.cluster.changes import Changes
from connector.cluster.checks import ConnectorChecks
from connector.cluster.config_records import ConnectionRecord, LoggerRecord
from connector.cluster.config_writer import ConfigWriter, acknowledged
from connector.cluster.connection_log import ConnectionLog
from connector.cluster.connection_service import ConnectionService
from connector.cluster.connection_users import ClusterConnectionUsers
from connector.cluster.defaults import Defaults
from connector.cluster.follower import Follower
from connector.cluster.group_offset import KAFKA_SECONDS
from connector.cluster.group_requests import GroupRequests
from connector.cluster.kafka_cluster import cluster_id
from connector.cluster.loggers import Loggers, level_number
from connector.cluster.overview import Overview
from connector.cluster.reading import reading, reading_config
from connector.cluster.reload import Reloads
from connector.cluster.request_error import (
    BadRequestError,
    ExistsError,
    RebalanceError,
    RequestError,
    TimedOutError,
    must_be_stopped,
    no_status,
    not_found,
    unknown_connector,
    unknown_task,
    unknown_to_restart,
)
from connector.cluster.restart_plan import RestartPlan
from connector.cluster.sink_offsets import SinkOffsets, group_of
from connector.cluster.status_records import no_topic_entry
from connector.cluster.validation import checked, infos, refusal
from connector.config.target_state import TargetState
from connector.errors import ConfigError, Problem
from connector.runtime.blueprint import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector.aws.named import NamedConnection
    from connector.cluster.config_records import ConfigRecord
    from connector.cluster.config_state import StoredConfig
    from connector.cluster.info import ConnectorInfo, TaskInfo
    from connector.cluster.logger_level import LoggerLevel
    from connector.cluster.offset import OffsetEntry, PartitionOffset
    from connector.cluster.settings import DistributedSettings
    from connector.cluster.status import ConnectorStatus, TaskStatus
    from connector.config.info import ConfigInfos, SubmittedConfig
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint

T = TypeVar("T")
P = ParamSpec("P")
log = logs.get(__name__)


class DistributedHerder:
    """Answers for all connectors of the cluster, and runs this worker's share.

    Changes of one connector that are asked of this worker come one after the other; of two workers that
    change its config at once the first succeeds, and the other says so (409).
    """

    def __init__(self, settings: DistributedSettings) -> None:
        self._settings = settings
        self._follower = Follower(settings, draw=self._draw, roles_of=self._roles_of, happened=self._happened)
        self._configs, self._statuses = self._follower.configs, self._follower.statuses
        self._overview = Overview(self._configs, self._statuses, self._tasks_of)
        self._writer = ConfigWriter(self._follower.config_log, self._configs)
        self._store = ConnectionLog(self._follower.config_log, self._configs)
        self._users = ClusterConnectionUsers(self._follower, self._store, self._draw_with)
        self._changes = Changes("ask another one")
        self._cluster_id: str | None = None
        self._ready = False
        self._loggers = Loggers()
        self._group_requests = GroupRequests(KAFKA_SECONDS)
        self.checks = ConnectorChecks(settings, self._store)
        self.connections = ConnectionService(
            self._store, self._users, resolver=settings.resolver, bounds=settings.bounds
        )
        self._reloads = Reloads(
            settings.resolver,
            lambda: [running.blueprint for running in self._follower.worker.connectors.values()],
            self._users.pick_up,
            interval_seconds=settings.config_reload_interval_ms / 1000,
        )

    async def start(self) -> None:
        """Reach Kafka, read the topics, join the workers.

        Raises:
            ConfigError: No broker answers, or what :meth:`Follower.start` finds wrong.
        """
        self._cluster_id = await asyncio.to_thread(cluster_id, self._settings)
        self._store.start()
        await self._follower.start()
        await self.connections.start()
        self._reloads.start()
        self._ready = True

    async def stop(self) -> None:
        self._ready = False
        self._changes.close()
        await asyncio.gather(self._reloads.stop(), self.connections.stop())
        await self._follower.stop()
        await self._changes.ended()

    # ---- what REST asks: reads ----

    @property
    def kafka_cluster_id(self) -> str | None:
        return self._cluster_id

    @property
    def is_ready(self) -> bool:
        return self._ready

    async def ping(self) -> None:
        await self._follower.config_log.read_to_end()

    def connectors(self) -> list[str]:
        return list(self._configs.connectors)

    def info(self, name: str) -> ConnectorInfo | None:
        return self._overview.info(name)

    def tasks(self, name: str) -> list[TaskInfo] | None:
        return self._overview.tasks(name)

    def status(self, name: str) -> ConnectorStatus | None:
        return self._overview.status(name)

    def task_status(self, name: str, task: int) -> TaskStatus | None:
        status = self.status(name)
        return next((found for found in status.tasks if found.id == task), None) if status else None

    def topics(self, name: str) -> list[str]:
        return self._overview.topics(name)

    # ---- what REST asks: configs ----

    async def validate(self, config: SubmittedConfig) -> ConfigInfos:
        return await self._reading(infos, config, self._defaults())

    async def create(
        self, name: str, config: SubmittedConfig, initial_state: TargetState | None = None
    ) -> ConnectorInfo:
        raw = await self._checked(name, config)

        async def change() -> ConnectorInfo:
            if name in self._configs.connectors:
                raise ExistsError(name)
            if not await self._writer.store(name, raw, initial_state or TargetState.STARTED):
                raise ExistsError(name)
            log.info("connector created", connector=name)
            return self._info(name)

        return await self._in_turn(name, change)

    async def put_config(self, name: str, config: SubmittedConfig) -> tuple[ConnectorInfo, bool]:
        raw = await self._checked(name, config)

        async def change() -> tuple[ConnectorInfo, bool]:
            is_new = name not in self._configs.connectors
            target = TargetState.STARTED if is_new else self._configs.target(name)
            await self._change_config(name, raw, target)
            return self._info(name), is_new

        return await self._in_turn(name, change)

    async def patch_config(self, name: str, patch: SubmittedConfig) -> ConnectorInfo:
        async def change() -> ConnectorInfo:
            patched = {**self._known(name).config, **patch}
            config: SubmittedConfig = {key: value for key, value in patched.items() if value is not None}
            await self._change_config(name, await self._checked(name, config), self._configs.target(name))
            return self._info(name)

        return await self._in_turn(name, change)

    async def delete(self, name: str) -> None:
        async def change() -> None:
            self._known(name)
            await self._writer.delete(name)
            log.info("connector deleted", connector=name)

        await self._in_turn(name, change)

    # ---- what REST asks: what runs ----

    async def set_target_state(self, name: str, state: TargetState) -> None:
        async def change() -> None:
            if name not in self._configs.connectors:
                raise unknown_connector(name)
            await self._writer.set_target(name, state)
            log.info("connector target state", connector=name, state=state.value)

        await self._in_turn(name, change)

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        await self._writer.catch_up()
        if name not in self._configs.connectors:
            raise unknown_to_restart(name)
        status = self.status(name)
        if status is None:
            raise no_status(name)
        plan = RestartPlan.of(status, include_tasks=include_tasks, only_failed=only_failed)
        await self._writer.restart(name, include_tasks=include_tasks, only_failed=only_failed)
        return plan.shown if include_tasks or only_failed else None

    async def restart_task(self, name: str, task: int) -> None:
        await self._writer.catch_up()
        if name not in self._configs.connectors:
            raise unknown_to_restart(name)
        if not 0 <= task < self._tasks_of(name):
            raise unknown_task(name, task)
        await self._writer.restart_task(name, task)

    async def reset_topics(self, name: str) -> None:
        topics = self._statuses.topics_of(name)
        if topics:
            forgotten = [no_topic_entry(name, topic) for topic in sorted(topics)]
            await acknowledged(self._follower.status_log.write(forgotten))

    # ---- what REST asks: offsets and logs ----

    async def offsets(self, name: str) -> Sequence[PartitionOffset]:
        return await (await self._offsets(name, self._known(name))).read()

    async def alter_offsets(self, name: str, entries: Sequence[OffsetEntry]) -> bool:
        async def change() -> bool:
            return await (await self._offsets(name, self._stopped(name))).alter(entries)

        return await self._in_turn(name, change)

    async def reset_offsets(self, name: str) -> bool:
        async def change() -> bool:
            return await (await self._offsets(name, self._stopped(name))).reset()

        return await self._in_turn(name, change)

    def loggers(self) -> Mapping[str, LoggerLevel]:
        return self._loggers.all()

    async def set_level(self, logger: str, level: str) -> list[str]:
        return self._loggers.set(logger, level)

    async def set_cluster_level(self, logger: str, level: str) -> None:
        level_number(level)
        await self._writer.set_level(logger, level.strip().upper())

    # ---- what is read from the config topic ----

    def _happened(self, found: ConfigRecord) -> None:
        match found:
            case LoggerRecord(logger, level):
                try:
                    self._loggers.set(logger, level)
                except RequestError as error:
                    log.warning("log level is not set", logger=logger, reason=str(error))
            case ConnectionRecord(name, document) if document is not None:
                self._users.pick_up_ready(name)

    def _roles_of(self, connection: str) -> frozenset[str]:
        return self._users.roles_of(connection)

    # ---- what changes are made of ----

    async def _change_config(self, name: str, raw: RawConfig, target: TargetState) -> None:
        if not await self._writer.store(name, raw, target):
            raise RebalanceError(
                "Cannot complete request momentarily due to stale configuration (typically caused by a"
                " concurrent config change)"
            )
        log.info("connector changed", connector=name)

    async def _checked(self, name: str, config: SubmittedConfig) -> RawConfig:
        blueprint = await self._reading(checked, config, self._defaults())
        group = blueprint.config.group_id
        if group in {self._settings.worker_group, self._settings.group_id}:
            text = (
                f"Consumer group for sink connector named {name} conflicts with Connect worker group {group}:"
                " name the connector otherwise, or give it consumer.override.group.id"
            )
            raise BadRequestError(refusal([Problem("name", text)]))
        return blueprint.raw

    def _defaults(self, candidate: NamedConnection | None = None) -> Defaults:
        others = tuple(member.roles for member in self._follower.members)
        return Defaults(self._settings, self._store, candidate, others)

    async def _draw(self, raw: Mapping[str, str]) -> Blueprint:
        """For tasks of this worker."""
        return await reading_config(draw, dict(raw), Defaults(self._settings, self._store))

    async def _draw_with(self, raw: RawConfig, candidate: NamedConnection) -> Blueprint:
        return await self._reading(draw, raw, self._defaults(candidate))

    async def _reading(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await reading(read, *args, **kwargs)
        except TimeoutError:
            raise TimedOutError("Config providers were read for too long") from None

    async def _in_turn(self, name: str, change: Callable[[], Coroutine[Any, Any, T]]) -> T:
        async def caught_up() -> T:
            await self._writer.catch_up()
            return await change()

        return await self._changes.make(name, caught_up)

    def _known(self, name: str) -> StoredConfig:
        stored = self._configs.connectors.get(name)
        if stored is None:
            raise not_found(name)
        return stored

    def _stopped(self, name: str) -> StoredConfig:
        """Whether tasks are left Kafka tells: they are members of the group."""
        stored = self._known(name)
        if self._configs.target(name) is not TargetState.STOPPED:
            raise must_be_stopped(name)
        return stored

    def _info(self, name: str) -> ConnectorInfo:
        info = self.info(name)
        if info is None:  # deleted since, by another worker
            raise not_found(name)
        return info

    def _tasks_of(self, name: str) -> int:
        return self._follower.caretaker.tasks_of(name)

    async def _offsets(self, name: str, stored: StoredConfig) -> SinkOffsets:
        try:
            blueprint = await self._draw(stored.config)
        except ConfigError:
            blueprint = None
        group = group_of(name, dict(stored.config), blueprint, self._settings, self._group_requests)
        return SinkOffsets(group, name, lambda: self._draw(stored.config))
