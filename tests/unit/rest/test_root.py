from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.rest.conftest import Client, Connect, InMemoryHerder


async def test_root_tells_a_version_that_clients_can_compare(client: Client) -> None:
    answer = await (await client.get("/")).json()
    assert set(answer) == {"version", "commit", "kafka_cluster_id"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", answer["version"])
    assert tuple(map(int, answer["version"].split("."))) >= (3, 9, 0)
    assert answer["kafka_cluster_id"] == "cluster-1"


async def test_root_answers_before_any_broker_did(client: Client, herder: InMemoryHerder) -> None:
    herder.kafka_cluster_id = None
    assert (await (await client.get("/")).json())["kafka_cluster_id"] is None


async def test_a_worker_that_turns_is_healthy(client: Client) -> None:
    response = await client.get("/health")
    assert response.status == 200
    assert await response.json() == {
        "status": "healthy",
        "message": "Worker has completed startup and is ready to handle requests.",
    }


async def test_a_worker_that_starts_is_not_ready(client: Client, herder: InMemoryHerder) -> None:
    herder.is_ready = False
    response = await client.get("/health")
    assert response.status == 503
    assert await response.json() == {"status": "starting", "message": "Worker is still starting up."}


async def test_a_worker_that_is_stuck_is_unhealthy(connect: Connect, herder: InMemoryHerder) -> None:
    herder.answer_ping = asyncio.Event().wait  # type: ignore[assignment]
    client = await connect(health_timeout_seconds=0.01)
    async with asyncio.timeout(60):
        response = await client.get("/health")
    assert response.status == 500
    assert (await response.json())["status"] == "unhealthy"


async def test_a_worker_whose_loop_fails_is_unhealthy(client: Client, herder: InMemoryHerder) -> None:
    async def fail() -> None:
        raise RuntimeError("s3cret")

    herder.answer_ping = fail
    response = await client.get("/health")
    assert response.status == 500
    assert "s3cret" not in await response.text()
