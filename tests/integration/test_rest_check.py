"""Checks over REST against an AWS that checks keys and external ids: what is wrong is found on the worker."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from connector.aws import check as names
from connector.cluster.checks import ConnectorChecks
from connector.cluster.connection_service import ConnectionService
from connector.cluster.connections import ConnectionDirectory
from connector.rest.app import make_app
from connector.settings import WorkerSettings
from connector.testing.connections import ScriptedUsers
from connector.testing.proxy.fault import FOREVER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp.web import Application, Request

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy

LAKE = "/aws/connections/lake"
EXTERNAL_ID = "tenant-4711"


@pytest.fixture
async def rest(tmp_path: Path) -> AsyncIterator[TestClient[Request, Application]]:
    store = ConnectionDirectory(tmp_path)
    service = ConnectionService(store, ScriptedUsers(), wait_seconds=60)
    checks = ConnectorChecks(
        WorkerSettings.load(None, {"CONNECT_BOOTSTRAP_SERVERS": "localhost:9092"}), store
    )
    # Neither asks the herder.
    app = make_app(None, connections=service, checks=checks)  # type: ignore[arg-type]
    async with TestClient(TestServer(app)) as client:
        yield client
    await service.stop()


@pytest.fixture
def lake(strict_aws: AwsServer, proxy: FaultProxy) -> dict[str, Any]:
    return {
        "name": "lake",
        "options": {
            "aws.access.key.id": strict_aws.access_key_id,
            "aws.secret.access.key": strict_aws.secret_access_key,
            "aws.sts.role.arn": strict_aws.create_role(f"role-{uuid.uuid4().hex[:12]}", EXTERNAL_ID),
            "aws.region": "us-east-1",
            "aws.endpoint": proxy.url,
        },
    }


def outcomes(answer: dict[str, Any], key: str = "checks") -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in answer[key]}


async def test_a_wrong_external_id_is_found_by_the_validation_and_a_right_one_too(
    rest: TestClient[Request, Application], lake: dict[str, Any], proxy: FaultProxy
) -> None:
    await rest.post("/aws/connections?validate=false", json=lake)  # with the generated id, not the role's
    found = await (await rest.put(f"{LAKE}/validate")).json()
    assert found["status"] == "FAILED"
    assert outcomes(found) == {
        names.REGION: "ok",
        names.STS_ENDPOINT: "ok",
        names.CREDENTIALS: "ok",
        names.CALLER: "ok",
        names.CLOCK: "ok",
        names.ROLE: "failed",
        names.WITHOUT_ID: "skipped",
        names.WRONG_ID: "skipped",
        names.ROLE_CALLER: "skipped",
    }
    (step,) = [step for step in found["checks"] if step["name"] == names.ROLE]
    assert "aws.sts.role.external.id" in step["remedy"]
    assert found["reason"] == f"{step['detail']}: {step['remedy']}"
    assert ":user/" in found["principal"]

    lake["options"]["aws.sts.role.external.id"] = EXTERNAL_ID
    found = await (await rest.put(LAKE, json=lake)).json()
    assert (found["status"], found["reason"]) == ("READY", None)
    assert outcomes(found)[names.WITHOUT_ID] == "warning", "moto lets a role be assumed without its id"
    proxy.fail(
        "AssumeRole",
        FOREVER,
        status=403,
        code="AccessDenied",
        match=lambda request: "ExternalId" not in request.form,
    )
    found = await (await rest.put(f"{LAKE}/validate")).json()
    assert set(outcomes(found).values()) == {"ok"}
    assert lake["options"]["aws.secret.access.key"] not in json.dumps(found)


async def test_a_connector_is_checked_on_the_worker_with_its_named_connection(
    rest: TestClient[Request, Application], lake: dict[str, Any], bucket: str, strict_aws: AwsServer
) -> None:
    lake["options"]["aws.sts.role.external.id"] = EXTERNAL_ID
    await rest.post("/aws/connections", json=lake)
    config = {
        "connector.class": "s3",
        "topics": "orders",
        "aws.connection": "lake",
        "aws.s3.bucket.name": bucket,
    }
    report = await (await rest.put("/aws/check", json=config)).json()
    assert report["works"] is True
    assert outcomes(report, "steps")["S3 upload of orders"] == "ok"
    assert strict_aws.incomplete_uploads(bucket) == []
    report = await (await rest.put("/aws/check", json={**config, "aws.s3.bucket.name": "not-there"})).json()
    assert report["works"] is False
