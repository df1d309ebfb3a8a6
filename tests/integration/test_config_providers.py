"""A real worker whose secrets are in a file: it delivers, follows a rotation, and shows no secret."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

PATHS = (
    "/connectors?expand=status&expand=info", "/connectors/{name}/config", "/connectors/{name}/tasks",
    "/connectors/{name}/status", "/aws/connections", "/metrics",
)  # fmt: skip


@pytest.fixture
def keys(strict_aws: AwsServer) -> Iterator[list[dict[str, Any]]]:
    """Access keys of a user that may do everything: one now, one to rotate to."""
    iam = strict_aws.client("iam")
    iam.create_user(UserName="rotated")
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.put_user_policy(UserName="rotated", PolicyName="all", PolicyDocument=json.dumps(everything))
    yield [iam.create_access_key(UserName="rotated")["AccessKey"] for _ in range(2)]
    for key in iam.list_access_keys(UserName="rotated")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="rotated", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="rotated", PolicyName="all")
    iam.delete_user(UserName="rotated")


def write(path: Path, key: dict[str, Any]) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(f"id={key['AccessKeyId']}\nsecret={key['SecretAccessKey']}\n")
    beside.replace(path)


def emitted(worker: WorkerProcess) -> str:
    answers = []
    for path in PATHS:
        with urllib.request.urlopen(worker.url + path.format(name=worker.name), timeout=10) as answer:
            answers.append(answer.read().decode())
    return "\n".join([worker.log, Path(f"/proc/{worker.pid}/cmdline").read_text(), *answers])


@pytest.mark.kafka
@pytest.mark.parametrize("where", ["inline", "in a named connection"])
def test_a_rotated_secret_is_picked_up_without_losing_a_record_and_never_shown(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    strict_aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    keys: list[dict[str, Any]],
    tmp_path: Path,
    where: str,
) -> None:
    name = topic(1)
    path = tmp_path / "keys.properties"
    write(path, keys[0])
    used: set[str] = set()
    proxy.on("UploadPart", lambda request: used.add(key_id(request.headers["authorization"])))
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "log.level": "DEBUG",
        "rest.config.secrets": "raw",
        "aws.connections.directory": str(tmp_path / "connections"),
        "config.providers": "file",
        "config.providers.file.class": "org.apache.kafka.common.config.provider.FileConfigProvider",
        "config.providers.file.param.allowed.paths": str(tmp_path),
        "config.reload.interval.ms": "200",
    }
    references = {
        "aws.access.key.id": f"${{file:{path}:id}}",
        "aws.secret.access.key": f"${{file:{path}:secret}}",
    }
    if where != "inline":
        store(tmp_path / "connections", references)
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        **(references if where == "inline" else {"aws.connection": "lake"}),
        "aws.s3.bucket.name": bucket,
        "aws.endpoint": proxy.url,
        "aws.region": "eu-north-1",
        "file.name.template": "{{topic}}/{{partition}}/{{start_offset:padding=true}}",
        "file.compression.type": "none",
        "format.output.fields": "value,offset",
        "format.output.fields.value.encoding": "none",
    }
    with WorkerProcess(settings, config) as worker:
        produce(name, [b"before"] * 500, partition=0)
        worker.wait_for_delivery(500)
        assert used == {keys[0]["AccessKeyId"]}
        path.rename(tmp_path / "gone")
        worker.wait_until(lambda: "goes on with former values" in worker.log, "the file is missed")
        produce(name, [b"meanwhile"] * 500, partition=0)
        worker.wait_for_delivery(1000)
        write(path, keys[1])
        worker.wait_until(lambda: "references changed" in worker.log, "the rotation is noticed")
        end = 1000

        def uses_the_new_key() -> bool:
            # Records keep coming: the task on its way out may still deliver the first of them.
            nonlocal end
            produce(name, [b"after"] * 50, partition=0)
            end += 50
            return keys[1]["AccessKeyId"] in used

        worker.wait_until(uses_the_new_key, "the new key is used")
        worker.wait_until(
            lambda: [found.offset for found in committed(f"connect-{worker.name}", name).values()] == [end],
            "all is committed",
        )
        worker.wait_for_state("RUNNING")
        everything = emitted(worker)
        assert worker.terminate() == 0, worker.log
        everything += worker.log
    assert references["aws.secret.access.key"] in everything
    for key in keys:
        assert key["SecretAccessKey"] not in everything
        assert key["AccessKeyId"] not in everything
    assert offsets(strict_aws, bucket) == list(range(end))


def key_id(authorization: str) -> str:
    return authorization.partition("Credential=")[2].partition("/")[0]


def store(folder: Path, options: dict[str, str]) -> None:
    import datetime as dt  # noqa: PLC0415

    from connector.aws.definition import Definition  # noqa: PLC0415
    from connector.aws.named import NamedConnection  # noqa: PLC0415
    from connector.cluster.connections import ConnectionDirectory  # noqa: PLC0415

    directory = ConnectionDirectory(folder)
    directory.prepare()
    definition = Definition.parse({"name": "lake", "options": options})
    directory.create(NamedConnection.new(definition, dt.datetime.now(dt.UTC)))


def offsets(aws: AwsServer, bucket: str) -> list[int]:
    objects = sorted(aws.objects(bucket).items())
    return sorted({int(line.rsplit(b",", 1)[1]) for _, data in objects for line in data.split(b"\n")})


@pytest.mark.kafka
def test_a_failed_task_shows_the_reference_and_runs_once_the_value_is_right(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, aws: AwsServer, bucket: str, tmp_path: Path
) -> None:
    name = topic(1)
    path = tmp_path / "bucket"
    path.write_text("canary-bucket-that-is-not-there\n")
    reference = f"${{files:{tmp_path}:bucket}}"
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "config.providers": "files",
        "config.providers.files.class": "DirectoryConfigProvider",
        "config.reload.interval.ms": "200",
    }
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": reference,
        "aws.endpoint": aws.url,
        "aws.region": "eu-north-1",
    }
    produce(name, [b"v"] * 10, partition=0)
    with WorkerProcess(settings, config) as worker:
        worker.wait_for_state("FAILED")
        assert reference in worker.trace()
        assert "canary" not in worker.trace() + worker.log
        path.write_text(bucket)
        worker.wait_until(lambda: aws.objects(bucket), "the records are in the right bucket")
        assert worker.terminate() == 0, worker.log


def test_a_worker_whose_references_cannot_be_resolved_says_so_and_ends(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("tasks=canary")
    settings = {
        "bootstrap.servers": "127.0.0.1:1",
        "config.providers": "file",
        "config.providers.file.class": "file",
    }
    config = {
        "name": "refused",
        "connector.class": "s3",
        "topics": "t",
        "aws.s3.bucket.name": f"${{file:{tmp_path}/keys:bucket}}",
        "tasks.max": f"${{file:{tmp_path}/keys:tasks}}",
    }
    with WorkerProcess(settings, config) as worker:
        assert worker.wait() == 3
        assert "in connector refused" in worker.log
        assert f"aws.s3.bucket.name: refers to ${{file:{tmp_path}/keys:bucket}}" in worker.log
        assert "there is no bucket in" in worker.log
        assert "Not a number" in worker.log
        assert "canary" not in worker.log
