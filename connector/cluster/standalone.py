"""One worker on its own: connectors come from files and over REST, which a directory may outlive."""

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
from connector.errors import ConfigError, with_pointer
from connector.plugins import PluginKind
from connector.runtime.blueprint import draw
from connector.runtime.state import TargetState
from connector.runtime.worker import Worker

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
    from connector.runtime.worker import RunningConnector
    from connector.settings import WorkerSettings

log = logs.get(__name__)


class StandaloneHerder:
    """Answers for the connectors of this process, and runs them.

    Changes of one connector come one after the other; one that has begun goes on when nobody waits for it
    any more.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._worker = Worker(settings, self._read_from)
        self._held: dict[str, HeldConnector] = {}
        self._changes = Changes("try again when it is back")
        self._cluster_id: str | None = None
        self._ready = self._is_stopping = False
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
            lambda: [running.blueprint for running in self._worker.connectors.values()],
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
                self._hold(HeldConnector(blueprint.name, blueprint.raw, target, blueprint))
            elif stored[blueprint.name].config != blueprint.raw:
                log.warning("connector was changed over REST, its file is not used", connector=blueprint.name)
        for found in stored.values():
            await self._hold_stored(found)
        if self.connections:
            await self.connections.start()
        self._reloads.start()
        metrics.CLUSTER_WORKERS.set(1)
        self._ready = True

    async def stop(self) -> None:
        self._ready, self._is_stopping = False, True
        self._changes.close()
        stopping = [self._worker.stop(), self._reloads.stop()]
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
                held.blueprint.connection.version if held.blueprint and held.blueprint.connection else 0,
            )
            for held in self._held.values()
            if held.config.get(ConnectorConfig.aws_connection.name) == name
        ]

    async def check_fit(self, connection: NamedConnection) -> None:
        for user in self.users(connection.name):
            await self._drawn(self._held[user.connector].config, user.connector, connection)

    async def pick_up(self, connector: str) -> None:
        """The blueprint comes first: if it cannot be drawn, the connector goes on as it is."""

        async def change() -> None:
            held = self._held.get(connector)
            if held is not None:
                held.blueprint = await self._drawn(held.config, connector)
                if held.running:
                    await self._run_anew(held, for_good=True)

        await self._changes.make(connector, change)

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
        return list(self._held)

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
            if name in self._held:
                raise ExistsError(name)
            held = HeldConnector(name, blueprint.raw, initial_state or TargetState.STARTED, blueprint)
            await self._keep(held.name, held.config, held.target)
            self._hold(held)
            return held.info()

        return await self._changes.make(name, change)

    async def put_config(self, name: str, config: SubmittedConfig) -> tuple[ConnectorInfo, bool]:
        blueprint = await self._checked(config)

        async def change() -> tuple[ConnectorInfo, bool]:
            held = self._held.get(name)
            if held is None:
                held = HeldConnector(name, blueprint.raw, TargetState.STARTED, blueprint)
                await self._keep(name, held.config, held.target)
                self._hold(held)
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
            del self._held[name]
            log.info("connector deleted", connector=name)
            await self._end(held)

        await self._changes.make(name, change)

    # ---- what REST asks: what runs ----

    async def set_target_state(self, name: str, state: TargetState) -> None:
        async def change() -> None:
            held = self._held.get(name)
            if held is None:
                raise unknown_connector(name)
            await self._keep(name, held.config, state)
            held.target = state
            log.info("connector target state", connector=name, state=state.value)
            if state is TargetState.STOPPED:
                await self._end(held)
            elif held.running and state is TargetState.PAUSED:
                held.running.pause()
            elif held.running:
                await self._resume(held, held.running)
            elif state is TargetState.STARTED:
                await self._draw_and_run(held)

        await self._changes.make(name, change)

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        status = self.status(name)
        if status is None:
            raise unknown_to_restart(name)
        plan = RestartPlan.of(status, include_tasks=include_tasks, only_failed=only_failed)
        self._changes.begin(self._changes.make(name, lambda: self._restart(name, plan)))
        return plan.shown if include_tasks or only_failed else None

    async def restart_task(self, name: str, task: int) -> None:
        async def change() -> None:
            held = self._held.get(name)
            if held is None:
                raise unknown_to_restart(name)
            if task not in {each.spec.task for each in held.tasks}:
                raise unknown_task(name, task)
            await self._restart_tasks(held, [task])

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

    # ---- connectors ----

    def _hold(self, held: HeldConnector) -> None:
        """Run it, if that is what it is asked for; a paused one has no tasks before it is resumed."""
        self._held[held.name] = held
        if held.target is TargetState.STARTED and held.blueprint is not None:
            held.running = self._worker.start_connector(held.blueprint)

    async def _hold_stored(self, stored: StoredConnector) -> None:
        """One that cannot be made any more is FAILED: the others run, and REST can mend it."""
        held = HeldConnector(stored.name, stored.config, stored.target_state)
        self._held[held.name] = held
        if held.target is TargetState.STARTED:
            await self._draw_and_run(held)

    async def _draw_and_run(self, held: HeldConnector) -> None:
        try:
            held.blueprint = await self._drawn(held.config, held.name)
        except ConfigError as error:
            held.trace = with_pointer(error)
            log.error("connector failed", connector=held.name, error=error)  # noqa: TRY400 - no bug
            return
        held.trace = None
        if not self._is_stopping:
            held.running = self._worker.start_connector(
                held.blueprint, paused=held.target is TargetState.PAUSED
            )

    async def _reconfigure(self, held: HeldConnector, blueprint: Blueprint) -> None:
        await self._keep(held.name, blueprint.raw, held.target)
        held.config, held.blueprint, held.trace = blueprint.raw, blueprint, None
        log.info("connector changed", connector=held.name)
        if held.running or held.target is TargetState.STARTED:
            await self._run_anew(held, for_good=True)

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

    async def _restart(self, name: str, plan: RestartPlan) -> None:
        held = self._held.get(name)
        if held is None or held.target is TargetState.STOPPED:
            return
        if held.trace is not None and plan.connector:
            await self._draw_and_run(held)
        elif plan.tasks:
            await self._restart_tasks(held, plan.tasks)

    async def _restart_tasks(self, held: HeldConnector, tasks: Sequence[int]) -> None:
        """With what references stand for now; if that is something else, all tasks have to follow."""
        former = held.blueprint
        try:
            held.blueprint = await self._drawn(held.config, held.name)
        except ConfigError as error:
            log.warning("tasks restart with former values", connector=held.name, reason=str(error))
        blueprint = held.blueprint
        same = (
            former
            and blueprint
            and (former.read, former.connection)
            == (
                blueprint.read,
                blueprint.connection,
            )
        )
        if same and len(tasks) < len(held.tasks):
            held.blueprint = former
            await self._worker.restart_tasks(held.name, tasks)
        else:
            await self._run_anew(held, for_good=False)

    async def _end(self, held: HeldConnector) -> None:
        await self._worker.stop_connector(held.name, for_good=True)
        held.running = None

    def _read_from(self, connector: str, _task: int, topic: str) -> None:
        if held := self._held.get(connector):
            held.topics.add(topic)

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
