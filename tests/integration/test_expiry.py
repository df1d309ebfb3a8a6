"""Credentials that end in the middle of the work, end to end: nothing lost, nothing doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

RECORDS = 16_000
VALUES = [f"{number:06}".encode() + b"v" * 1000 for number in range(RECORDS)]


@pytest.mark.kafka
@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_a_session_that_ends_during_an_upload_is_replaced_and_the_upload_goes_on(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    operation: str,
) -> None:
    name = topic(1)
    produce(name, VALUES, partition=0)
    tokens: list[str] = []
    proxy.on("UploadPart", lambda request: tokens.append(request.headers["x-amz-security-token"]))
    proxy.fail(operation, status=400, code="ExpiredToken")
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "offset.flush.interval.ms": "3600000"}
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
        "file.name.template": "{{topic}}/{{partition}}/{{start_offset}}",
        "file.max.records": str(RECORDS),
        "file.compression.type": "none",
        "format.output.fields": "value",
        "format.output.fields.value.encoding": "none",
    }
    with WorkerProcess(settings, config) as worker:
        worker.wait_for_delivery(RECORDS)
        assert worker.task_states() == ["RUNNING"]
        assert worker.terminate() == 0, worker.log
        assert not any(token in worker.log for token in tokens)
    assert aws.objects(bucket) == {f"{name}/0/0": b"\n".join(VALUES)}
    assert aws.incomplete_uploads(bucket) == []
    assert committed(f"connect-{worker.name}", name)[0].offset == RECORDS
    assert proxy.counts["AssumeRole"] == 2
    if operation == "UploadPart":
        assert len(set(tokens)) == 2, "parts before and after are signed by different sessions"


@pytest.mark.kafka
def test_without_a_session_name_each_task_has_a_session_of_its_own(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    name = topic(3)
    for partition in range(3):
        produce(name, VALUES[:10], partition=partition)
    asked: list[str] = []
    proxy.on("AssumeRole", lambda request: asked.append(request.form["RoleSessionName"]))
    config = {
        "name": name,
        "connector.class": "s3",
        "tasks.max": "3",
        "topics": name,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.sts.role.arn": aws.create_role(f"role-{name}", "external"),
        "aws.sts.role.external.id": "external",
        "aws.s3.bucket.name": bucket,
        "aws.endpoint": proxy.url,
        "aws.region": "eu-north-1",
    }
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "offset.flush.interval.ms": "300"}
    with WorkerProcess(settings, config) as worker:
        worker.wait_for_delivery(30)
        assert worker.terminate() == 0, worker.log
        told = worker.log.count("aws.sts.role.session.name is not set")
    assert sorted(asked) == [f"connect-{name}-{task}" for task in range(3)]
    assert told == 1, "once for the connector"
