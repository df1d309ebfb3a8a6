from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from connector.cluster.info import ConnectorInfo, TaskInfo
from connector.rest.app import make_app
from connector.rest.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.cluster.logger_level import LoggerLevel
    from connector.cluster.offset import OffsetEntry, PartitionOffset
    from connector.cluster.status import ConnectorStatus, TaskStatus
    from connector.config.info import ConfigInfos, SubmittedConfig
    from connector.config.target_state import TargetState

Client = TestClient[Request, Application]
Connect = Callable[..., Awaitable[Client]]


@dataclass
class InMemoryHerder:
    """Answers reads from what a test puts into it; changes are for tests of herders that make them."""

    kafka_cluster_id: str | None = "cluster-1"
    is_ready: bool = True
    answer_ping: Callable[[], Awaitable[None]] | None = None
    infos: dict[str, ConnectorInfo] = field(default_factory=dict)
    statuses: dict[str, ConnectorStatus] = field(default_factory=dict)

    def add(self, name: str, **config: str) -> None:
        self.infos[name] = ConnectorInfo(name, {"name": name, **config}, [0])

    async def ping(self) -> None:
        if self.answer_ping:
            await self.answer_ping()

    def connectors(self) -> list[str]:
        return list({**self.infos, **self.statuses})

    def info(self, name: str) -> ConnectorInfo | None:
        return self.infos.get(name)

    def tasks(self, name: str) -> list[TaskInfo] | None:
        info = self.infos.get(name)
        if info is None:
            return None
        return [TaskInfo(task, {**info.config, "task.class": "S3Sink"}) for task in info.tasks]

    def status(self, name: str) -> ConnectorStatus | None:
        return self.statuses.get(name)

    def task_status(self, name: str, task: int) -> TaskStatus | None:
        status = self.statuses.get(name)
        return next((found for found in status.tasks if found.id == task), None) if status else None

    def topics(self, name: str) -> list[str]:
        raise NotImplementedError

    async def validate(self, config: SubmittedConfig) -> ConfigInfos:
        raise NotImplementedError

    async def create(
        self, name: str, config: SubmittedConfig, initial_state: TargetState | None = None
    ) -> ConnectorInfo:
        raise NotImplementedError

    async def put_config(self, name: str, config: SubmittedConfig) -> tuple[ConnectorInfo, bool]:
        raise NotImplementedError

    async def patch_config(self, name: str, patch: SubmittedConfig) -> ConnectorInfo:
        raise NotImplementedError

    async def delete(self, name: str) -> None:
        raise NotImplementedError

    async def set_target_state(self, name: str, state: TargetState) -> None:
        raise NotImplementedError

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        raise NotImplementedError

    async def restart_task(self, name: str, task: int) -> None:
        raise NotImplementedError

    async def reset_topics(self, name: str) -> None:
        raise NotImplementedError

    async def offsets(self, name: str) -> Sequence[PartitionOffset]:
        raise NotImplementedError

    async def alter_offsets(self, name: str, entries: Sequence[OffsetEntry]) -> bool:
        raise NotImplementedError

    async def reset_offsets(self, name: str) -> bool:
        raise NotImplementedError

    def loggers(self) -> Mapping[str, LoggerLevel]:
        raise NotImplementedError

    async def set_level(self, logger: str, level: str) -> list[str]:
        raise NotImplementedError

    async def set_cluster_level(self, logger: str, level: str) -> None:
        raise NotImplementedError


@pytest.fixture
def herder() -> InMemoryHerder:
    return InMemoryHerder()


@pytest.fixture
async def connect(herder: InMemoryHerder) -> AsyncIterator[Connect]:
    """Start the API over the herder, and connect to it."""
    clients: list[Client] = []

    async def start(
        *, secrets: Secrets = Secrets.MASKED, health_timeout_seconds: float = 5.0, **more: Any
    ) -> Client:
        app = make_app(herder, secrets=secrets, health_timeout_seconds=health_timeout_seconds, **more)
        client: Client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def client(connect: Connect) -> Client:
    return await connect()
