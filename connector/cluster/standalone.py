"""One worker on its own: connectors come from files and live as long as the process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from confluent_kafka.admin import AdminClient

from connector import logs
from connector.cluster.checks import ConnectorChecks
from connector.cluster.connection_service import ConnectionService, ConnectionUser
from connector.cluster.defaults import Defaults, connection_store
from connector.cluster.info import ConnectorInfo, TaskInfo
from connector.cluster.reload import READ_SECONDS, Reloads
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.concealment import conceal
from connector.errors import ConfigError
from connector.runtime.blueprint import draw
from connector.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.aws.named import NamedConnection
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint
    from connector.runtime.task import Task
    from connector.runtime.worker import RunningConnector
    from connector.settings import WorkerSettings

log = logs.get(__name__)

_KAFKA_SECONDS = 10.0


class StandaloneHerder:
    """Answers for the connectors of this process, and runs them."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._worker = Worker(settings)
        self._cluster_id: str | None = None
        self._ready = False
        self._store = connection_store(settings)
        self.checks = ConnectorChecks(settings, self._store)
        self.connections = (
            ConnectionService(self._store, self, resolver=settings.resolver) if self._store else None
        )
        self._restarting = asyncio.Lock()
        self._reloads = Reloads(
            settings.resolver,
            lambda: [connector.blueprint for connector in self._worker.connectors.values()],
            self.pick_up,
            interval_seconds=settings.config_reload_interval_ms / 1000,
        )

    async def start(self, blueprints: Sequence[Blueprint]) -> None:
        """Reach Kafka, then run the connectors.

        Raises:
            ConfigError: No broker of ``bootstrap.servers`` answers, or the directory of connections cannot
                be used.
        """
        if self._store:
            self._store.prepare()
        self._cluster_id = await asyncio.to_thread(_cluster_id, self._settings)
        for blueprint in blueprints:
            self._worker.start_connector(blueprint)
        if self.connections:
            await self.connections.start()
        self._reloads.start()
        self._ready = True

    async def stop(self) -> None:
        self._ready = False
        stopping = [self._worker.stop(), self._reloads.stop()]
        if self.connections:
            stopping.append(self.connections.stop())
        await asyncio.gather(*stopping)

    def running(self) -> list[RunningConnector]:
        return list(self._worker.connectors.values())

    # ---- what named connections ask ----

    def users(self, name: str) -> list[ConnectionUser]:
        return [
            ConnectionUser(
                connector.blueprint.name, tuple(task.spec.task for task in connector.tasks), use.version
            )
            for connector in self._worker.connectors.values()
            if (use := connector.blueprint.connection) is not None and use.name == name
        ]

    async def check_fit(self, connection: NamedConnection) -> None:
        for user in self.users(connection.name):
            await self._redraw(user.connector, connection)

    async def pick_up(self, connector: str) -> None:
        """The blueprint comes first: if it cannot be drawn, the connector goes on as it is."""
        async with self._restarting:
            await self._worker.restart_connector(await self._redraw(connector))

    async def _redraw(self, connector: str, candidate: NamedConnection | None = None) -> Blueprint:
        """On a thread, since config providers and connections are read."""
        raw = self._worker.connectors[connector].blueprint.raw
        worker = Defaults(self._settings, self._store, candidate)
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(draw, raw, worker)
        except TimeoutError:
            raise ConfigError.of(
                "config.providers",
                f"nothing was read within {READ_SECONDS:g} s: look at where they read",
                source=f"connector {connector}",
            ) from None
        except ConfigError as error:
            raise ConfigError(error.problems, source=f"connector {connector}") from error

    # ---- what REST asks ----

    @property
    def kafka_cluster_id(self) -> str | None:
        return self._cluster_id

    @property
    def is_ready(self) -> bool:
        return self._ready

    async def ping(self) -> None:
        await asyncio.sleep(0)

    def connectors(self) -> list[str]:
        return list(self._worker.connectors)

    def info(self, name: str) -> ConnectorInfo | None:
        connector = self._worker.connectors.get(name)
        if connector is None:
            return None
        return ConnectorInfo(name, connector.blueprint.raw, [task.spec.task for task in connector.tasks])

    def tasks(self, name: str) -> list[TaskInfo] | None:
        connector = self._worker.connectors.get(name)
        if connector is None:
            return None
        config: RawConfig = {**connector.blueprint.raw, "task.class": connector.blueprint.sink_class_name}
        return [TaskInfo(task.spec.task, config) for task in connector.tasks]

    def status(self, name: str) -> ConnectorStatus | None:
        connector = self._worker.connectors.get(name)
        if connector is None:
            return None
        return ConnectorStatus(
            name=name,
            state=connector.state,
            worker_id=self._settings.worker_id,
            tasks=[self._task_status(task) for task in connector.tasks],
        )

    def task_status(self, name: str, task: int) -> TaskStatus | None:
        status = self.status(name)
        return next((found for found in status.tasks if found.id == task), None) if status else None

    def _task_status(self, task: Task) -> TaskStatus:
        trace = task.trace and conceal(task.trace)
        return TaskStatus(task.spec.task, task.state, self._settings.worker_id, trace)


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


def _drawn(raw: RawConfig, worker: Defaults) -> Blueprint:
    try:
        return draw(raw, worker)
    except ConfigError as error:
        name = raw.get("name", "")
        raise ConfigError(error.problems, source=f"connector {name}" if name else "") from error


def _cluster_id(settings: WorkerSettings) -> str | None:
    """The Kafka cluster's id; blocks until a broker answers or the time is over."""
    config: dict[str, Any] = {**settings.client_config(), "client.id": "connector-admin", "log_level": 0}
    metadata = None
    try:
        metadata = AdminClient(config).list_topics(timeout=_KAFKA_SECONDS)
    except Exception as error:
        servers = settings.bootstrap_servers
        raise ConfigError.of(
            "bootstrap.servers",
            f"no broker of {servers} answered within {_KAFKA_SECONDS:.0f} s ({error}): check the addresses,"
            " that the brokers run, and security.protocol if they want TLS or SASL",
        ) from error
    cluster_id: str | None = metadata.cluster_id
    return cluster_id
