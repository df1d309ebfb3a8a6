"""``connector status`` against the REST API of workers, and as whom it asks them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from connector.cli import app
from connector.cluster.info import ConnectorInfo
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.config.listener import parse_listeners
from connector.rest.app import Guard, make_app
from connector.rest.principal import Principals
from connector.rest.server import RestServer
from connector.rest.tls import server_context
from connector.runtime.state import State
from connector.testing.certificate import certificate
from connector.testing.kafka.broker import free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from typer.testing import Result

HERE, THERE = "10.0.0.4:8083", "10.0.0.5:8083"
TRACE = """Traceback (most recent call last):
  File "task.py", line 1, in run
connector.errors.ConfigError: 1 configuration error(s):
  - aws.s3.bucket.name: There is no such bucket.
code: config-invalid, see docs/runbook.md#config-invalid
"""
USERS = "basic.ada=viewer:correct horse\nbearer.script=viewer:a-long-token\n"


@dataclass
class Herder:
    """Knows what connectors do."""

    statuses: dict[str, ConnectorStatus]

    def connectors(self) -> list[str]:
        return list(self.statuses)

    def status(self, name: str) -> ConnectorStatus | None:
        return self.statuses.get(name)

    def info(self, name: str) -> ConnectorInfo | None:
        tasks = [task.id for task in self.statuses[name].tasks] if name in self.statuses else []
        return ConnectorInfo(name, {"name": name, "connector.class": "org.example.s3"}, tasks)


@pytest.fixture
def herder() -> Herder:
    tasks = [TaskStatus(0, State.RUNNING, HERE), TaskStatus(1, State.RUNNING, THERE)]
    return Herder({"orders": ConnectorStatus("orders", State.RUNNING, HERE, tasks=tasks)})


@pytest.fixture
async def url(herder: Herder) -> AsyncIterator[str]:
    server = TestServer(make_app(herder))  # type: ignore[arg-type]  # of it only reads are asked
    await server.start_server()
    yield f"http://127.0.0.1:{server.port}"
    await server.close()


@pytest.fixture
async def guarded_url(herder: Herder, tmp_path: Path) -> AsyncIterator[str]:
    """Behind TLS, with users; and without a certificate that anybody knows."""
    (tmp_path / "users").write_text(USERS)
    tls = server_context({"ssl.keystore.location": str(certificate(tmp_path, "localhost"))})
    guard = Guard(principals=Principals.read(tmp_path / "users"))
    served = make_app(herder, guard=guard)  # type: ignore[arg-type]
    server = await RestServer.start(served, parse_listeners("https://127.0.0.1:0"), tls=tls)
    ((_, port),) = server.addresses
    yield f"https://localhost:{port}"
    await server.stop()


async def status(*arguments: str, **environ: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["status", *arguments], env=environ)


def fail(herder: Herder) -> None:
    failed = TaskStatus(0, State.FAILED, THERE, trace=TRACE)
    herder.statuses["a b"] = ConnectorStatus("a b", State.RUNNING, THERE, tasks=[failed])


async def test_a_table_has_a_line_for_every_connector(url: str, herder: Herder) -> None:
    herder.statuses["idle"] = ConnectorStatus("idle", State.STOPPED, HERE)
    result = await status("--url", url)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "CONNECTOR  SINK  STATE    TASKS      WORKER",
        f"idle       s3    STOPPED  none       {HERE}",
        f"orders     s3    RUNNING  2 running  {HERE}, {THERE}",
    ]


async def test_what_failed_fails_the_command_and_says_why(url: str, herder: Herder) -> None:
    fail(herder)
    result = await status("--url", url)
    assert result.exit_code == 1
    _, told = result.stdout.split("\n\n")
    assert told == (
        "a b, task 0: connector.errors.ConfigError: 1 configuration error(s):\n"
        "  - aws.s3.bucket.name: There is no such bucket.\n"
        "code: config-invalid, see docs/runbook.md#config-invalid\n"
    )
    assert "File" in (await status("--url", url, "--trace")).stdout
    assert (await status("orders", "--url", url)).exit_code == 0


async def test_one_connector_is_shown_task_by_task(url: str) -> None:
    result = await status("orders", "--url", url)
    assert result.stdout.splitlines() == [
        "orders     STATE    WORKER",
        f"connector  RUNNING  {HERE}",
        f"task 0     RUNNING  {HERE}",
        f"task 1     RUNNING  {THERE}",
    ]


async def test_scripts_get_json(url: str, herder: Herder) -> None:
    fail(herder)
    result = await status("--json", "--url", url)
    assert result.exit_code == 1
    shown: list[dict[str, Any]] = json.loads(result.stdout)
    assert [each["name"] for each in shown] == ["a b", "orders"]
    assert (
        json.loads((await status("a b", "--json", CONNECTOR_URL=url)).stdout)["tasks"][0]["state"] == "FAILED"
    )


async def test_a_connector_that_is_not_there_is_refused(url: str) -> None:
    result = await status("none", "--url", url)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "No status found for connector none" in result.stderr


async def test_the_first_worker_that_answers_is_asked(url: str) -> None:
    (port,) = free_ports(1)
    nobody = f"http://127.0.0.1:{port}"
    assert (await status("--url", nobody, "--url", url)).exit_code == 0
    assert (await status(CONNECTOR_URL=f"{nobody}, {url}/")).exit_code == 0
    result = await status("--url", nobody, CONNECTOR_URL=url)
    assert result.exit_code == 3
    assert f"No answer from {nobody} (" in result.stderr


@pytest.mark.parametrize("url", ["worker:8083", "ftp://worker", "http://", "http://ada:canary@worker:8083"])
async def test_what_is_no_url_is_refused(url: str) -> None:
    result = await status("--url", url)
    assert result.exit_code == 3
    assert "is no URL of a worker" in result.stderr
    assert "canary" not in result.stderr


async def test_what_is_no_worker_is_told_from_one(tmp_path: Path) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await status("--url", f"http://127.0.0.1:{port}")
    assert result.exit_code == 3
    assert "no worker's REST API" in result.stderr


async def test_users_and_tokens_come_from_variables_or_files(guarded_url: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\n")
    known = {"CONNECTOR_CA_FILE": str(tmp_path / "localhost.pem"), "CONNECTOR_URL": guarded_url}
    secret = ("--password-file", str(tmp_path / "secret"))
    assert (await status("--user", "ada", *secret, **known)).exit_code == 0
    assert (await status(CONNECTOR_USER="ada", CONNECTOR_PASSWORD="correct horse", **known)).exit_code == 0
    assert (await status(CONNECTOR_TOKEN="a-long-token", **known)).exit_code == 0
    (tmp_path / "secret").write_text("a-long-token")
    assert (await status("--token-file", str(tmp_path / "secret"), **known)).exit_code == 0
    nobody = await status(**known)
    assert (nobody.exit_code, "asks who you are" in nobody.stderr) == (3, True)
    wrong = await status(CONNECTOR_TOKEN="canary", **known)
    assert (wrong.exit_code, "canary" in wrong.output) == (3, False)


async def test_a_certificate_that_nobody_vouches_for_is_refused(guarded_url: str, tmp_path: Path) -> None:
    result = await status("--url", guarded_url, CONNECTOR_TOKEN="a-long-token")
    assert result.exit_code == 3
    assert "its certificate is not trusted" in result.stderr
    (tmp_path / "no.pem").write_text("no certificate")
    other = await status("--url", guarded_url, "--ca-file", str(tmp_path / "no.pem"))
    assert "holds no certificates" in other.stderr


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"CONNECTOR_USER": "ada"}, "--user: has no password"),
        ({"CONNECTOR_USER": "ada", "CONNECTOR_PASSWORD": "a", "CONNECTOR_TOKEN": "b"}, "not both"),
        ({"CONNECTOR_TOKEN": "a\nb"}, "one line"),
        ({"CONNECTOR_TOKEN_FILE": "/nowhere"}, "no such file"),
    ],
)
async def test_half_of_a_user_is_refused(environ: dict[str, str], told: str) -> None:
    result = await status(**environ)
    assert result.exit_code == 3
    assert told in result.stderr
