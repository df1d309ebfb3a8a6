"""A connector that uses a named connection, in a real worker: it delivers, follows updates, loses nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

NAME = "the lake/öst"
MADE_UP = "connector-check-"
"""So begin the external ids with which a validation tries whether the role is open to others."""
CANARY = "cAnArY-s3cret-that-nobody-may-see"


@pytest.fixture
def role(aws: AwsServer, request: pytest.FixtureRequest) -> str:
    return aws.create_role(f"role-{abs(hash(request.node.name))}", "first-id")


@pytest.fixture
def stored(aws: AwsServer, proxy: FaultProxy, role: str) -> dict[str, Any]:
    """The connection that a test starts with."""
    return {
        "name": NAME,
        "options": {
            "aws.access.key.id": aws.access_key_id,
            "aws.secret.access.key": aws.secret_access_key,
            "aws.sts.role.arn": role,
            "aws.sts.role.external.id": "first-id",
            "aws.region": "eu-north-1",
            "aws.endpoint": proxy.url,
        },
    }


class Worker(WorkerProcess):
    """A worker that is told about connections over REST."""

    def ask(
        self, method: str, path: str, body: Any = None, *, timeout_seconds: float = 30
    ) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/aws/connections{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


GLUE_JSON = "com.amazonaws.services.schemaregistry.kafkaconnect.jsonschema.JsonSchemaConverter"
PATH = "/the%20lake%2F%C3%B6st"


@pytest.fixture
def configure(kafka: KafkaBroker, bucket: str, tmp_path: Path) -> Callable[..., Worker]:
    def configure(topic: str, **options: str) -> Worker:
        return Worker(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "offset.flush.interval.ms": "300",
                "aws.connections.directory": str(tmp_path / "connections"),
                "rest.config.secrets": "raw",
                "log.level": "DEBUG",
            },
            {
                "name": f"connector-{topic}",
                "connector.class": "s3",
                "topics": topic,
                **({} if "value.converter.aws.connection" in options else {"aws.connection": NAME}),
                "aws.s3.bucket.name": bucket,
                "file.name.template": "{{topic}}/{{partition}}/{{start_offset:padding=true}}",
                "file.compression.type": "none",
                "format.output.fields": "value,offset",
                "format.output.fields.value.encoding": "none",
                **{name.replace("_", "."): value for name, value in options.items()},
            },
        )

    return configure


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[[dict[str, Any]], None]:
    """Stores a connection before any worker runs, as the worker stores it itself."""

    def prepare(document: dict[str, Any]) -> None:
        import datetime as dt  # noqa: PLC0415

        from connector.aws.definition import Definition  # noqa: PLC0415
        from connector.aws.named import NamedConnection  # noqa: PLC0415
        from connector.cluster.connections import ConnectionDirectory  # noqa: PLC0415

        directory = ConnectionDirectory(tmp_path / "connections")
        directory.prepare()
        directory.create(NamedConnection.new(Definition.parse(document), dt.datetime.now(dt.UTC)))

    return prepare


def offsets(aws: AwsServer, bucket: str) -> dict[str, list[int]]:
    """Per partition every offset in the bucket, in order, and as often as it is there."""
    found: dict[str, list[int]] = {}
    for key, data in sorted(aws.objects(bucket).items()):
        rows = [int(line.rsplit(b",", 1)[1]) for line in data.split(b"\n")]
        found.setdefault(key.split("/")[1], []).extend(rows)
    return found


@pytest.mark.kafka
def test_a_connector_delivers_through_a_named_connection_which_cannot_be_deleted_meanwhile(
    configure: Callable[..., Worker],
    prepared: Callable[[dict[str, Any]], None],
    stored: dict[str, Any],
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    produce(name, [f"v{number}".encode() for number in range(1000)], partition=0)
    prepared(stored)
    with configure(name) as worker:
        worker.wait_for_delivery(1000)
        status, found = worker.ask("DELETE", PATH)
        assert (status, found["error_code"]) == (409, 409)
        assert f"{worker.name} (1 task)" in found["message"]
        status, usage = worker.ask("GET", f"{PATH}/usage")
        assert status == 200
        assert usage["connectors"] == [{"connector": worker.name, "tasks": [0], "version": 1}]
        assert worker.get(f"/connectors/{worker.name}/config")["aws.connection"] == NAME
        assert worker.terminate() == 0, worker.log
    assert offsets(aws, bucket) == {"0": list(range(1000))}


@pytest.mark.kafka
def test_an_update_is_picked_up_without_losing_a_record(
    configure: Callable[..., Worker],
    prepared: Callable[[dict[str, Any]], None],
    stored: dict[str, Any],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    role: str,
) -> None:
    name = topic(2)
    ids: list[str] = []
    proxy.on("AssumeRole", lambda request: ids.append(request.form.get("ExternalId", MADE_UP)))
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        for partition in range(2):
            produce(name, [f"v{sent + number}".encode() for number in range(count)], partition=partition)
        sent += count

    send(500)
    prepared(stored)
    with configure(name, tasks_max="2") as worker:
        worker.wait_for_delivery(1000)
        for round_ in range(2, 5):
            external_id = f"id-of-version-{round_}"
            trust_another_id(aws, role, external_id)
            send(500)
            stored["options"]["aws.sts.role.external.id"] = external_id
            status, answer = worker.validate("PUT", PATH, stored)
            assert (status, answer["status"], answer["version"]) == (200, "READY", round_), answer
            send(500)
            wait_for_version(worker, round_)
        worker.wait_until(
            lambda: (
                [found.offset for found in committed(f"connect-{worker.name}", name).values()] == [sent] * 2
            ),
            "all is committed",
        )
        worker.wait_for_state("RUNNING")
        assert worker.terminate() == 0, worker.log
    assert {key: sorted(set(found)) for key, found in offsets(aws, bucket).items()} == {
        "0": list(range(sent)),
        "1": list(range(sent)),
    }
    wanted = [external_id for external_id in ids if not external_id.startswith(MADE_UP)]
    assert list(dict.fromkeys(wanted)) == [
        "first-id",
        "id-of-version-2",
        "id-of-version-3",
        "id-of-version-4",
    ]


def trust_another_id(aws: AwsServer, role: str, external_id: str) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        },
    }
    aws.client("iam").update_assume_role_policy(
        RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(trust)
    )


def wait_for_version(worker: Worker, version: int) -> None:
    worker.wait_until(lambda: versions(worker) == {version}, f"version {version} is picked up")


def versions(worker: Worker) -> set[int]:
    return {user["version"] for user in worker.ask("GET", f"{PATH}/usage")[1]["connectors"]}


@pytest.mark.kafka
def test_a_converter_follows_an_update_of_the_connection_that_it_alone_uses(
    configure: Callable[..., Worker],
    prepared: Callable[[dict[str, Any]], None],
    stored: dict[str, Any],
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    proxy: FaultProxy,
    role: str,
) -> None:
    name = topic(1)
    ids: list[str] = []
    proxy.on("AssumeRole", lambda request: ids.append(request.form.get("ExternalId", MADE_UP)))
    glue = aws.client("glue")
    glue.create_registry(RegistryName=name)

    def registered(schema: str) -> bytes:
        made = glue.create_schema(
            RegistryId={"RegistryName": name},
            SchemaName=f"{name}-{schema}",
            DataFormat="JSON",
            Compatibility="NONE",
            SchemaDefinition='{"type": "object"}',
        )
        return b"\x03\x00" + UUID(made["SchemaVersionId"]).bytes + b'{"a": 1}'

    def is_committed(offset: int) -> bool:
        return [found.offset for found in committed(f"connect-{name}", name).values()] == [offset]

    prepared(stored)
    inline = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.endpoint": aws.url,
        "format.output.type": "jsonl",
        "value.converter": GLUE_JSON,
        "value.converter.aws.connection": NAME,
        "value.converter.aws.region": "us-east-1",
    }
    with configure(name, **inline, name=name) as worker:
        produce(name, [registered("first")], partition=0)
        worker.wait_until(lambda: is_committed(1), "the first is delivered")
        assert worker.ask("DELETE", PATH)[0] == 409
        trust_another_id(aws, role, "second-id")
        stored["options"]["aws.sts.role.external.id"] = "second-id"
        assert worker.validate("PUT", PATH, stored)[1]["status"] == "READY"
        wait_for_version(worker, 2)
        produce(name, [registered("second")], partition=0)
        worker.wait_until(lambda: is_committed(2), "the second is delivered")
        assert worker.terminate() == 0, worker.log
    wanted = [external_id for external_id in ids if not external_id.startswith(MADE_UP)]
    assert list(dict.fromkeys(wanted)) == ["first-id", "second-id"]


@pytest.mark.kafka
def test_an_update_that_aws_refuses_is_not_picked_up(
    configure: Callable[..., Worker],
    prepared: Callable[[dict[str, Any]], None],
    stored: dict[str, Any],
    topic: CreateTopic,
    produce: Produce,
    proxy: FaultProxy,
) -> None:
    name = topic(1)
    prepared(stored)
    produce(name, [b"before"] * 100, partition=0)
    with configure(name) as worker:
        worker.wait_for_delivery(100)
        proxy.fail("AssumeRole", status=403, code="AccessDenied", message="not with this id")
        stored["options"]["aws.sts.role.external.id"] = "a-wrong-id"
        status, answer = worker.validate("PUT", PATH, stored)
        assert (status, answer["status"]) == (200, "FAILED")
        assert "aws.sts.role.external.id" in answer["reason"]
        produce(name, [b"after"] * 100, partition=0)
        worker.wait_for_delivery(200)
        assert versions(worker) == {1}
        status, answer = worker.validate("POST", f"{PATH}/validate")
        assert (status, answer["status"]) == (200, "READY")
        worker.wait_until(lambda: versions(worker) == {2}, "the update is picked up after all")
        assert worker.terminate() == 0, worker.log


@pytest.mark.kafka
def test_a_connector_that_a_connection_at_fault_kept_from_starting_runs_once_it_is_mended(
    stored: dict[str, Any],
    kafka: KafkaBroker,
    bucket: str,
    topic: CreateTopic,
    proxy: FaultProxy,
    tmp_path: Path,
) -> None:
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "aws.connections.directory": str(tmp_path / "connections"),
        "connectors.directory": str(tmp_path / "connectors"),
    }
    config = {
        "connector.class": "s3",
        "topics": topic(1),
        "aws.connection": NAME,
        "aws.s3.bucket.name": bucket,
    }
    with WorkerProcess(settings) as worker:
        worker.name = "lake"
        worker.wait_until(lambda: worker.get("/health"), "it starts")
        assert worker.validate("POST", "/aws/connections", stored)[1]["status"] == "READY"
        assert worker.ask("PUT", "/connectors/lake/config", config)[0] == 201
        worker.wait_for_state("RUNNING")
        proxy.fail("AssumeRole", status=403, code="AccessDenied", message="not with this id")
        stored["options"]["aws.sts.role.external.id"] = "a-wrong-id"
        assert worker.validate("PUT", f"/aws/connections{PATH}", stored)[1]["status"] == "FAILED"
        worker.terminate()
        worker.start()
        worker.wait_until(lambda: worker.get("/health"), "it starts again")
        assert worker.get("/connectors/lake/status")["connector"]["state"] == "FAILED"

        assert worker.validate("PUT", f"/aws/connections{PATH}/validate")[1]["status"] == "READY"

        worker.wait_for_state("RUNNING")
        assert worker.get("/connectors/lake/status")["connector"]["state"] == "RUNNING"
        assert worker.get(f"/aws/connections{PATH}/usage")["connectors"][0]["version"] == 2


@pytest.mark.kafka
def test_no_secret_of_a_connection_leaves_the_worker(
    configure: Callable[..., Worker],
    prepared: Callable[[dict[str, Any]], None],
    stored: dict[str, Any],
    topic: CreateTopic,
    produce: Produce,
    proxy: FaultProxy,
    tmp_path: Path,
) -> None:
    """Not even where AWS quotes it back, and where the operator wants connectors' secrets shown."""
    name = topic(1)
    produce(name, [b"v"] * 100, partition=0)
    token = f"token-{CANARY}"
    stored["options"] |= {"aws.secret.access.key": CANARY, "aws.session.token": token}
    del stored["options"]["aws.sts.role.arn"], stored["options"]["aws.sts.role.external.id"]
    prepared(stored)
    seen: list[str] = []
    with configure(name) as worker:
        worker.wait_for_delivery(100)
        proxy.fail(
            "GetCallerIdentity",
            status=403,
            code="SignatureDoesNotMatch",
            message=f"x-amz-security-token:{token}",
        )
        broken = {
            "name": NAME,
            "options": {**stored["options"], "aws.profile": "x", "aws.region": CANARY[:3]},
        }
        refused = {**stored, "options": {**stored["options"], "aws.proxy.url": f"http://a:{CANARY}@proxy"}}
        for method, path, body in (
            ("POST", "", stored),
            ("POST", f"{PATH}/validate", None),
            ("PUT", PATH, broken),
            ("PUT", PATH, refused),
            ("PUT", f"{PATH}?validate=false", stored),
            ("GET", "", None),
            ("GET", PATH, None),
            ("GET", f"{PATH}/usage", None),
            ("GET", f"{PATH}/policy", None),
            ("DELETE", PATH, None),
        ):
            status, answer = worker.ask(method, path, body)
            seen.append(json.dumps(answer))
            assert status in {200, 400, 409}, answer
        worker.wait_until(lambda: versions(worker) == {2}, "the update is picked up")
        paths = ("/connectors?expand=info&expand=status", f"/connectors/{worker.name}/tasks")
        seen.extend(json.dumps(worker.get(path)) for path in paths)
        port = worker._port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as metrics:
            seen.append(metrics.read().decode())
        with open(f"/proc/{worker.pid}/cmdline", "rb") as cmdline:  # noqa: PTH123
            seen.append(cmdline.read().decode())
        assert worker.terminate() == 0, worker.log
        seen.append(worker.log)
    assert any("[hidden]" in text for text in seen)
    assert not [text for text in seen if CANARY in text]
    assert [CANARY in path.read_text() for path in (tmp_path / "connections").glob("*.json")] == [True]
