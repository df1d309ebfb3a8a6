"""One worker on its own: connectors come from files and over REST, which a directory may outlive.

What they run is up to :mod:`connector.cluster.held_connectors`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from connector import logs, metrics, plugins
from connector.cluster.changes import Changes
from connector.cluster.checks import ConnectorChecks
from connector.cluster.connection_service import ConnectionService, ConnectionUser
from connector.cluster.connector_files import ConnectorDirectory, StoredConnector
from connector.cluster.defaults import Defaults, connection_store
from connector.cluster.group_offset import KAFKA_SECONDS
from connector.cluster.group_requests import GroupRequests
from connector.cluster.held import HeldConnector
from connector.cluster.held_connectors import HeldConnectors
from connector.cluster.kafka_cluster import cluster_id
from connector.cluster.loggers import Loggers
from connector.cluster.reading import reading_config
from connector.cluster.reload import Reloads
from connector.cluster.request_error import (
    ExistsError,
    must_be_stopped,
    not_found,
    unknown_connector,
    unknown_task,
    unknown_to_restart,
)
from connector.cluster.restart_plan import RestartPlan
from connector.cluster.sink_offsets import SinkOffsets, group_of
from connector.cluster.validation import checked, infos
from connector.config.connector import ConnectorConfig
from connector.errors import ConfigError
from connector.plugins import PluginKind
from connector.runtime.blueprint import connections_in, draw
from connector.runtime.state import TargetState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.aws.named import NamedConnection
    from connector.cluster.info import ConnectorInfo, TaskInfo
    from connector.cluster.logger_level import LoggerLevel
    from connector.cluster.offset import OffsetEntry, PartitionOffset
    from connector.cluster.status import ConnectorStatus, TaskStatus
    from connector.config.info import ConfigInfos, SubmittedConfig
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint
    from connector.settings import WorkerSettings

log = logs.get(__name__)


class StandaloneHerder:
    """Answers for the connectors of this process, and runs them.

    Changes of one connector come one after the other; one that has begun goes on when nobody waits for it
    any more.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._held = HeldConnectors(settings, self._drawn)
        self._changes = Changes("try again when it is back")
        self._cluster_id: str | None = None
        self._ready = False
        self._loggers = Loggers()
        self._group_requests = GroupRequests(KAFKA_SECONDS)
        self._store = connection_store(settings)
        folder = settings.connectors_directory
        self._files = ConnectorDirectory(Path(folder)) if folder else None
        self.checks = ConnectorChecks(settings, self._store)
        self.connections = (
            ConnectionService(self._store, self, resolver=settings.resolver, bounds=settings.bounds)
            if self._store
            else None
        )
        self._reloads = Reloads(
            settings.resolver,
            self._held.running,
            self.pick_up,
            interval_seconds=settings.config_reload_interval_ms / 1000,
        )

    async def start(
        self, blueprints: Sequence[Blueprint], target_states: Mapping[str, TargetState] | None = None
    ) -> None:
        """Reach Kafka, then run the connectors, and those that are stored.

        Args:
            blueprints: Of connectors that are given at the start; what is stored under their names wins.
            target_states: Of these, by name; STARTED if not given.

        Raises:
            ConfigError: No broker of ``bootstrap.servers`` answers, or a directory of the worker cannot be
                used.
        """
        if self._store:
            self._store.prepare()
        stored = await asyncio.to_thread(_load, self._files) if self._files else {}
        self._cluster_id = await asyncio.to_thread(cluster_id, self._settings)
        for blueprint in blueprints:
            if blueprint.name not in stored:
                target = (target_states or {}).get(blueprint.name, TargetState.STARTED)
                self._held.hold(HeldConnector(blueprint.name, blueprint.raw, target, blueprint))
            elif stored[blueprint.name].config != blueprint.raw:
                log.warning("connector was changed over REST, its file is not used", connector=blueprint.name)
        for found in stored.values():
            await self._held.hold_stored(HeldConnector(found.name, found.config, found.target_state))
        if self.connections:
            await self.connections.start()
        self._reloads.start()
        metrics.CLUSTER_WORKERS.set(1)
        self._ready = True

    async def stop(self) -> None:
        self._ready = False
        self._changes.close()
        stopping = [self._held.stop(), self._reloads.stop()]
        if self.connections:
            stopping.append(self.connections.stop())
        await asyncio.gather(*stopping)
        await self._changes.ended()

    # ---- what named connections ask ----

    def users(self, name: str) -> list[ConnectionUser]:
        """Those that do not run, too: they could not be started without it."""
        return [
            ConnectionUser(
                held.name,
                tuple(task.spec.task for task in held.tasks),
                held.blueprint.connections.get(name, 0) if held.blueprint else 0,
            )
            for held in self._using(name)
        ]

    async def check_fit(self, connection: NamedConnection) -> None:
        for held in self._using(connection.name):
            await self._drawn(held.config, held.name, connection)

    async def pick_up(self, connector: str) -> None:
        async def change() -> None:
            if held := self._held.get(connector):
                await self._held.redraw(held)

        await self._changes.make(connector, change)

    def _using(self, connection: str) -> list[HeldConnector]:
        """By what the config says, and by what it was drawn with, where that refers to something else."""
        return [
            held
            for held in self._held.all()
            if connection in connections_in(held.config)
            or (held.blueprint and connection in held.blueprint.connections)
        ]

    # ---- what REST asks: reads ----

    @property
    def kafka_cluster_id(self) -> str | None:
        return self._cluster_id

    @property
    def is_ready(self) -> bool:
        return self._ready

    async def ping(self) -> None:
        await asyncio.sleep(0)

    def connectors(self) -> list[str]:
        return self._held.names()

    def info(self, name: str) -> ConnectorInfo | None:
        held = self._held.get(name)
        return held.info() if held else None

    def tasks(self, name: str) -> list[TaskInfo] | None:
        held = self._held.get(name)
        return held.task_infos() if held else None

    def status(self, name: str) -> ConnectorStatus | None:
        held = self._held.get(name)
        return held.status(self._settings.worker_id, _version(held)) if held else None

    def task_status(self, name: str, task: int) -> TaskStatus | None:
        status = self.status(name)
        return next((found for found in status.tasks if found.id == task), None) if status else None

    def topics(self, name: str) -> list[str]:
        held = self._held.get(name)
        return sorted(held.topics) if held else []

    # ---- what REST asks: configs ----

    async def validate(self, config: SubmittedConfig) -> ConfigInfos:
        return await reading_config(infos, config, Defaults(self._settings, self._store))

    async def create(
        self, name: str, config: SubmittedConfig, initial_state: TargetState | None = None
    ) -> ConnectorInfo:
        blueprint = await self._checked(config)

        async def change() -> ConnectorInfo:
            if self._held.get(name):
                raise ExistsError(name)
            held = HeldConnector(name, blueprint.raw, initial_state or TargetState.STARTED, blueprint)
            await self._keep(held.name, held.config, held.target)
            self._held.hold(held)
            return held.info()

        return await self._changes.make(name, change)

    async def put_config(self, name: str, config: SubmittedConfig) -> tuple[ConnectorInfo, bool]:
        blueprint = await self._checked(config)

        async def change() -> tuple[ConnectorInfo, bool]:
            held = self._held.get(name)
            if held is None:
                held = HeldConnector(name, blueprint.raw, TargetState.STARTED, blueprint)
                await self._keep(name, held.config, held.target)
                self._held.hold(held)
                return held.info(), True
            await self._reconfigure(held, blueprint)
            return held.info(), False

        return await self._changes.make(name, change)

    async def patch_config(self, name: str, patch: SubmittedConfig) -> ConnectorInfo:
        async def change() -> ConnectorInfo:
            held = self._known(name)
            patched = {**held.config, **patch}
            config: SubmittedConfig = {key: value for key, value in patched.items() if value is not None}
            await self._reconfigure(held, await self._checked(config))
            return held.info()

        return await self._changes.make(name, change)

    async def delete(self, name: str) -> None:
        async def change() -> None:
            held = self._known(name)
            if self._files:
                await asyncio.to_thread(self._files.remove, name)
            await self._held.release(held)

        await self._changes.make(name, change)

    # ---- what REST asks: what runs ----

    async def set_target_state(self, name: str, state: TargetState) -> None:
        async def change() -> None:
            held = self._held.get(name)
            if held is None:
                raise unknown_connector(name)
            await self._keep(name, held.config, state)
            await self._held.set_target(held, state)

        await self._changes.make(name, change)

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        status = self.status(name)
        if status is None:
            raise unknown_to_restart(name)
        plan = RestartPlan.of(status, include_tasks=include_tasks, only_failed=only_failed)
        self._changes.begin(self._changes.make(name, lambda: self._held.restart(name, plan)))
        return plan.shown if include_tasks or only_failed else None

    async def restart_task(self, name: str, task: int) -> None:
        async def change() -> None:
            held = self._held.get(name)
            if held is None:
                raise unknown_to_restart(name)
            if task not in {each.spec.task for each in held.tasks}:
                raise unknown_task(name, task)
            await self._held.restart_tasks(held, [task])

        await self._changes.make(name, change)

    async def reset_topics(self, name: str) -> None:
        if held := self._held.get(name):
            held.topics.clear()

    # ---- what REST asks: offsets and logs ----

    async def offsets(self, name: str) -> Sequence[PartitionOffset]:
        return await self._offsets(self._known(name)).read()

    async def alter_offsets(self, name: str, entries: Sequence[OffsetEntry]) -> bool:
        return await self._changes.make(name, lambda: self._offsets(self._stopped(name)).alter(entries))

    async def reset_offsets(self, name: str) -> bool:
        return await self._changes.make(name, lambda: self._offsets(self._stopped(name)).reset())

    def loggers(self) -> Mapping[str, LoggerLevel]:
        return self._loggers.all()

    async def set_level(self, logger: str, level: str) -> list[str]:
        return self._loggers.set(logger, level)

    async def set_cluster_level(self, logger: str, level: str) -> None:
        """The cluster is this worker."""
        self._loggers.set(logger, level)

    # ---- what changes are made of ----

    def _known(self, name: str) -> HeldConnector:
        held = self._held.get(name)
        if held is None:
            raise not_found(name)
        return held

    def _stopped(self, name: str) -> HeldConnector:
        held = self._known(name)
        if held.target is not TargetState.STOPPED or held.running:
            raise must_be_stopped(name)
        return held

    async def _reconfigure(self, held: HeldConnector, blueprint: Blueprint) -> None:
        await self._keep(held.name, blueprint.raw, held.target)
        await self._held.reconfigure(held, blueprint)

    def _offsets(self, held: HeldConnector) -> SinkOffsets:
        group = group_of(held.name, held.config, held.blueprint, self._settings, self._group_requests)
        return SinkOffsets(group, held.name, lambda: self._drawn(held.config, held.name))

    async def _keep(self, name: str, config: RawConfig, target: TargetState) -> None:
        if self._files:
            await asyncio.to_thread(self._files.write, StoredConnector(name, config, target))

    async def _checked(self, config: SubmittedConfig) -> Blueprint:
        return await reading_config(checked, config, Defaults(self._settings, self._store))

    async def _drawn(
        self, raw: RawConfig, connector: str, candidate: NamedConnection | None = None
    ) -> Blueprint:
        try:
            return await reading_config(draw, raw, Defaults(self._settings, self._store, candidate))
        except ConfigError as error:
            raise ConfigError(error.problems, source=f"connector {connector}") from error


def _load(files: ConnectorDirectory) -> dict[str, StoredConnector]:
    files.prepare()
    return {stored.name: stored for stored in files.load()}


def _version(held: HeldConnector) -> str | None:
    return plugins.version(PluginKind.SINK, held.config.get(ConnectorConfig.connector_class.name, ""))
