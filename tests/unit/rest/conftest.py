from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from connector.cluster.info import ConnectorInfo, TaskInfo
from connector.rest.app import make_app
from connector.rest.secrets import Secrets

if TYPE_CHECKING:
    from connector.cluster.status import ConnectorStatus, TaskStatus

Client = TestClient[Request, Application]
Connect = Callable[..., Awaitable[Client]]


@dataclass
class InMemoryHerder:
    """Answers from what a test puts into it."""

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


@pytest.fixture
def herder() -> InMemoryHerder:
    return InMemoryHerder()


@pytest.fixture
async def connect(herder: InMemoryHerder) -> AsyncIterator[Connect]:
    """Start the API over the herder, and connect to it."""
    clients: list[Client] = []

    async def start(*, secrets: Secrets = Secrets.MASKED, health_timeout_seconds: float = 5.0) -> Client:
        app = make_app(herder, secrets=secrets, health_timeout_seconds=health_timeout_seconds)
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
