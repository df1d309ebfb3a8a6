"""What users get wrong: one clear message, at once, with the option, the fault and the remedy."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

GOOD = {
    "name": "orders",
    "connector.class": "s3",
    "topics": "orders",
    "aws.s3.bucket.name": "orders-archive",
}
QUEUE = {
    "errors.deadletterqueue.topic.name": "orders-dead",
    "errors.deadletterqueue.topic.replication.factor": "1",
}
NOWHERE = "bootstrap.servers=127.0.0.1:1\n"


@pytest.fixture
def standalone(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(connector: str | dict[str, str], worker: str = NOWHERE) -> subprocess.CompletedProcess[str]:
        text = connector if isinstance(connector, str) else json.dumps(connector)
        (tmp_path / "connector.json").write_text(text)
        (tmp_path / "worker.properties").write_text(f"listeners=http://127.0.0.1:0\n{worker}")
        return subprocess.run(
            [sys.executable, "-m", "connector", "standalone", "worker.properties", "connector.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("changes", "option", "fault"),
    [
        ({"aws.s3.bucket.name": None}, "aws.s3.bucket.name", "Missing required configuration"),
        ({"connector.class": "s4"}, "connector.class", 'Did you mean "s3"?'),
        ({"topics.regex": "orders-.*"}, "topics", "mutually exclusive options, but both are set"),
        ({"topics": None}, "topics", "Must configure one of topics or topics.regex"),
        ({"aws.s3.part.size.bytes": "1048576"}, "aws.s3.part.size.bytes", "at least 5242880 bytes"),
        ({"file.name.template": "{{topic}}"}, "file.name.template", "supported sets are"),
        ({"file.name.template": "constant"}, "file.name.template", "has variables defined"),
        ({"aws.access.key.id": "AKIA"}, "aws.secret.access.key", "is missing while aws.access.key.id is set"),
        (
            {"aws.sts.role.arn": "admin"},
            "aws.sts.role.arn",
            "expected arn:aws:iam::<12-digit account>:role/<name>",
        ),
        ({"format.output.type": "cvs"}, "format.output.type", "Did you mean"),
        ({"tasks.max": "many"}, "tasks.max", "Not a number of type INT"),
        (
            {"topics": "orders,dlq", "errors.deadletterqueue.topic.name": "dlq"},
            "errors.deadletterqueue.topic.name",
            "may not be included in the list of topics",
        ),
        ({"value.converter": "JsonConvertor"}, "value.converter", 'Did you mean "JsonConverter"?'),
    ],
)
def test_a_wrong_option_ends_the_start_and_is_named_with_its_remedy(
    standalone: Callable[..., subprocess.CompletedProcess[str]],
    changes: dict[str, str | None],
    option: str,
    fault: str,
) -> None:
    config = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    result = standalone(config)
    assert result.returncode == 3
    assert f"- {option}: " in result.stderr
    assert fault in result.stderr
    assert "Traceback" not in result.stderr


def test_all_faults_come_together(standalone: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = standalone(
        {
            "name": "orders",
            "connector.class": "s3",
            "tasks.max": "0",
            "aws.s3.part.size.bytes": "7",
            "aws.secret.access.key": "never-show-this",
            "file.name.template": "constant",
            "key.converter": "nobody",
        }
    )
    assert result.returncode == 3
    for option in (
        "tasks.max",
        "topics",
        "aws.s3.part.size.bytes",
        "aws.s3.bucket.name",
        "aws.access.key.id",
        "file.name.template",
        "key.converter",
    ):
        assert f"- {option}: " in result.stderr
    assert "never-show-this" not in result.stderr


def test_malformed_json_is_named_with_line_and_column(
    standalone: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = standalone('{\n  "name": "orders",\n  "topics" "orders"\n}')
    assert result.returncode == 3
    assert "connector.json" in result.stderr
    assert "line 3" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unreachable_broker_is_named_and_ends_the_start(
    standalone: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = standalone(GOOD)
    assert result.returncode == 3
    assert "- bootstrap.servers: no broker of 127.0.0.1:1 answered" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_worker_property_is_warned_about_with_what_was_meant(
    standalone: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = standalone(GOOD, NOWHERE + "ofset.flush.interval.ms=1000\n")
    assert "ofset.flush.interval.ms" in result.stderr
    assert "offset.flush.interval.ms" in result.stderr.replace("ofset.flush.interval.ms", "")


@pytest.fixture
def failing(
    proxy: FaultProxy,
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    strict_aws: AwsServer,
    bucket: str,
    committed: ReadCommitted,
) -> Callable[..., str]:
    """The trace of a task that fails; nothing it consumed is committed."""

    def run(**options: str) -> str:
        name = topic(1)
        produce(name, [b"1", b"2"], partition=0)
        config = {
            "name": f"connector-{name}",
            "connector.class": "s3",
            "topics": name,
            "aws.access.key.id": strict_aws.access_key_id,
            "aws.secret.access.key": strict_aws.secret_access_key,
            "aws.s3.bucket.name": bucket,
            "aws.s3.endpoint": proxy.url,
            "aws.s3.region": "us-east-1",
            "aws.sts.config.endpoint": proxy.url,
            **{key.replace("_", "."): value for key, value in options.items()},
        }
        settings = {"bootstrap.servers": kafka.bootstrap_servers, "offset.flush.interval.ms": "300"}
        with WorkerProcess(settings, config) as worker:
            worker.wait_for_state("FAILED")
            trace = worker.trace()
            assert strict_aws.secret_access_key not in trace + worker.log
            assert worker.terminate() == 0
        assert not any(found.offset for found in committed(f"connect-{config['name']}", name).values())
        return "\n".join(trace.rstrip().splitlines()[-2:])

    return run


@pytest.mark.kafka
def test_a_wrong_external_id_fails_the_task_and_says_what_to_check(
    failing: Callable[..., str], aws: AwsServer
) -> None:
    arn = aws.create_role("needs-an-external-id", "right-one")
    trace = failing(aws_sts_role_arn=arn, aws_sts_role_external_id="wrong-one")
    assert arn in trace
    assert "code: aws-role-not-assumable" in trace
    assert "aws.sts.role.external.id" in trace


@pytest.mark.kafka
def test_a_role_that_may_not_be_assumed_fails_the_task_and_says_what_to_check(
    failing: Callable[..., str], proxy: FaultProxy
) -> None:
    # moto lets anybody assume any role, so the refusal is the proxy's.
    proxy.fail("AssumeRole", status=403, code="AccessDenied", message="not authorized")
    trace = failing(aws_sts_role_arn="arn:aws:iam::123456789012:role/not-for-us")
    assert "the trust policy of the role must allow sts:AssumeRole" in trace


@pytest.mark.kafka
def test_no_credentials_at_all_fail_the_task_and_say_where_to_put_some(
    kafka: KafkaBroker, topic: CreateTopic, bucket: str
) -> None:
    name = topic(1)
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        "aws.s3.bucket.name": bucket,
    }
    with WorkerProcess({"bootstrap.servers": kafka.bootstrap_servers}, config) as worker:
        worker.wait_for_state("FAILED")
        assert "No AWS credentials were found: set aws.access.key.id" in worker.trace()


@pytest.mark.kafka
def test_a_bucket_that_does_not_exist_fails_the_task_and_is_named(failing: Callable[..., str]) -> None:
    trace = failing(aws_s3_bucket_name="nobody-made-this-bucket")
    assert "aws.s3.bucket.name: the bucket nobody-made-this-bucket does not exist: create it" in trace
    assert trace.endswith("code: s3-bucket-missing, see docs/runbook.md#s3-bucket-missing")


@pytest.mark.kafka
def test_a_wrong_secret_fails_the_task_and_is_never_shown(failing: Callable[..., str]) -> None:
    trace = failing(aws_secret_access_key="not-the-secret-of-this-key")
    assert "aws.secret.access.key" in trace
    assert "not-the-secret-of-this-key" not in trace


@pytest.mark.kafka
def test_a_record_that_cannot_be_converted_fails_the_task_and_is_named(failing: Callable[..., str]) -> None:
    trace = failing(value_converter="JsonConverter", **{"value.converter.schemas.enable": "true"})
    assert "offset 0" in trace
    assert "VALUE_CONVERTER" in trace
    assert "errors.tolerance=all" in trace
    assert "code: record-unconvertible" in trace


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("prefix", "properties", "fault"),
    [
        ("consumer.override.", {"security.protocol": "SSL", "ssl.ca.location": "/no/ca"}, "ssl.ca.location"),
        ("producer.override.", {"security.protocol": "SSL", "ssl.ca.location": "/no/ca"}, "ssl.ca.location"),
        # Beyond what the worker says polls may take.
        ("consumer.override.", {"session.timeout.ms": "50000"}, "max.poll.interval.ms"),
    ],
    ids=["consumer", "producer", "together"],
)
def test_properties_that_only_the_client_itself_can_judge_fail_the_task_and_say_where_they_are_from(
    kafka: KafkaBroker,
    topic: CreateTopic,
    aws: AwsServer,
    bucket: str,
    prefix: str,
    properties: dict[str, str],
    fault: str,
) -> None:
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "consumer.max.poll.interval.ms": "46000"}
    config = {
        **GOOD,
        "topics": topic(1),
        "aws.s3.bucket.name": bucket,
        "aws.s3.endpoint": aws.url,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        **(QUEUE if prefix == "producer.override." else {}),
        **{f"{prefix}{name}": value for name, value in properties.items()},
    }
    with WorkerProcess(settings, config) as worker:
        worker.wait_for_state("FAILED")
        trace = worker.trace()
    assert fault in trace
    assert f"{prefix}*: Kafka's client does not take these properties" in trace
    assert "code: config-invalid" in trace
