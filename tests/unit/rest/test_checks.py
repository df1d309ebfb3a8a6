"""``PUT /aws/check``: a worker checks a connector that it does not run; no AWS is where it would be."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.check import DEADLINE_SECONDS
from connector.cluster import checks
from connector.cluster.checks import ConnectorChecks
from connector.cluster.connections import ConnectionDirectory
from connector.rest.app import make_app
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.rest.conftest import Client, InMemoryHerder

PATH = "/aws/check"
SECRET = "s3cret-canary"
KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": SECRET}
NOWHERE = {"aws.endpoint": "http://127.0.0.1:1"}
ORDERS = {"connector.class": "s3", "topics": "orders", "aws.s3.bucket.name": "bucket", **KEYS, **NOWHERE}


def settings(**more: str) -> WorkerSettings:
    environ = {"CONNECT_BOOTSTRAP_SERVERS": "localhost:9092", "CONNECT_LISTENERS": "http://10.1.2.3:8083"}
    return WorkerSettings.load(None, environ | more)


@pytest.fixture
def store(tmp_path: Path) -> ConnectionDirectory:
    return ConnectionDirectory(tmp_path)


@pytest.fixture
async def rest(herder: InMemoryHerder, store: ConnectionDirectory) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(herder, checks=ConnectorChecks(settings(), store)))) as client:
        yield client


async def refused(client: Client, body: Any, status: int = 400) -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await client.put(PATH, data=data, headers={"Content-Type": "application/json"})
    text = await response.text()
    assert SECRET not in text
    assert (response.status, json.loads(text)["error_code"]) == (status, status), text
    return str(json.loads(text)["message"])


async def test_what_would_not_work_is_told_step_by_step_and_by_whom(rest: Client) -> None:
    response = await rest.put(PATH, json={"name": "orders-to-s3", **ORDERS})
    report = await response.json()
    assert SECRET not in json.dumps(report)
    assert (response.status, report["works"]) == (200, False)
    assert (report["connector"], report["worker"]) == ("orders-to-s3", "10.1.2.3:8083")
    assert report["checked_on"]
    steps = {step["name"]: step for step in report["steps"]}
    assert steps["S3 endpoint"]["outcome"] == "failed"
    assert "correct the endpoint" in steps["S3 endpoint"]["remedy"]
    assert steps["credentials"]["outcome"] == "ok"
    assert set(steps["credentials"]) == {"name", "outcome", "detail", "remedy", "seconds"}


async def test_a_config_without_a_name_is_checked_as_well(rest: Client) -> None:
    assert (await rest.put(PATH, json=ORDERS)).status == 200


async def test_a_name_that_is_checked_is_no_label_of_metrics(rest: Client) -> None:
    await rest.put(PATH, json={**ORDERS, "name": "of-a-passer-by"})
    text = await (await rest.get("/metrics")).text()
    assert "connector_" in text
    assert "of-a-passer-by" not in text


async def test_every_fault_of_the_config_is_told_at_once(rest: Client) -> None:
    faulty = {**ORDERS, "aws.sts.role.arn": "nonsense", "aws.region": "x", "file.compression.type": "zip"}
    message = await refused(rest, faulty)
    assert all(option in message for option in ("aws.sts.role.arn", "aws.region", "file.compression.type"))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'{"a": {}}', b'{"a": "' + SECRET.encode()])
async def test_a_body_that_is_no_config_is_refused_and_not_quoted(rest: Client, body: bytes) -> None:
    await refused(rest, body)


async def test_the_named_connection_is_the_workers(rest: Client, store: ConnectionDirectory) -> None:
    named = {
        "connector.class": "s3",
        "topics": "orders",
        "aws.s3.bucket.name": "bkt",
        "aws.connection": "lake",
    }
    assert "There is no connection lake" in await refused(rest, named)
    lake = Definition("lake", {**KEYS, "aws.s3.endpoint": "http://127.0.0.1:1"})
    store.create(NamedConnection.new(lake, dt.datetime.now(dt.UTC)))
    report = await (await rest.put(PATH, json=named)).json()
    found = {step["name"]: step["detail"] for step in report["steps"]}
    assert "static keys" in found["credentials"]
    assert "127.0.0.1" in found["S3 endpoint"]


async def test_a_connection_for_other_workers_is_refused(rest: Client, store: ConnectionDirectory) -> None:
    lake = Definition("lake", KEYS, required_roles=("dmz",))
    store.create(NamedConnection.new(lake, dt.datetime.now(dt.UTC)))
    message = await refused(rest, {**NOWHERE, "connector.class": "s3", "aws.connection": "lake"})
    assert "workers with the roles dmz" in message


async def test_a_service_that_keeps_silent_holds_no_answer_up_for_long(
    herder: InMemoryHerder, store: ConnectionDirectory
) -> None:
    impatient = ConnectorChecks(settings(), store, total_seconds=5)
    app = make_app(herder, checks=impatient)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = {**ORDERS, "aws.endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        async with TestClient(TestServer(app)) as client, asyncio.timeout(60):
            report = await (await client.put(PATH, json=config)).json()
    found = {step["name"]: step for step in report["steps"]}
    assert report["works"] is False
    assert "no answer within" in found["caller identity"]["detail"]
    assert sum(step["seconds"] for step in report["steps"]) < DEADLINE_SECONDS


async def test_so_many_at_a_time_and_no_more(rest: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_CHECKS", 1)
    first = asyncio.create_task(rest.put(PATH, json=ORDERS))
    answers = await asyncio.gather(*(rest.put(PATH, json=ORDERS) for _ in range(3)), first)
    assert sorted({answer.status for answer in answers}) == [200, 503]
    assert (await rest.put(PATH, json=ORDERS)).status == 200


async def test_a_worker_without_checks_says_so(client: Client) -> None:
    await refused(client, ORDERS, 404)
