"""One worker of several: they share connectors through two topics and a group, and none is above the others.

What is asked of any worker it writes to the config topic, and answers once it has read it back; every worker
follows that topic (:mod:`connector.cluster.follower`). Correctness does not rest on who runs what: a task's
consumer is in its connector's group, so two workers that run the same task for a moment are one member more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from connector import logs, plugins
from connector.aws.named import Status
from connector.cluster.checks import ConnectorChecks
from connector.cluster.config_records import (
    ConnectionRecord,
    LoggerRecord,
    connector_entry,
    connector_key,
    logger_entry,
    no_tasks_entry,
    restart_entry,
    target_state_entry,
    task_restart_entry,
)
from connector.cluster.connection_log import ConnectionLog
from connector.cluster.connection_service import ConnectionService, ConnectionUser
from connector.cluster.contest import write_contested
from connector.cluster.defaults import Defaults
from connector.cluster.follower import Follower
from connector.cluster.group_offset import KAFKA_SECONDS, GroupOffsets, parse
from connector.cluster.group_requests import GroupRequests
from connector.cluster.info import ConnectorInfo, TaskInfo
from connector.cluster.log import LogError
from connector.cluster.loggers import Loggers, level_number
from connector.cluster.offset import PartitionOffset
from connector.cluster.offset_move import offsets_moved
from connector.cluster.refusal import ConnectionRefusal
from connector.cluster.reload import READ_SECONDS, Reloads
from connector.cluster.request_error import (
    BadRequestError,
    ExistsError,
    FailedError,
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
from connector.cluster.standalone import cluster_id
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.cluster.status_records import no_topic_entry
from connector.cluster.validation import checked, infos, refusal
from connector.concealment import conceal
from connector.config.connector import ConnectorConfig
from connector.config.override import connecting
from connector.config.target_state import TargetState
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.runtime.blueprint import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector.aws.named import NamedConnection
    from connector.cluster.config_records import ConfigRecord
    from connector.cluster.config_state import StoredConfig
    from connector.cluster.logger_level import LoggerLevel
    from connector.cluster.offset import OffsetEntry
    from connector.cluster.records import Entry
    from connector.cluster.settings import DistributedSettings
    from connector.cluster.status_records import InstanceStatus
    from connector.config.info import ConfigInfos, SubmittedConfig
    from connector.config.schema import RawConfig
    from connector.record import TopicPartition
    from connector.runtime.blueprint import Blueprint
    from connector.sinks.base import OffsetAndMetadata

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
        self._store = ConnectionLog(self._follower.config_log, self._configs)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._cluster_id: str | None = None
        self._ready = self._is_stopping = False
        self._loggers = Loggers()
        self._group_requests = GroupRequests(KAFKA_SECONDS)
        self.checks = ConnectorChecks(settings, self._store)
        self.connections = ConnectionService(
            self._store, self, resolver=settings.resolver, bounds=settings.bounds
        )
        self._reloads = Reloads(
            settings.resolver,
            lambda: [running.blueprint for running in self._follower.worker.connectors.values()],
            self.pick_up,
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
        self._ready, self._is_stopping = False, True
        await asyncio.gather(self._reloads.stop(), self.connections.stop())
        await self._follower.stop()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # ---- what named connections ask ----

    def users(self, name: str) -> list[ConnectionUser]:
        """All connectors of the cluster; of those that run elsewhere the version is not behind."""
        latest = self._version_of(name)
        found = []
        for connector in self._configs.connectors:
            share = self._follower.shares.get(connector)
            used = share.blueprint.connections if share and share.blueprint else {}
            if name not in {*used, *self._follower.caretaker.connections_of(connector)}:
                continue
            tasks = tuple(range(self._follower.caretaker.tasks_of(connector)))
            found.append(ConnectionUser(connector, tasks, used.get(name, latest)))
        return found

    async def check_fit(self, connection: NamedConnection) -> None:
        for user in self.users(connection.name):
            stored = self._configs.connectors[user.connector]
            await self._reading(draw, dict(stored.config), self._defaults(connection))

    async def pick_up(self, connector: str) -> None:
        if share := self._follower.shares.get(connector):
            share.redraw()

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
        stored = self._configs.connectors.get(name)
        if stored is None:
            return None
        return ConnectorInfo(name, dict(stored.config), list(range(self._tasks_of(name))))

    def tasks(self, name: str) -> list[TaskInfo] | None:
        stored = self._configs.connectors.get(name)
        if stored is None:
            return None
        config: RawConfig = {**stored.config, "task.class": _task_class(stored)}
        return [TaskInfo(number, config) for number in range(self._tasks_of(name))]

    def status(self, name: str) -> ConnectorStatus | None:
        found = self._statuses.connectors.get(name)
        if found is None or name not in self._configs.connectors:
            return None
        tasks = sorted(self._statuses.tasks_of(name).items())
        count = self._tasks_of(name)
        return ConnectorStatus(
            name=name,
            state=found.state,
            worker_id=found.worker_id,
            trace=found.trace or None,
            version=found.version,
            tasks=[_task_status(number, status) for number, status in tasks if number < count],
        )

    def task_status(self, name: str, task: int) -> TaskStatus | None:
        status = self.status(name)
        return next((found for found in status.tasks if found.id == task), None) if status else None

    def topics(self, name: str) -> list[str]:
        return sorted(self._statuses.topics_of(name)) if name in self._configs.connectors else []

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
            if not await self._store_config(name, raw, initial_state or TargetState.STARTED):
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
            await self._write([connector_entry(name, None), target_state_entry(name, None)])
            log.info("connector deleted", connector=name)

        await self._in_turn(name, change)

    # ---- what REST asks: what runs ----

    async def set_target_state(self, name: str, state: TargetState) -> None:
        async def change() -> None:
            if name not in self._configs.connectors:
                raise unknown_connector(name)
            # In Connect's order: a JVM worker that reads on sees no stopped connector with tasks.
            before = self._without_jvm_tasks(name) if state is TargetState.STOPPED else []
            await self._write([*before, target_state_entry(name, state)])
            log.info("connector target state", connector=name, state=state.value)

        await self._in_turn(name, change)

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        await self._catch_up()
        if name not in self._configs.connectors:
            raise unknown_to_restart(name)
        status = self.status(name)
        if status is None:
            raise no_status(name)
        plan = RestartPlan.of(status, include_tasks=include_tasks, only_failed=only_failed)
        await self._write([restart_entry(name, include_tasks=include_tasks, only_failed=only_failed)])
        return plan.shown if include_tasks or only_failed else None

    async def restart_task(self, name: str, task: int) -> None:
        await self._catch_up()
        if name not in self._configs.connectors:
            raise unknown_to_restart(name)
        if not 0 <= task < self._tasks_of(name):
            raise unknown_task(name, task)
        await self._write([task_restart_entry(name, task)])

    async def reset_topics(self, name: str) -> None:
        topics = self._statuses.topics_of(name)
        if topics:
            await self._told(
                self._follower.status_log.write([no_topic_entry(name, topic) for topic in sorted(topics)])
            )

    # ---- what REST asks: offsets and logs ----

    async def offsets(self, name: str) -> Sequence[PartitionOffset]:
        found = await (await self._group(name, self._known(name))).read()
        return [PartitionOffset(where.topic, where.partition, at.offset) for where, at in found.items()]

    async def alter_offsets(self, name: str, entries: Sequence[OffsetEntry]) -> bool:
        async def change() -> bool:
            group = await self._group(name, stored := self._stopped(name))
            offsets = parse(entries)
            former = await group.read()
            await group.alter(offsets)
            return await self._offsets_moved(stored, {at: former[at] for at in offsets if at in former})

        return await self._in_turn(name, change)

    async def reset_offsets(self, name: str) -> bool:
        async def change() -> bool:
            group = await self._group(name, stored := self._stopped(name))
            former = await group.read()
            await group.delete()
            return await self._offsets_moved(stored, former)

        return await self._in_turn(name, change)

    def loggers(self) -> Mapping[str, LoggerLevel]:
        return self._loggers.all()

    async def set_level(self, logger: str, level: str) -> list[str]:
        return self._loggers.set(logger, level)

    async def set_cluster_level(self, logger: str, level: str) -> None:
        level_number(level)
        await self._write([logger_entry(logger, level.strip().upper())])

    # ---- what is read from the config topic ----

    def _happened(self, found: ConfigRecord) -> None:
        match found:
            case LoggerRecord(logger, level):
                try:
                    self._loggers.set(logger, level)
                except RequestError as error:
                    log.warning("log level is not set", logger=logger, reason=str(error))
            case ConnectionRecord(name, document) if document is not None:
                self._pick_up_connection(name)

    def _pick_up_connection(self, name: str) -> None:
        """What another worker has found to be READY; what this one validates it picks up by itself."""
        try:
            connection = self._store.read(name)
        except ConnectionRefusal:
            return
        if connection.status is not Status.READY:
            return
        for user in self.users(name):
            if user.version < connection.version:
                self._follower.shares[user.connector].redraw()

    def _roles_of(self, connection: str) -> frozenset[str]:
        try:
            return frozenset(self._store.read(connection).definition.required_roles)
        except ConnectionRefusal:
            return frozenset()

    def _version_of(self, connection: str) -> int:
        try:
            return self._store.read(connection).version
        except ConnectionRefusal:
            return 0

    # ---- what changes are made of ----

    async def _change_config(self, name: str, raw: RawConfig, target: TargetState) -> None:
        if not await self._store_config(name, raw, target):
            raise RebalanceError(
                "Cannot complete request momentarily due to stale configuration (typically caused by a"
                " concurrent config change)"
            )
        log.info("connector changed", connector=name)

    async def _store_config(self, name: str, raw: RawConfig, target: TargetState) -> bool:
        """Whether it counts; False if another worker was faster."""
        before = self._without_jvm_tasks(name)
        if self._configs.target(name) is not target:
            before.append(target_state_entry(name, target))
        entry = connector_entry(name, raw, self._configs.base_of(connector_key(name)))
        return await self._told(write_contested(self._follower.config_log, self._configs, entry, before))

    def _without_jvm_tasks(self, name: str) -> list[Entry]:
        """JVM workers that come back would start tasks with the configs that are there for them."""
        return [no_tasks_entry(name)] if self._configs.jvm_tasks.get(name) else []

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
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(draw, dict(raw), Defaults(self._settings, self._store))
        except TimeoutError:
            raise ConfigError.of(
                "config.providers",
                f"nothing was read within {READ_SECONDS:g} s: look at where they read",
                code=ErrorCode.CONFIG_REFERENCE_UNRESOLVED,
            ) from None

    async def _reading(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """On a thread, since config providers and connections are read."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(read, *args, **kwargs)
        except TimeoutError:
            raise TimedOutError("Config providers were read for too long") from None

    async def _in_turn(self, name: str, change: Callable[[], Coroutine[Any, Any, T]]) -> T:
        turn = self._turns.setdefault(name, asyncio.Lock())

        async def in_turn() -> T:
            async with turn:
                if self._is_stopping:
                    raise RebalanceError("The worker is stopping: ask another one")
                await self._catch_up()
                return await change()

        task = asyncio.create_task(in_turn())
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, RequestError):
            log.warning("change of a connector failed", error=conceal(str(error)))

    async def _catch_up(self) -> None:
        """What any worker has acknowledged before this request is known before it is judged."""
        await self._told(self._follower.config_log.read_to_end())

    async def _write(self, entries: Sequence[Entry]) -> None:
        await self._told(self._follower.config_log.write(entries))

    async def _told(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except LogError as error:
            raise FailedError(str(error), code=error.code) from error

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

    async def _group(self, name: str, stored: StoredConfig) -> GroupOffsets:
        """Of one that cannot be drawn, too: its offsets may be why."""
        config, worker = ConnectorConfig(dict(stored.config)), self._settings.consumer_config()
        try:
            blueprint = await self._draw(stored.config)
        except ConfigError:
            return GroupOffsets(name, config.group_id, worker, self._group_requests)
        client = connecting(worker, blueprint.consumer_config)
        return GroupOffsets(name, blueprint.config.group_id, client, self._group_requests)

    async def _offsets_moved(
        self, stored: StoredConfig, former: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> bool:
        """Tell the sink what was committed; it does what it can, and the offsets are changed all the same."""
        try:
            blueprint = await self._draw(stored.config)
        except ConfigError as error:
            log.warning("sink is not told that offsets changed", reason=str(error))
            return False
        return await offsets_moved(blueprint, former)


def _task_status(number: int, status: InstanceStatus) -> TaskStatus:
    return TaskStatus(number, status.state, status.worker_id, status.trace or None, status.version)


def _task_class(stored: StoredConfig) -> str:
    name = stored.config.get(ConnectorConfig.connector_class.name, "")
    try:
        sink: type[Any] = plugins.find(PluginKind.SINK, name, ConnectorConfig.connector_class.name)
    except ConfigError:
        return name
    return f"{sink.__module__}.{sink.__qualname__}"
