from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import aiohttp
import pytest
import uvloop

from connector.config.listener import parse_listeners
from connector.errors import ConfigError
from connector.rest.app import make_app
from connector.rest.server import RestServer
from connector.testing.kafka.broker import free_ports

if TYPE_CHECKING:
    from tests.unit.rest.conftest import InMemoryHerder

Serve = Callable[..., Awaitable[RestServer]]


@pytest.fixture
async def serve(herder: InMemoryHerder) -> AsyncIterator[Serve]:
    """Start a server on listeners written as the operator writes them."""
    servers: list[RestServer] = []

    async def start(listeners: str, *, stop_seconds: float = 1.0) -> RestServer:
        server = await listen(herder, listeners, stop_seconds=stop_seconds)
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.stop()


async def listen(herder: InMemoryHerder, listeners: str, *, stop_seconds: float = 1.0) -> RestServer:
    return await RestServer.start(make_app(herder), parse_listeners(listeners), stop_seconds=stop_seconds)


async def fetch(address: tuple[str, int], path: str) -> str:
    host, port = address
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}{path}") as response:
        return await response.text()


async def test_every_listener_answers_until_the_server_stops(serve: Serve) -> None:
    server = await serve("http://127.0.0.1:0,http://localhost:0")
    addresses = server.addresses
    assert len(addresses) >= 2
    for address in addresses:
        if ":" not in address[0]:
            assert "healthy" in await fetch(address, "/health")
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await fetch(addresses[0], "/health")


async def occupied_port_is_named(herder: InMemoryHerder) -> None:
    (free,) = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(ConfigError) as raised:
            await listen(herder, f"http://127.0.0.1:{free},http://127.0.0.1:{taken}")
        (problem,) = raised.value.problems
        assert problem.option == "listeners"
        assert f"http://127.0.0.1:{taken}" in problem.message
        assert "in use" in problem.message
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", free)


async def test_a_port_that_is_taken_is_named_and_nothing_is_left_open(herder: InMemoryHerder) -> None:
    await occupied_port_is_named(herder)


def test_a_port_that_is_taken_is_named_on_the_loop_of_production_too(herder: InMemoryHerder) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(occupied_port_is_named(herder))


async def test_every_listener_at_fault_is_named_at_once(serve: Serve) -> None:
    with pytest.raises(ConfigError) as raised:
        await serve("http://192.0.2.1:0,http://no-such-host.invalid:0")
    messages = [problem.message for problem in raised.value.problems]
    assert "192.0.2.1" in messages[0]
    assert "no-such-host.invalid" in messages[1]


async def test_stopping_does_not_wait_for_clients_that_never_finish(
    serve: Serve, herder: InMemoryHerder
) -> None:
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    herder.answer_ping = hang
    server = await serve("http://127.0.0.1:0", stop_seconds=0.1)
    _, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    await asked.wait()
    async with asyncio.timeout(60):
        await server.stop()
    writer.close()
