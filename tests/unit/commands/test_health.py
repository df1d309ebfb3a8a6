"""``connector health`` against the REST API of a worker, on whatever listeners it has."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.commands.health import report
from connector.config.listener import parse_listeners
from connector.errors import ConfigError
from connector.rest.app import Guard, make_app
from connector.rest.principal import Principals
from connector.rest.server import RestServer
from connector.rest.tls import server_context
from connector.testing.certificate import certificate
from connector.testing.kafka.broker import free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


class Herder:
    """As ready as it is told."""

    kafka_cluster_id = "cluster-1"

    def __init__(self, *, is_ready: bool = True) -> None:
        self.is_ready = is_ready

    async def ping(self) -> None:
        if not self.is_ready:
            raise TimeoutError


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    servers: list[RestServer] = []

    async def start(*, is_ready: bool = True, tls: dict[str, str] | None = None, users: str = "") -> str:
        guard = Guard()
        if users:
            (tmp_path / "users").write_text(users)
            guard = Guard(Principals.read(tmp_path / "users"))
        herder: Any = Herder(is_ready=is_ready)
        where = f"{'https' if tls else 'http'}://127.0.0.1:0"
        context = server_context(tls) if tls else None
        servers.append(
            await RestServer.start(make_app(herder, guard=guard), parse_listeners(where), tls=context)
        )
        ((_, port),) = servers[-1].addresses
        # As in the image: the worker listens everywhere, and the check finds it on loopback.
        return f"{'https' if tls else 'http'}://0.0.0.0:{port}"

    yield start
    for server in servers:
        await server.stop()


async def asked(listeners: str, *, live: bool = False) -> tuple[bool, str]:
    return await asyncio.to_thread(report, None, {"CONNECT_LISTENERS": listeners}, live=live)


@pytest.mark.parametrize(
    ("is_ready", "live", "expected"), [(True, False, True), (False, False, False), (False, True, True)]
)
async def test_a_worker_that_starts_is_alive_and_not_ready(
    serve: Callable[..., Awaitable[str]], is_ready: bool, live: bool, expected: bool
) -> None:
    assert (await asked(await serve(is_ready=is_ready), live=live))[0] is expected


async def test_a_worker_with_users_is_checked_without_one(serve: Callable[..., Awaitable[str]]) -> None:
    assert (await asked(await serve(users="bearer.me=admin:a long token")))[0]


async def test_a_worker_is_checked_over_tls(serve: Callable[..., Awaitable[str]], tmp_path: Path) -> None:
    own = certificate(tmp_path, "worker.example")
    assert (await asked(await serve(tls={"ssl.keystore.location": str(own)})))[0]


async def test_where_clients_need_certificates_a_listener_without_tls_is_asked(
    serve: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    own, theirs = str(certificate(tmp_path, "worker.example")), str(certificate(tmp_path, "client"))
    closed = await serve(
        tls={
            "ssl.keystore.location": own,
            "ssl.client.auth": "required",
            "ssl.truststore.location": theirs,
        }
    )
    is_healthy, message = await asked(closed)
    assert not is_healthy
    assert "give listeners a second one for this check" in message
    assert (await asked(f"{closed},{await serve()}"))[0]


async def test_the_file_of_the_worker_tells_where_it_listens(
    serve: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    (tmp_path / "worker.properties").write_text(f"listeners={await serve()}\n")
    assert (await asyncio.to_thread(report, tmp_path / "worker.properties", {}))[0]


def test_no_worker_is_not_healthy() -> None:
    (port,) = free_ports(1)
    is_healthy, message = report(None, {"CONNECT_LISTENERS": f"http://127.0.0.1:{port}"})
    assert not is_healthy
    assert f"no answer from http://127.0.0.1:{port}" in message


def test_listeners_that_are_none_are_named() -> None:
    with pytest.raises(ConfigError, match="listeners: 8083 is no listener"):
        report(None, {"CONNECT_LISTENERS": "8083"})


def test_the_command_exits_with_one_where_nothing_is_healthy() -> None:
    (port,) = free_ports(1)
    result = CliRunner().invoke(app, ["health"], env={"CONNECT_LISTENERS": f"http://127.0.0.1:{port}"})
    assert result.exit_code == 1
    assert "no answer" in result.output


def test_the_check_of_the_image_needs_hardly_anything() -> None:
    """A container starts it every few seconds."""
    heavy = "{'typer', 'pydantic', 'aiohttp', 'confluent_kafka', 'botocore', 'pyarrow'}"
    code = f"import sys, connector.commands.health; sys.exit(bool({heavy} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
