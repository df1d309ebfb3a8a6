from __future__ import annotations

import re

import pytest

from connector.aws.policy import TellsPermissions, permission_policy
from connector.sinks.kinesis import KinesisConfig, KinesisSink

ARN = "arn:aws:kinesis:eu-north-1:123456789012:stream/orders"


def streams(topics: list[str], **options: str) -> tuple[str, ...]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    statement, *_ = KinesisSink.permissions(KinesisConfig.parse(raw), topics)
    return statement.resources


def test_the_policy_of_a_usual_config() -> None:
    assert permission_policy(
        KinesisSink.permissions(KinesisConfig.parse({"aws.kinesis.stream": ARN}), ["t"])
    ) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteToTheStreams",
                "Effect": "Allow",
                "Action": ["kinesis:PutRecords", "kinesis:DescribeStreamSummary"],
                "Resource": [ARN],
            }
        ],
    }


@pytest.mark.parametrize(
    ("options", "resource"),
    [
        ({"aws_region": "eu-north-1"}, "arn:aws:kinesis:eu-north-1:*:stream/orders"),
        ({"aws_region": "cn-north-1"}, "arn:aws-cn:kinesis:cn-north-1:*:stream/orders"),
        (
            {"aws_region": "eu-west-1", "aws_sts_role_arn": "arn:aws:iam::210987654321:role/r"},
            "arn:aws:kinesis:eu-west-1:210987654321:stream/orders",
        ),
    ],
)
def test_a_stream_by_name_is_in_the_account_of_the_role(options: dict[str, str], resource: str) -> None:
    assert streams(["t"], aws_kinesis_stream="orders", **options) == (resource,)


def test_each_topic_has_its_stream_and_a_pattern_of_topics_a_wildcard() -> None:
    start = "arn:aws:kinesis:us-east-1:*:stream/in-"
    assert streams(["b", "a"], aws_kinesis_stream="in-{{topic}}") == (f"{start}b", f"{start}a")
    assert streams([], aws_kinesis_stream="in-{{topic}}") == (f"{start}*",)
    many = [f"shop.orders.number-{number}" for number in range(300)]
    assert streams(many, aws_kinesis_stream="in-{{topic}}") == (f"{start}shop.orders.number-*",)


def test_bodies_that_are_too_large_may_be_stored() -> None:
    config = KinesisConfig.parse(
        {
            "aws.kinesis.stream": ARN,
            "oversize.policy": "s3",
            "oversize.s3.bucket.name": "large",
            "oversize.s3.prefix": "in/",
        }
    )
    _, store = KinesisSink.permissions(config, ["t"])
    assert (store.actions, store.resources) == (("s3:PutObject",), ("arn:aws:s3:::large/in/*",))
    assert re.fullmatch("[0-9A-Za-z]+", store.sid)


def test_the_sink_tells_its_permissions() -> None:
    assert isinstance(KinesisSink, TellsPermissions)
