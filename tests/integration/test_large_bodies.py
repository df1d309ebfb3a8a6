"""The bucket for what is too large: its absence is found before the first record, whatever the service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from connector.check import Outcome, Step
from connector.errors import AccessError
from connector.runtime.context import TaskContext
from connector.sinks.eventbridge import EventBridgeConfig, EventBridgeSink
from connector.sinks.kinesis import KinesisConfig, KinesisSink
from connector.sinks.messaging.check import BODIES
from connector.sinks.sns import SnsConfig, SnsSink
from connector.sinks.sqs import SqsConfig, SqsSink
from connector.testing.proxy import Answer

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy

SINKS: list[Any] = [
    pytest.param(SqsSink, SqsConfig, {"aws.sqs.queue": "orders"}, id="sqs"),
    pytest.param(
        SnsSink, SnsConfig, {"aws.sns.topic.arn": "arn:aws:sns:us-east-1:123456789012:orders"}, id="sns"
    ),
    pytest.param(KinesisSink, KinesisConfig, {"aws.kinesis.stream": "orders"}, id="kinesis"),
    pytest.param(EventBridgeSink, EventBridgeConfig, {}, id="eventbridge"),
]
ABSENT = "there-is-no-such-bucket"


@pytest.fixture
def options(aws: AwsServer, proxy: FaultProxy, bucket: str) -> dict[str, str]:
    return {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.endpoint": proxy.url,
        "oversize.policy": "s3",
        "oversize.s3.bucket.name": bucket,
    }


async def checked(sink: Any) -> Step:
    with ThreadPoolExecutor(1) as executor:
        checklist = sink.checklist(TaskContext("shop", 0, executor), ())
        steps: list[Step] = [step async for step in checklist.steps(60)]
    (found,) = [step for step in steps if step.name == BODIES]
    return found


@pytest.mark.parametrize(("sink", "config", "destination"), SINKS)
async def test_a_check_tells_whether_the_bucket_is_there(
    sink: Any, config: Any, destination: dict[str, str], options: dict[str, str], proxy: FaultProxy
) -> None:
    there = sink(config.parse(options | destination))
    assert (await checked(there)).outcome == Outcome.OK
    absent = await checked(sink(config.parse(options | destination | {"oversize.s3.bucket.name": ABSENT})))
    assert absent.outcome == Outcome.FAILED
    assert "oversize.s3.bucket.name" in str(absent)
    proxy.on("HeadBucket", lambda _: Answer(301, headers={"x-amz-bucket-region": "eu-central-1"}))
    elsewhere = await checked(there)
    assert elsewhere.outcome == Outcome.FAILED
    assert "aws.s3.region to eu-central-1" in str(elsewhere)


@pytest.mark.parametrize(("sink", "config", "destination"), SINKS)
async def test_who_may_not_ask_for_the_bucket_learns_nothing_and_may_go_on(
    sink: Any, config: Any, destination: dict[str, str], options: dict[str, str], proxy: FaultProxy
) -> None:
    proxy.fail("HeadBucket", 9, status=403, code="AccessDenied")
    found = sink(config.parse(options | destination))
    assert (await checked(found)).outcome == Outcome.SKIPPED
    await started(found)


@pytest.mark.parametrize(("sink", "config", "destination"), SINKS)
async def test_a_missing_bucket_is_found_at_start(
    sink: Any, config: Any, destination: dict[str, str], options: dict[str, str]
) -> None:
    with pytest.raises(AccessError, match=r"oversize\.s3\.bucket\.name.*does not exist"):
        await started(sink(config.parse(options | destination | {"oversize.s3.bucket.name": ABSENT})))


async def started(sink: Any) -> None:
    with ThreadPoolExecutor(1) as executor:
        try:
            await sink.start(TaskContext("shop", 0, executor))
        finally:
            await sink.stop()
