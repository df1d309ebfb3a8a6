"""The printed policy is what the sink needs, neither more nor less: on moto, which checks actions."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from typer.testing import CliRunner

from connector.aws.session import sharing
from connector.cli import app
from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config, S3Sink
from connector.testing.kafka import Message
from connector.testing.sink import running as running_in_task
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import FaultProxy

PARTITION = TopicPartition("orders", 0)
LINE = b"x" * 1023
FIVE_MIB_LINES = 5 * 1024
EXTERNAL_ID = "tenant-4711"


def config(aws: AwsServer, url: str, bucket: str) -> dict[str, str]:
    return {
        "name": "orders-to-s3",
        "connector.class": "s3",
        "topics": PARTITION.topic,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.sts.role.arn": f"arn:aws:iam::123456789012:role/role-{uuid.uuid4().hex[:12]}",
        "aws.sts.role.external.id": EXTERNAL_ID,
        "aws.sts.config.endpoint": url,
        "aws.s3.region": "us-east-1",
        "aws.s3.bucket.name": bucket,
        "delivery.guarantee": "at-least-once",
        "aws.s3.endpoint": url,
        "aws.s3.backoff.delay.ms": "10",
        "file.name.template": "in/{{topic}}/{{partition}}-{{start_offset}}",
        "file.compression.type": "none",
        "format.output.fields.value.encoding": "none",
    }


def printed(raw: dict[str, str], folder: Path, *options: str) -> Any:
    path = folder / "orders.json"
    path.write_text(json.dumps(raw))
    result = CliRunner().invoke(app, ["aws", "policy", str(path), *options])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def create_role(aws: AwsServer, raw: dict[str, str], policies: Any, lacking: str | None = None) -> None:
    """The role of the config with the printed policies, less one action if asked."""
    for statement in policies["PermissionPolicy"]["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != lacking] or ["s3:None"]
    name = raw["aws.sts.role.arn"].rpartition("/")[2]
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policies["TrustPolicy"]))
    permissions = json.dumps(policies["PermissionPolicy"])
    iam.put_role_policy(RoleName=name, PolicyName="printed", PolicyDocument=permissions)


def running_sink(raw: dict[str, str]) -> AbstractAsyncContextManager[S3Sink]:
    return running_in_task(S3Sink(S3Config.parse(raw)), [PARTITION], may_fail=True)


def lines(start: int, count: int) -> RecordBatch:
    return RecordBatch.of(PARTITION, [Record(offset, None, LINE) for offset in range(start, start + count)])


@pytest.fixture
def raw(strict_aws: AwsServer, proxy: FaultProxy, bucket: str) -> dict[str, str]:
    return config(strict_aws, proxy.url, bucket)


@pytest.fixture
def policies(raw: dict[str, str], tmp_path: Path) -> Any:
    """Both documents; the one who may assume the role is whom AWS says that the static keys are."""
    return printed(raw, tmp_path, "--who-am-i")


async def test_a_role_with_the_printed_policies_is_enough_for_whole_objects_parts_and_aborts(
    strict_aws: AwsServer, raw: dict[str, str], bucket: str, proxy: FaultProxy, policies: Any
) -> None:
    create_role(strict_aws, raw, policies)
    async with running_sink(raw) as sink:
        await sink.put(lines(0, 10))
        await sink.flush()
        await sink.put(lines(10, FIVE_MIB_LINES + 10))
        await sink.flush()
        await sink.put(lines(FIVE_MIB_LINES + 20, FIVE_MIB_LINES + 1))
        async with asyncio.timeout(60):
            while not strict_aws.incomplete_uploads(bucket):
                await asyncio.sleep(0.02)
        await sink.drop([PARTITION])
    assert strict_aws.objects(bucket).keys() == {"in/orders/0-0", "in/orders/0-10"}
    assert strict_aws.incomplete_uploads(bucket) == []
    assert proxy.counts["AbortMultipartUpload"] == 1


@pytest.mark.parametrize("count", [10, FIVE_MIB_LINES + 10], ids=["whole", "in parts"])
async def test_without_put_object_nothing_is_stored(
    strict_aws: AwsServer, raw: dict[str, str], bucket: str, policies: Any, count: int
) -> None:
    create_role(strict_aws, raw, policies, lacking="s3:PutObject")
    async with running_sink(raw) as sink:
        await sink.put(lines(0, count))
        with pytest.raises(AccessError, match=r"grant s3:PutObject on arn:aws:s3:::.*/in/orders/0-0"):
            await sink.flush()
    assert strict_aws.objects(bucket) == {}


async def test_without_abort_an_upload_is_left_behind(
    strict_aws: AwsServer, raw: dict[str, str], bucket: str, policies: Any
) -> None:
    create_role(strict_aws, raw, policies, lacking="s3:AbortMultipartUpload")
    async with running_sink(raw) as sink:
        await sink.put(lines(0, FIVE_MIB_LINES + 1))
        async with asyncio.timeout(60):
            while not strict_aws.incomplete_uploads(bucket):
                await asyncio.sleep(0.02)
        await sink.drop([PARTITION])
    assert len(strict_aws.incomplete_uploads(bucket)) == 1


@pytest.mark.real_kafka
def test_a_role_with_the_printed_policies_is_enough_for_exactly_once_and_deletes_nothing(
    strict_aws: AwsServer,
    raw: dict[str, str],
    bucket: str,
    tmp_path: Path,
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
) -> None:
    name = topic(1)
    raw |= {
        "name": f"connector-{name}",
        "topics": name,
        "delivery.guarantee": "exactly-once",
        "file.name.template": "in/{{topic}}/{{key}}-{{partition}}-{{start_offset}}",
        "format.output.fields": "value,offset",
    }
    create_role(strict_aws, raw, printed(raw, tmp_path, "--who-am-i"))
    rows = [Message(b"x" * size, key) for _ in range(60) for key, size in ((b"a", 100_000), (b"b", 10))]
    produce(name, rows, partition=0)
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "offset.flush.interval.ms": "200"}

    def state() -> dict[str, bytes]:
        return strict_aws.objects(bucket, f"_ledger/connector-{name}/")

    with WorkerProcess(settings, raw | {"file.max.bytes": "1073741824"}) as worker:
        worker.wait_until(lambda: state() or worker.trace(), "state is kept in the bucket")
        assert worker.terminate() == 0, worker.log
    with WorkerProcess(settings, raw) as worker:
        worker.wait_until(
            lambda: (
                [found.offset for found in committed(f"connect-{raw['name']}", name).values()] == [120]
                or worker.trace()
            ),
            "delivery",
        )
        assert worker.trace() == ""
        # Told after the commit, when the state that it replaces is to be deleted.
        worker.wait_until(lambda: "left to a lifecycle rule" in worker.log, "what is not deleted is told")
        assert worker.terminate() == 0, worker.log
    objects = strict_aws.objects(bucket, "in/")
    assert objects.keys() == {f"in/{name}/a-0-0", f"in/{name}/b-0-1"}
    found = [int(line.rpartition(b",")[2]) for data in objects.values() for line in data.split(b"\n")]
    assert sorted(found) == list(range(120))
    assert state() != {}


ALLOWED = {
    "s3:GetObject": ("get_object", {"Key": "in/orders/0-0"}),
    "s3:ListMultipartUploadParts": ("list_parts", {"Key": "in/orders/0-1", "UploadId": "?"}),
    "s3:ListBucketMultipartUploads": ("list_multipart_uploads", {}),
}
"""What the sink calls only after a crash, or in checks."""


@pytest.mark.parametrize("action", ALLOWED)
@pytest.mark.parametrize("is_granted", [True, False], ids=["granted", "lacking"])
def test_what_resuming_needs_is_allowed_and_refused_without(
    strict_aws: AwsServer, raw: dict[str, str], bucket: str, policies: Any, action: str, is_granted: bool
) -> None:
    create_role(strict_aws, raw, policies, lacking=None if is_granted else action)
    admin, role = strict_aws.client("s3"), s3_of_the_role(strict_aws, raw)
    admin.put_object(Bucket=bucket, Key="in/orders/0-0", Body=b"x")
    upload = admin.create_multipart_upload(Bucket=bucket, Key="in/orders/0-1")["UploadId"]
    method, request = ALLOWED[action]
    request = {**request, "UploadId": upload} if "UploadId" in request else request
    if is_granted:
        getattr(role, method)(Bucket=bucket, **request)
        return
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(role, method)(Bucket=bucket, **request)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("list_objects_v2", {}),
        ("delete_object", {"Key": "in/orders/0-0"}),
        ("put_object", {"Key": "in/order", "Body": b"x"}),
        ("put_object", {"Key": "elsewhere/in/orders/0-0", "Body": b"x"}),
        ("get_object", {"Key": "elsewhere"}),
        ("list_multipart_uploads", {"Bucket": "another"}),
    ],
)
def test_the_role_can_neither_list_nor_delete_nor_reach_beyond_its_prefix(
    strict_aws: AwsServer,
    raw: dict[str, str],
    bucket: str,
    policies: Any,
    method: str,
    request_: dict[str, Any],
) -> None:
    create_role(strict_aws, raw, policies)
    strict_aws.client("s3").put_object(Bucket=bucket, Key="elsewhere", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(s3_of_the_role(strict_aws, raw), method)(**{"Bucket": bucket, **request_})


def s3_of_the_role(aws: AwsServer, raw: dict[str, str]) -> Any:
    granted = aws.client("sts").assume_role(
        RoleArn=raw["aws.sts.role.arn"], RoleSessionName="test", ExternalId=EXTERNAL_ID
    )["Credentials"]
    return sharing(Session()).create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=aws.url,
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )


def test_the_printed_trust_policy_refuses_a_wrong_external_id(
    strict_aws: AwsServer, raw: dict[str, str], policies: Any
) -> None:
    create_role(strict_aws, raw, policies)
    with pytest.raises(ClientError, match="AccessDenied"):
        strict_aws.client("sts").assume_role(
            RoleArn=raw["aws.sts.role.arn"], RoleSessionName="test", ExternalId="wrong"
        )


def test_a_role_that_trusts_the_placeholder_is_assumed_by_nobody(
    strict_aws: AwsServer, raw: dict[str, str], tmp_path: Path
) -> None:
    create_role(strict_aws, raw, printed(raw, tmp_path))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3_of_the_role(strict_aws, raw)


# ---- who am I ----


def test_the_worker_asks_aws_who_it_is(strict_aws: AwsServer, raw: dict[str, str], tmp_path: Path) -> None:
    trust = printed(raw, tmp_path, "--who-am-i", "--only", "trust")
    assert trust["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:user/administrator"}


def test_aws_is_asked_nothing_without_being_told_to(
    raw: dict[str, str], proxy: FaultProxy, tmp_path: Path
) -> None:
    printed(raw, tmp_path)
    assert not proxy.counts


def test_keys_that_nobody_has_are_refused_with_what_to_correct(
    strict_aws: AwsServer, raw: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "orders.json"
    path.write_text(json.dumps({**raw, "aws.access.key.id": "AKIAIOSFODNN7EXAMPLE"}))
    result = CliRunner().invoke(app, ["aws", "policy", str(path), "--who-am-i"])
    assert result.exit_code != 0
    assert "correct aws.access.key.id" in result.stderr
    assert raw["aws.secret.access.key"] not in result.output


async def test_the_printed_policy_is_enough_to_judge_what_is_there_already(
    strict_aws: AwsServer, raw: dict[str, str], bucket: str, policies: Any
) -> None:
    create_role(strict_aws, raw, policies)
    strict_aws.client("s3").put_object(Bucket=bucket, Key="in/orders/0-0", Body=b"old")
    async with running_sink(raw | {"aws.s3.object.exists": "fail"}) as sink:
        await sink.put(lines(0, 10))
        with pytest.raises(AccessError, match="in/orders/0-0 is there already"):
            await sink.flush()
    assert strict_aws.objects(bucket) == {"in/orders/0-0": b"old"}
