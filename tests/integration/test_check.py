"""``connector aws check`` on an AWS that checks keys, behind the proxy that supplies what moto does not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from connector.aws import check as names
from connector.aws.check import IdentityCheck
from connector.check import Checklist, Outcome
from connector.runtime.context import TaskContext
from connector.sinks.base import Checkable
from connector.sinks.s3 import S3Config, S3Sink
from connector.sinks.s3 import check as s3
from connector.testing.proxy.fault import FOREVER, Answer, render_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.check import Step
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy
    from connector.testing.proxy.request import ApiRequest

EXTERNAL_ID = "tenant-4711"
BOGUS_ID_LENGTH = 32
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


def denies_missing_id(proxy: FaultProxy) -> None:
    proxy.fail(
        "AssumeRole",
        FOREVER,
        status=403,
        code="AccessDenied",
        match=lambda request: "ExternalId" not in request.form,
    )


@pytest.fixture
def role(aws: AwsServer) -> str:
    return aws.create_role(f"role-{uuid.uuid4().hex[:12]}", EXTERNAL_ID)


@pytest.fixture
def options(role: str, strict_aws: AwsServer, bucket: str, proxy: FaultProxy) -> Iterator[dict[str, str]]:
    """A config that works; afterwards the bucket must be as it was."""
    yield {
        "aws.access.key.id": strict_aws.access_key_id,
        "aws.secret.access.key": strict_aws.secret_access_key,
        "aws.sts.role.arn": role,
        "aws.sts.role.external.id": EXTERNAL_ID,
        "aws.endpoint": proxy.url,
        "aws.region": "us-east-1",
        "aws.s3.bucket.name": bucket,
        "file.name.template": "lake/{{topic}}/{{partition}}-{{start_offset}}",
    }
    assert strict_aws.objects(bucket) == {}
    assert strict_aws.incomplete_uploads(bucket) == []


async def checked(
    options: dict[str, str], *topics: str, deadline_seconds: float = 20, **changes: str | None
) -> dict[str, Step]:
    merged = options | {name.replace("_", "."): value for name, value in changes.items()}
    raw = {name: value for name, value in merged.items() if value is not None}
    sink = S3Sink(S3Config.parse(raw))
    assert isinstance(sink, Checkable)
    with ThreadPoolExecutor(1) as executor:
        checklist = sink.checklist(TaskContext("orders", 0, executor), topics or ("orders",))
        return {step.name: step async for step in checklist.steps(deadline_seconds)}


def failed(steps: dict[str, Step]) -> list[str]:
    return [step.name for step in steps.values() if step.outcome is Outcome.FAILED]


# ---- all is well ----


async def test_a_connection_that_works_has_no_failure_and_no_warning(
    options: dict[str, str], proxy: FaultProxy, strict_aws: AwsServer, bucket: str
) -> None:
    denies_missing_id(proxy)
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    state = {
        "ID": "s",
        "Status": "Enabled",
        "Filter": {"Prefix": "_ledger/"},
        "Expiration": {"Days": 30},
    }
    strict_aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [rule, state]}
    )
    steps = await checked(options, "orders", "events")
    outcomes = {name: step.outcome.value for name, step in steps.items()}
    assert outcomes.pop(s3.CONDITIONAL) == "skipped"
    assert set(outcomes.values()) == {"ok"}
    assert "S3 upload of events" in outcomes
    assert steps[s3.NOTHING_LEFT].detail == "no incomplete upload of this check"
    assert steps[names.CALLER].detail.startswith("arn:aws:iam::123456789012:user/administrator")
    assert ":assumed-role/" in steps[names.ROLE_CALLER].detail
    assert "lake/events/0-" in steps["S3 upload of events"].detail


async def test_all_requests_of_a_check_share_one_session_of_the_role(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    await checked(options)
    assert proxy.counts["AssumeRole"] == 1 + 2  # the session, and two attempts that should be denied


async def test_no_object_is_written(options: dict[str, str], proxy: FaultProxy) -> None:
    await checked(options)
    assert not {"PutObject", "UploadPart", "DeleteObject"} & set(proxy.counts)
    assert proxy.counts["CreateMultipartUpload"] == 2  # of the topic, and of the conditional write
    assert proxy.counts["CompleteMultipartUpload"] == 1  # of an upload without parts, which is refused


# ---- identity ----


async def test_of_the_key_id_only_the_end_is_shown(options: dict[str, str]) -> None:
    detail = (await checked(options))[names.CREDENTIALS].detail
    key_id = options["aws.access.key.id"]
    assert key_id[-4:] in detail
    assert key_id[-5:] not in detail


async def test_a_wrong_secret_is_found_by_asking_who_this_is(options: dict[str, str]) -> None:
    steps = await checked(options, aws_secret_access_key="wrong")
    assert failed(steps) == [names.CALLER]
    assert "aws.secret.access.key" in steps[names.CALLER].remedy
    assert steps[names.ROLE].detail == f"not tried, since this failed: {names.CALLER}"
    assert steps[s3.BUCKET].outcome is Outcome.SKIPPED


async def test_an_unknown_key_is_told_from_a_wrong_secret(options: dict[str, str]) -> None:
    steps = await checked(options, aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    assert failed(steps) == [names.CALLER]
    assert "does not exist" in steps[names.CALLER].remedy


async def test_a_temporary_key_without_its_token_is_found_before_anybody_is_asked(
    options: dict[str, str],
) -> None:
    steps = await checked(options, aws_access_key_id="ASIAIOSFODNN7EXAMPLE")
    assert failed(steps) == [names.CREDENTIALS]
    assert "aws.session.token" in steps[names.CREDENTIALS].remedy


async def test_no_credentials_at_all(options: dict[str, str]) -> None:
    steps = await checked(options, aws_access_key_id=None, aws_secret_access_key=None)
    assert failed(steps) == [names.CREDENTIALS]
    assert "No AWS credentials were found" in steps[names.CREDENTIALS].detail


async def test_an_expired_session_is_a_failure_at_once(options: dict[str, str], proxy: FaultProxy) -> None:
    proxy.fail("GetCallerIdentity", FOREVER, status=403, code="ExpiredToken", message="over")
    steps = await checked(options)
    assert failed(steps) == [names.CALLER]
    assert "get new credentials" in steps[names.CALLER].remedy
    assert proxy.counts["GetCallerIdentity"] == 1


async def test_who_may_not_ask_who_it_is_is_no_failure(options: dict[str, str], proxy: FaultProxy) -> None:
    proxy.fail("GetCallerIdentity", FOREVER, status=403, code="AccessDenied", message="an explicit deny")
    steps = await checked(options)
    assert failed(steps) == []
    assert steps[names.CALLER].outcome is Outcome.WARNING


async def test_a_role_of_another_partition_is_told(options: dict[str, str]) -> None:
    steps = await checked(options, aws_region="cn-north-1")
    assert names.REGION in failed(steps)
    assert "wrong partition: cn-north-1 is in aws-cn, the role in aws" in steps[names.REGION].detail


async def test_an_sts_endpoint_of_another_region_is_told(options: dict[str, str]) -> None:
    endpoint = "https://sts.eu-north-1.amazonaws.com"
    config = S3Config.parse(options | {"aws.sts.config.endpoint": endpoint, "aws.region": "eu-west-1"})
    first = Checklist(IdentityCheck(config.identity("c")).checks()[:1])
    (step,) = [step async for step in first.steps()]
    assert step.outcome is Outcome.FAILED
    assert "set aws.sts.region to eu-north-1" in step.remedy


# ---- clock ----


def skewed(seconds: float, code: str | None = None) -> Any:
    def answer(request: ApiRequest) -> Answer:
        date = {"Date": formatdate(time.time() + seconds, usegmt=True)}
        if code is None:
            return Answer(200, IDENTITY.encode(), {"Content-Type": "text/xml", **date})
        error = render_error(request, 403, code, "They differ.")
        return Answer(403, error.body, error.headers | date)

    return answer


async def test_a_clock_that_is_off_is_a_warning(options: dict[str, str], proxy: FaultProxy) -> None:
    proxy.on("GetCallerIdentity", skewed(270), times=1)
    steps = await checked(options)
    assert steps[names.CLOCK].outcome is Outcome.WARNING
    assert "4 min behind" in steps[names.CLOCK].detail or "5 min behind" in steps[names.CLOCK].detail


async def test_a_refused_signature_is_put_down_to_the_clock_if_that_is_off(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    proxy.on("GetCallerIdentity", skewed(-3600, "SignatureDoesNotMatch"))
    steps = await checked(options)
    assert "60 min ahead" in steps[names.CALLER].remedy
    assert steps[names.CLOCK].outcome is Outcome.WARNING


# ---- role ----


async def test_a_wrong_external_id_names_who_asked_and_what_to_check(options: dict[str, str]) -> None:
    steps = await checked(options, aws_sts_role_external_id="another")
    assert failed(steps) == [names.ROLE]
    assert "asked by arn:aws:iam::123456789012:user/administrator" in steps[names.ROLE].detail
    assert "aws.sts.role.external.id" in steps[names.ROLE].remedy
    assert steps[names.WITHOUT_ID].outcome is Outcome.SKIPPED


async def test_a_role_that_needs_no_external_id_is_a_risk_with_the_condition_to_add(
    options: dict[str, str],
) -> None:
    step = (await checked(options))[names.WITHOUT_ID]
    assert step.outcome is Outcome.WARNING
    assert "confused deputy" in step.detail
    assert f'{{"StringEquals": {{"sts:ExternalId": "{EXTERNAL_ID}"}}}}' in step.remedy


async def test_a_role_that_takes_any_external_id_is_a_risk(
    options: dict[str, str], strict_aws: AwsServer, role: str
) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    }
    strict_aws.client("iam").update_assume_role_policy(
        RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(trust)
    )
    step = (await checked(options))[names.WRONG_ID]
    assert step.outcome is Outcome.WARNING
    assert "confused deputy" in step.detail


async def test_without_an_external_id_a_role_of_the_same_account_is_no_risk(
    options: dict[str, str], strict_aws: AwsServer, role: str
) -> None:
    steps = await checked(options, aws_sts_role_external_id=None)
    assert steps[names.WITHOUT_ID].outcome is Outcome.SKIPPED
    assert steps[names.WRONG_ID].outcome is Outcome.SKIPPED


async def test_without_an_external_id_a_role_of_another_account_is_a_risk(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    other = IDENTITY.replace("123456789012", "210987654321").encode()
    proxy.on("GetCallerIdentity", lambda _: Answer(200, other, {"Content-Type": "text/xml"}), times=1)
    steps = await checked(options, aws_sts_role_external_id=None)
    assert steps[names.WITHOUT_ID].outcome is Outcome.WARNING


async def test_a_throttled_sts_is_asked_again(options: dict[str, str], proxy: FaultProxy) -> None:
    proxy.fail("AssumeRole", 2, status=400, code="Throttling")
    steps = await checked(options)
    assert failed(steps) == []
    assert proxy.counts["AssumeRole"] == 2 + 3


async def test_a_slow_sts_is_not_waited_for(options: dict[str, str], proxy: FaultProxy) -> None:
    proxy.delay("AssumeRole", 600)
    started = time.monotonic()
    steps = await checked(options, deadline_seconds=8)
    assert time.monotonic() - started < 120
    assert failed(steps) == [names.ROLE]
    assert "no answer within 8 s" in steps[names.ROLE].detail


async def test_without_a_role_its_steps_are_skipped_and_say_so(options: dict[str, str]) -> None:
    steps = await checked(options, aws_sts_role_arn=None, aws_sts_role_external_id=None)
    assert failed(steps) == []
    for name in (names.ROLE, names.WITHOUT_ID, names.WRONG_ID, names.ROLE_CALLER):
        assert (steps[name].outcome, steps[name].detail) == (Outcome.SKIPPED, names.NO_ROLE)
    assert steps["S3 upload of orders"].outcome is Outcome.OK


async def test_a_compatible_store_without_a_role_is_not_checked_with_sts(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    steps = await checked(
        options,
        aws_sts_role_arn=None,
        aws_sts_role_external_id=None,
        aws_endpoint=None,
        aws_s3_endpoint=proxy.url,
    )
    assert failed(steps) == []
    assert proxy.counts["GetCallerIdentity"] == 0
    assert steps["S3 upload of orders"].outcome is Outcome.OK


async def test_an_sts_that_nobody_needs_may_be_out_of_reach(options: dict[str, str]) -> None:
    steps = await checked(
        options,
        aws_sts_role_arn=None,
        aws_sts_role_external_id=None,
        aws_sts_config_endpoint="http://127.0.0.1:1",
    )
    assert failed(steps) == []
    assert steps[names.STS_ENDPOINT].outcome is Outcome.WARNING
    assert steps["S3 upload of orders"].outcome is Outcome.OK


async def test_anonymous_requests_have_no_credentials_to_check(options: dict[str, str]) -> None:
    steps = await checked(
        options,
        aws_credentials_provider="anonymous",
        deadline_seconds=3,
        aws_access_key_id=None,
        aws_secret_access_key=None,
        aws_sts_role_arn=None,
        aws_sts_role_external_id=None,
    )
    assert steps[names.CREDENTIALS].outcome is Outcome.SKIPPED
    assert steps[names.CALLER].outcome is Outcome.SKIPPED


# ---- endpoints ----


async def test_an_endpoint_that_is_closed_fails_for_each_service(options: dict[str, str]) -> None:
    steps = await checked(options, aws_endpoint="http://127.0.0.1:1")
    assert failed(steps) == [names.STS_ENDPOINT, s3.ENDPOINT]
    assert "refuses" in steps[s3.ENDPOINT].detail
    assert steps[names.CREDENTIALS].outcome is Outcome.OK


async def test_an_endpoint_without_a_name_in_dns_is_told(options: dict[str, str]) -> None:
    steps = await checked(options, aws_s3_endpoint="https://s3.nowhere.invalid")
    assert failed(steps) == [s3.ENDPOINT]
    assert steps[s3.ENDPOINT].detail.startswith("DNS:")
    assert steps[s3.BUCKET].detail == f"not tried, since this failed: {s3.ENDPOINT}"


async def test_an_s3_endpoint_of_another_region_is_told(options: dict[str, str]) -> None:
    steps = await checked(options, aws_s3_endpoint="https://s3.eu-west-1.amazonaws.com")
    assert "the endpoint is in eu-west-1" in steps[s3.ENDPOINT].detail


# ---- bucket ----


async def test_a_bucket_that_is_not_there(options: dict[str, str]) -> None:
    steps = await checked(options, aws_s3_bucket_name="not-there-at-all")
    assert failed(steps) == [s3.BUCKET]
    assert "does not exist" in steps[s3.BUCKET].detail


async def test_a_bucket_in_another_region_says_which(options: dict[str, str], proxy: FaultProxy) -> None:
    proxy.on("HeadBucket", lambda _: Answer(301, headers={"x-amz-bucket-region": "eu-central-1"}))
    steps = await checked(options)
    assert failed(steps) == [s3.BUCKET]
    assert steps[s3.BUCKET].remedy == "set aws.s3.region to eu-central-1"


async def test_a_store_that_calls_its_region_otherwise_is_a_warning(options: dict[str, str]) -> None:
    steps = await checked(options, aws_region="eu-north-1")
    assert failed(steps) == []
    assert steps[s3.BUCKET].outcome is Outcome.WARNING


async def test_a_bucket_one_may_not_look_at_may_still_be_written(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    for operation in ("HeadBucket", "ListMultipartUploads", "GetBucketLifecycleConfiguration"):
        proxy.fail(operation, FOREVER, status=403, code="AccessDenied")
    steps = await checked(options)
    assert failed(steps) == []
    assert steps[s3.BUCKET].outcome is Outcome.SKIPPED
    assert steps["S3 upload of orders"].outcome is Outcome.OK
    assert "grant s3:ListBucketMultipartUploads" in steps[s3.NOTHING_LEFT].remedy
    assert "grant s3:GetLifecycleConfiguration" in steps[s3.LIFECYCLE].remedy


async def test_a_role_without_permissions_is_stopped_before_an_upload_is_begun(
    options: dict[str, str], strict_aws: AwsServer, role: str, proxy: FaultProxy
) -> None:
    strict_aws.client("iam").delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="s3")
    steps = await checked(options)
    assert failed(steps) == [s3.ABORT]
    assert "s3:AbortMultipartUpload" in steps[s3.ABORT].remedy
    assert proxy.counts["CreateMultipartUpload"] == 0


async def test_a_role_that_may_not_write_under_one_topic_is_told_which(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    proxy.fail(
        "CreateMultipartUpload",
        FOREVER,
        status=403,
        code="AccessDenied",
        match=lambda request: "lake/events/" in request.key,
    )
    steps = await checked(options, "orders", "events")
    assert failed(steps) == ["S3 upload of events"]
    assert "grant s3:PutObject on arn:aws:s3:::" in steps["S3 upload of events"].remedy


async def test_a_kms_key_one_may_not_use_is_named(options: dict[str, str], proxy: FaultProxy) -> None:
    message = "User: u is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:x:1:key/k"
    proxy.fail("CreateMultipartUpload", FOREVER, status=403, code="AccessDenied", message=message)
    steps = await checked(options)
    assert "grant kms:GenerateDataKey on arn:aws:kms:x:1:key/k" in steps["S3 upload of orders"].remedy


async def test_uploads_are_tried_with_what_objects_will_be_stored_with(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    asked: list[ApiRequest] = []
    proxy.on("CreateMultipartUpload", asked.append)
    await checked(options, aws_s3_sse_algorithm="aws:kms", aws_s3_object_tags="team=lake")
    assert asked
    for request in asked:
        assert request.headers["x-amz-server-side-encryption"] == "aws:kms"
        assert request.headers["x-amz-tagging"] == "team=lake"


async def test_a_store_that_lacks_what_an_option_asks_for_names_the_option(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    proxy.fail("CreateMultipartUpload", FOREVER, status=501, code="NotImplemented", message="not here")
    steps = await checked(options, aws_s3_object_tags="team=lake")
    assert failed(steps) == ["S3 upload of orders"]
    assert "try without each of these options: aws.s3.object.tags" in steps["S3 upload of orders"].remedy


async def test_a_config_that_relies_on_conditions_is_warned_where_none_are_known(
    options: dict[str, str],
) -> None:
    step = (await checked(options, aws_s3_object_exists="keep"))[s3.CONDITIONAL]
    assert step.outcome is Outcome.WARNING
    assert "aws.s3.object.exists relies on conditional writes" in step.detail


async def test_a_bucket_without_a_lifecycle_rule_is_a_warning(options: dict[str, str]) -> None:
    step = (await checked(options))[s3.LIFECYCLE]
    assert step.outcome is Outcome.WARNING
    assert "AbortIncompleteMultipartUpload" in step.remedy


async def test_uploads_whose_creation_was_not_heard_of_are_found_and_aborted(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    proxy.cut("CreateMultipartUpload", 2, when="after")
    steps = await checked(options)
    assert failed(steps) == []
    assert "2 aborted that were left" in steps[s3.NOTHING_LEFT].detail


async def test_an_upload_is_aborted_although_the_time_of_its_step_is_over(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    proxy.fail("ListMultipartUploads", FOREVER, status=403, code="AccessDenied")
    proxy.delay("AbortMultipartUpload", 4, times=1, match=_is_of_an_upload)
    proxy.fail("AbortMultipartUpload", 3, match=_is_of_an_upload)
    steps = await checked(options, deadline_seconds=3)
    assert steps[s3.NOTHING_LEFT].outcome is Outcome.SKIPPED


async def test_an_upload_that_cannot_be_aborted_is_named_with_the_command_that_does(
    options: dict[str, str], proxy: FaultProxy, strict_aws: AwsServer, bucket: str
) -> None:
    proxy.fail("AbortMultipartUpload", FOREVER, status=403, code="AccessDenied", match=_is_of_an_upload)
    steps = await checked(options)
    assert failed(steps) == ["S3 upload of orders", s3.NOTHING_LEFT]
    (left,) = strict_aws.incomplete_uploads(bucket)
    assert f"--key '{left.key}' --upload-id '{left.upload_id}'" in steps["S3 upload of orders"].remedy
    strict_aws.client("s3").abort_multipart_upload(Bucket=bucket, Key=left.key, UploadId=left.upload_id)


@pytest.mark.parametrize(
    ("status", "code"), [(412, "PreconditionFailed"), (404, "NoSuchKey"), (409, "ConditionalRequestConflict")]
)
async def test_a_store_that_refuses_a_condition_that_is_not_met_supports_conditional_writes(
    options: dict[str, str], proxy: FaultProxy, status: int, code: str
) -> None:
    conditions = []

    def refuse(request: ApiRequest) -> Answer:
        conditions.append(request.headers["if-match"])
        return render_error(request, status, code, "It is not met.")

    proxy.on("CompleteMultipartUpload", refuse)
    step = (await checked(options))[s3.CONDITIONAL]
    assert (step.outcome, f"refused with {code}" in step.detail) == (Outcome.OK, True)
    assert conditions == [f'"{"0" * 32}"']


async def test_a_store_that_ignores_conditions_writes_nothing_and_cannot_be_told(
    options: dict[str, str],
) -> None:
    """moto is one: it takes no notice of If-Match when it completes an upload."""
    steps = await checked(options)
    assert failed(steps) == []
    assert steps[s3.CONDITIONAL].outcome is Outcome.SKIPPED
    assert "InvalidPart" in steps[s3.CONDITIONAL].detail


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", "cannot tell"),
        (501, "NotImplemented", "not offered"),
        (503, "SlowDown", "cannot"),
    ],
)
async def test_whether_a_store_supports_conditional_writes_is_never_a_failure(
    options: dict[str, str], proxy: FaultProxy, status: int, code: str, told: str
) -> None:
    proxy.fail("CompleteMultipartUpload", FOREVER, status=status, code=code)
    proxy.fail("GetBucketLifecycleConfiguration", FOREVER, status=501, code="NotImplemented")
    steps = await checked(options)
    assert failed(steps) == []
    assert steps[s3.CONDITIONAL].outcome is Outcome.SKIPPED
    assert told in steps[s3.CONDITIONAL].detail
    assert steps[s3.LIFECYCLE].outcome is Outcome.SKIPPED


async def test_a_store_that_completes_nothing_is_not_trusted(
    options: dict[str, str], proxy: FaultProxy
) -> None:
    body = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
    proxy.on("CompleteMultipartUpload", lambda _: Answer(200, body, {"Content-Type": "text/xml"}))
    step = (await checked(options))[s3.CONDITIONAL]
    assert step.outcome is Outcome.WARNING
    assert "aws s3api delete-object" in step.remedy


def _is_of_an_upload(request: ApiRequest) -> bool:
    return len(request.query["uploadId"]) != BOGUS_ID_LENGTH


# ---- the command ----


def command(tmp_path: Path, config: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "orders.json"
    path.write_text(json.dumps({"name": "orders", "connector.class": "s3", "topics": "orders"} | config))
    program = [sys.executable, "-m", "connector", "aws", "check", str(path), *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_says_where_it_ran_and_ends_with_0(options: dict[str, str], tmp_path: Path) -> None:
    result = command(tmp_path, options)
    assert result.returncode == 0
    assert "this worker must reach the endpoints" in result.stdout.splitlines()[0]
    assert "ok       assume role: " in result.stdout
    assert "Nothing failed: " in result.stdout
    assert result.stderr == ""


def test_the_command_ends_with_1_and_the_remedy_when_a_step_failed(
    options: dict[str, str], tmp_path: Path
) -> None:
    result = command(tmp_path, options | {"aws.s3.bucket.name": "not-there-at-all"})
    assert result.returncode == 1
    assert "failed   S3 bucket: the bucket not-there-at-all does not exist" in result.stdout
    assert "to do: create it, or correct aws.s3.bucket.name." in result.stdout


def test_the_command_ends_with_3_when_the_config_is_at_fault(options: dict[str, str], tmp_path: Path) -> None:
    result = command(tmp_path, options | {"aws.sts.role.arn": "nonsense"})
    assert result.returncode == 3
    assert "aws.sts.role.arn" in result.stderr
    assert result.stdout == ""


def test_the_command_prints_json_on_demand(options: dict[str, str], tmp_path: Path) -> None:
    report = json.loads(command(tmp_path, options, "--json").stdout)
    assert report["works"] is True
    assert report["connector"] == "orders"
    assert report["checked_on"]
    assert {"name", "outcome", "detail", "remedy", "seconds"} == set(report["steps"][0])


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_secret_is_printed_even_if_the_service_quotes_it(
    options: dict[str, str], tmp_path: Path, proxy: FaultProxy, form: list[str]
) -> None:
    handed_out = set()
    secret = options["aws.secret.access.key"]

    def quote(request: ApiRequest) -> Answer:
        token = request.headers["x-amz-security-token"]
        handed_out.add(token)
        return render_error(request, 403, "SignatureDoesNotMatch", f"you sent {token} and {secret}")

    proxy.on("CreateMultipartUpload", quote)
    result = command(tmp_path, options, *form)
    assert result.returncode == 1
    assert handed_out
    for canary in (secret, options["aws.access.key.id"], *handed_out):
        assert canary not in result.stdout + result.stderr
    assert "you sent [hidden] and [hidden]" in result.stdout
