"""One worker on its own: connectors come from files and over REST, which a directory may outlive."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connector import logs, metrics, plugins
from connector.aws.msk import with_login
from connector.cluster.checks import ConnectorChecks
from connector.cluster.connection_service import ConnectionService, ConnectionUser
from connector.cluster.connector_files import ConnectorDirectory, StoredConnector
from connector.cluster.defaults import Defaults, connection_store
from connector.cluster.group_offset import KAFKA_SECONDS, GroupOffsets, parse
from connector.cluster.group_requests import GroupRequests
from connector.cluster.held import HeldConnector
from connector.cluster.loggers import Loggers
from connector.cluster.offset import PartitionOffset
from connector.cluster.offset_move import offsets_moved
from connector.cluster.reload import READ_SECONDS, Reloads
from connector.cluster.request_error import (
    ExistsError,
    RebalanceError,
    RequestError,
    must_be_stopped,
    not_found,
    unknown_connector,
    unknown_task,
    unknown_to_restart,
)
from connector.cluster.restart_plan import RestartPlan
from connector.cluster.validation import checked, infos
from connector.concealment import conceal
from connector.config.connector import ConnectorConfig
from connector.config.override import connecting
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, with_pointer
from connector.plugins import PluginKind
from connector.runtime.blueprint import connections_in, draw
from connector.runtime.state import TargetState
from connector.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector.aws.named import NamedConnection
    from connector.cluster.info import ConnectorInfo, TaskInfo
    from connector.cluster.logger_level import LoggerLevel
    from connector.cluster.offset import OffsetEntry
    from connector.cluster.status import ConnectorStatus, TaskStatus
    from connector.config.info import ConfigInfos, SubmittedConfig
    from connector.config.schema import RawConfig
    from connector.record import TopicPartition
    from connector.runtime.blueprint import Blueprint
    from connector.runtime.worker import RunningConnector
    from connector.settings import WorkerSettings
    from connector.sinks.base import OffsetAndMetadata

T = TypeVar("T")
log = logs.get(__name__)

_KAFKA_SECONDS = 10.0


class StandaloneHerder:
    """Answers for the connectors of this process, and runs them.

    Changes of one connector come one after the other; one that has begun goes on when nobody waits for it
    any more.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._worker = Worker(settings, self._read_from)
        self._held: dict[str, HeldConnector] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[asyncio.Task[Any]] = set()
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
        stopping = [self._worker.stop(), self._reloads.stop()]
        if self.connections:
            stopping.append(self.connections.stop())
        await asyncio.gather(*stopping)
        await asyncio.gather(*self._under_way, return_exceptions=True)

    # ---- what named connections ask ----

    def users(self, name: str) -> list[ConnectionUser]:
        """Those that do not run, too: they could not be started without it."""
        return [
            ConnectionUser(
                held.name,
                tuple(task.spec.task for task in held.tasks),
                held.blueprint.connections.get(name, 0) if held.blueprint else 0,
            )
            for held in self._held.values()
            if name in connections_in(held.config) or (held.blueprint and name in held.blueprint.connections)
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

        await self._in_turn(connector, change)

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
        return await self._reading(infos, config, Defaults(self._settings, self._store))

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

        return await self._in_turn(name, change)

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

        return await self._in_turn(name, change)

    async def patch_config(self, name: str, patch: SubmittedConfig) -> ConnectorInfo:
        async def change() -> ConnectorInfo:
            held = self._known(name)
            patched = {**held.config, **patch}
            config: SubmittedConfig = {key: value for key, value in patched.items() if value is not None}
            await self._reconfigure(held, await self._checked(config))
            return held.info()

        return await self._in_turn(name, change)

    async def delete(self, name: str) -> None:
        async def change() -> None:
            held = self._known(name)
            if self._files:
                await asyncio.to_thread(self._files.remove, name)
            del self._held[name]
            log.info("connector deleted", connector=name)
            await self._end(held)

        await self._in_turn(name, change)

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

        await self._in_turn(name, change)

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        status = self.status(name)
        if status is None:
            raise unknown_to_restart(name)
        plan = RestartPlan.of(status, include_tasks=include_tasks, only_failed=only_failed)
        self._begin(self._in_turn(name, lambda: self._restart(name, plan)))
        return plan.shown if include_tasks or only_failed else None

    async def restart_task(self, name: str, task: int) -> None:
        async def change() -> None:
            held = self._held.get(name)
            if held is None:
                raise unknown_to_restart(name)
            if task not in {each.spec.task for each in held.tasks}:
                raise unknown_task(name, task)
            await self._restart_tasks(held, [task])

        await self._in_turn(name, change)

    async def reset_topics(self, name: str) -> None:
        if held := self._held.get(name):
            held.topics.clear()

    # ---- what REST asks: offsets and logs ----

    async def offsets(self, name: str) -> Sequence[PartitionOffset]:
        found = await self._group(self._known(name)).read()
        return [PartitionOffset(where.topic, where.partition, at.offset) for where, at in found.items()]

    async def alter_offsets(self, name: str, entries: Sequence[OffsetEntry]) -> bool:
        async def change() -> bool:
            group = self._group(held := self._stopped(name))
            offsets = parse(entries)
            former = await group.read()
            await group.alter(offsets)
            return await self._offsets_moved(held, {at: former[at] for at in offsets if at in former})

        return await self._in_turn(name, change)

    async def reset_offsets(self, name: str) -> bool:
        async def change() -> bool:
            group = self._group(held := self._stopped(name))
            former = await group.read()
            await group.delete()
            return await self._offsets_moved(held, former)

        return await self._in_turn(name, change)

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
            and (former.read, former.connections)
            == (
                blueprint.read,
                blueprint.connections,
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

    async def _offsets_moved(
        self, held: HeldConnector, former: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> bool:
        """Tell the sink what was committed; it does what it can, and the offsets are changed all the same."""
        try:
            blueprint = await self._drawn(held.config, held.name)
        except ConfigError as error:
            log.warning("sink is not told that offsets changed", connector=held.name, reason=str(error))
            return False
        return await offsets_moved(blueprint, former)

    # ---- what changes are made of ----

    async def _in_turn(self, name: str, change: Callable[[], Coroutine[Any, Any, T]]) -> T:
        turn = self._turns.setdefault(name, asyncio.Lock())

        async def in_turn() -> T:
            async with turn:
                if self._is_stopping:
                    raise RebalanceError("The worker is stopping: try again when it is back")
                return await change()

        return await asyncio.shield(self._begin(in_turn()))

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run it even if nobody waits; what then fails is logged."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, RequestError):
            log.warning("change of a connector failed", error=conceal(str(error)))

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

    def _group(self, held: HeldConnector) -> GroupOffsets:
        """Of one that cannot be drawn, too: its offsets may be why."""
        own = held.blueprint.consumer_config if held.blueprint else {}
        config = held.blueprint.config if held.blueprint else ConnectorConfig(held.config)
        client = connecting(self._settings.consumer_config(), own)
        return GroupOffsets(held.name, config.group_id, client, self._group_requests)

    async def _keep(self, name: str, config: RawConfig, target: TargetState) -> None:
        if self._files:
            await asyncio.to_thread(self._files.write, StoredConnector(name, config, target))

    async def _checked(self, config: SubmittedConfig) -> Blueprint:
        return await self._reading(checked, config, Defaults(self._settings, self._store))

    async def _drawn(
        self, raw: RawConfig, connector: str, candidate: NamedConnection | None = None
    ) -> Blueprint:
        try:
            return await self._reading(draw, raw, Defaults(self._settings, self._store, candidate))
        except ConfigError as error:
            raise ConfigError(error.problems, source=f"connector {connector}") from error

    async def _reading(self, read: Callable[[Any, Defaults], T], config: Any, worker: Defaults) -> T:
        """On a thread, since config providers and connections are read."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(read, config, worker)
        except TimeoutError:
            raise ConfigError.of(
                "config.providers",
                f"nothing was read within {READ_SECONDS:g} s: look at where they read",
                code=ErrorCode.CONFIG_REFERENCE_UNRESOLVED,
            ) from None


def plan(raw_configs: Sequence[RawConfig], settings: WorkerSettings) -> list[Blueprint]:
    """Check all configs before any runs.

    Raises:
        ConfigError: Of the first config at fault, with all its faults; or a name that is given twice.
    """
    blueprints: dict[str, Blueprint] = {}
    worker = Defaults(settings, connection_store(settings))
    for raw in raw_configs:
        blueprint = _drawn(raw, worker)
        if blueprint.name in blueprints:
            raise ConfigError.of("name", f"Connector {blueprint.name} already exists: give each its own name")
        blueprints[blueprint.name] = blueprint
    return list(blueprints.values())


def _load(files: ConnectorDirectory) -> dict[str, StoredConnector]:
    files.prepare()
    return {stored.name: stored for stored in files.load()}


def _version(held: HeldConnector) -> str | None:
    return plugins.version(PluginKind.SINK, held.config.get(ConnectorConfig.connector_class.name, ""))


def _drawn(raw: RawConfig, worker: Defaults) -> Blueprint:
    try:
        return draw(raw, worker)
    except ConfigError as error:
        name = raw.get("name", "")
        raise ConfigError(error.problems, source=f"connector {name}" if name else "") from error


def cluster_id(settings: WorkerSettings) -> str | None:
    """The Kafka cluster's id; blocks until a broker answers or the time is over."""
    try:
        config = with_login({**settings.client_config(), "client.id": "connector-admin", "log_level": 0})
    except KafkaException as error:
        raise ConfigError.of("sasl.jaas.config", error.args[0].str()) from error
    metadata = None
    try:
        metadata = AdminClient(config).list_topics(timeout=_KAFKA_SECONDS)
    except Exception as error:
        servers = settings.bootstrap_servers
        raise ConfigError.of(
            "bootstrap.servers",
            f"no broker of {servers} answered within {_KAFKA_SECONDS:.0f} s ({error}): check the addresses,"
            " that the brokers run, and security.protocol if they want TLS or SASL",
            code=ErrorCode.KAFKA_UNREACHABLE,
        ) from error
    cluster_id: str | None = metadata.cluster_id
    return cluster_id
