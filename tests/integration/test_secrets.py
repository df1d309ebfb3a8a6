"""Canaries in every secret field, and a look at everything the worker emits."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce
    from connector.testing.proxy import FaultProxy

CANARIES = {
    "consumer.override.ssl.key.password": "canary-ssl-key",
    "aws.proxy.password": "canary-proxy",
    "aws.session.token": "canary-session-token",
    "transforms.mask.password": "canary-transform",
}
PATHS = (
    "/",
    "/health",
    "/metrics",
    "/connectors?expand=status&expand=info",
    "/connectors/{name}",
    "/connectors/{name}/config",
    "/connectors/{name}/status",
    "/connectors/{name}/tasks",
    "/connectors/{name}/tasks/0/status",
)


def emitted(worker: WorkerProcess) -> str:
    """Logs, answers and arguments."""
    answers = []
    for path in PATHS:
        with urllib.request.urlopen(worker.url + path.format(name=worker.name), timeout=10) as answer:
            answers.append(answer.read().decode())
    arguments = Path(f"/proc/{worker.pid}/cmdline").read_text()
    return "\n".join([worker.log, arguments, *answers])


@pytest.mark.kafka
def test_a_worker_that_delivers_emits_no_secret(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    name = topic(1)
    produce(name, [b"1"], partition=0)
    handed_out: set[str] = set()
    proxy.on("UploadPart", lambda request: handed_out.add(request.headers["x-amz-security-token"]))
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "log.level": "DEBUG",
        "consumer.sasl.password": "canary-sasl",
    }
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.sts.role.arn": aws.create_role(f"role-{name}", "external"),
        "aws.sts.role.external.id": "external",
        "aws.s3.bucket.name": bucket,
        "aws.endpoint": proxy.url,
        "aws.region": "eu-north-1",
        "consumer.override.ssl.key.password": CANARIES["consumer.override.ssl.key.password"],
    }
    with WorkerProcess(settings, config) as worker:
        worker.wait_for_delivery(1)
        everything = emitted(worker)
        assert worker.terminate() == 0
        everything += worker.log
    assert handed_out
    for secret in (
        aws.secret_access_key,
        "canary-sasl",
        CANARIES["consumer.override.ssl.key.password"],
        *handed_out,
    ):
        assert secret not in everything


@pytest.mark.kafka
def test_a_worker_whose_task_fails_emits_no_secret(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, strict_aws: AwsServer, bucket: str
) -> None:
    name = topic(1)
    produce(name, [b"1"], partition=0)
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        "aws.access.key.id": strict_aws.access_key_id,
        "aws.secret.access.key": "canary-wrong-secret",
        "aws.session.token": CANARIES["aws.session.token"],
        "aws.s3.bucket.name": bucket,
        "aws.endpoint": strict_aws.url,
    }
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "log.level": "DEBUG",
    }
    with WorkerProcess(settings, config) as worker:
        worker.wait_for_state("FAILED")
        everything = emitted(worker)
        assert worker.terminate() == 0
        everything += worker.log
    assert "canary" not in everything


@pytest.mark.kafka
@pytest.mark.parametrize(
    "text",
    [
        "[default]\naws_access_key_id = canary-id\naws_secret_access_key canary-no-equals-sign\n",
        "[default]\naws_access_key_id = canary-id\naws_secret_access_key = canary-wrong-secret\n",
    ],
    ids=["damaged", "wrong"],
)
def test_a_worker_whose_credentials_file_is_of_no_use_emits_nothing_of_it(
    kafka: KafkaBroker,
    topic: CreateTopic,
    strict_aws: AwsServer,
    bucket: str,
    tmp_path: Path,
    text: str,
) -> None:
    file = tmp_path / "credentials"
    file.write_text(text)
    name = topic(1)
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        "aws.profile": "default",
        "aws.sts.role.arn": strict_aws.create_role(f"role-{name}", "external"),
        "aws.sts.role.external.id": "external",
        "aws.s3.bucket.name": bucket,
        "aws.endpoint": strict_aws.url,
        "aws.region": "eu-north-1",
    }
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "log.level": "DEBUG"}
    with WorkerProcess(settings, config, {"AWS_SHARED_CREDENTIALS_FILE": str(file)}) as worker:
        worker.wait_for_state("FAILED")
        everything = emitted(worker)
        assert worker.terminate() == 0
        everything += worker.log
    assert re.search(
        r"cannot be sent: Unable to parse|SignatureDoesNotMatch|InvalidClientTokenId", everything
    )
    assert "canary" not in everything


def test_a_config_that_is_refused_is_not_quoted_with_its_secrets() -> None:
    config = {
        "name": "refused",
        "connector.class": "s3",
        "topics": "t",
        "aws.access.key.id": "canary-key",
        "aws.secret.access.key": "canary-secret",
        **CANARIES,
        "aws.proxy.url": "http://me:canary-in-url@proxy:1",
        "consumer.override.sasl.jaas.config": "canary-jaas",
        "consumer.override.sasl.password": "canary-sasl",
        "tasks.max": "none",
    }
    with WorkerProcess({"bootstrap.servers": "127.0.0.1:1"}, config) as worker:
        assert worker.wait() == 3
        assert "tasks.max" in worker.log
        assert "canary" not in worker.log
