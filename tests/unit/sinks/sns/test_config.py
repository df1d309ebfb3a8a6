from __future__ import annotations

import pytest

from connector.errors import ConfigError
from connector.sinks.sns import SnsConfig

ARN = "arn:aws:sns:eu-north-1:123456789012:orders"
FIFO = f"{ARN}.fifo"


def problems(**options: str) -> dict[str, str]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    try:
        SnsConfig.parse({"aws.sns.topic.arn": ARN, **raw})
    except ConfigError as error:
        return {problem.option: problem.message for problem in error.problems}
    return {}


@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        FIFO,
        "arn:aws-cn:sns:cn-north-1:123456789012:orders",
        "arn:aws:sns:eu-north-1:123456789012:{{topic}}",
        "arn:aws:sns:eu-north-1:123456789012:shop-{{ topic }}-events.fifo",
    ],
)
def test_arns_of_topics_are_taken(arn: str) -> None:
    assert problems(aws_sns_topic_arn=arn) == {}


@pytest.mark.parametrize(
    "arn",
    [
        "orders",
        "arn:aws:sqs:eu-north-1:123456789012:orders",
        "arn:aws:sns:eu-north-1:12345:orders",
        "arn:aws:sns:eu-north-1:123456789012:or.ders",
        "arn:aws:sns:eu-north-1:123456789012:orders:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
        "arn:aws:sns:{{topic}}:123456789012:orders",
        "arn:aws:sns:eu-north-1:123456789012:{{header:topic}}",
        "",
    ],
)
def test_anything_else_is_no_topic(arn: str) -> None:
    assert list(problems(aws_sns_topic_arn=arn)) == ["aws.sns.topic.arn"]


def test_the_region_is_that_of_the_arn() -> None:
    config = SnsConfig.parse({"aws.sns.topic.arn": ARN, "aws.s3.region": "eu-west-1"})
    assert config.region == "eu-north-1"


def test_a_region_other_than_that_of_the_arn_is_refused() -> None:
    assert "eu-north-1" in problems(aws_region="eu-west-1")["aws.region"]
    assert problems(aws_region="eu-north-1") == {}


def test_a_deduplication_id_is_of_fifo_topics_only() -> None:
    option = "aws.sns.message.deduplication.id"
    assert "FIFO" in problems(aws_sns_message_deduplication_id="{{header:id}}")[option]
    assert problems(aws_sns_message_deduplication_id="content", aws_sns_topic_arn=FIFO) == {}
    by_topic = ARN.replace("orders", "{{topic}}")
    assert problems(aws_sns_message_deduplication_id="content", aws_sns_topic_arn=by_topic) == {}


@pytest.mark.parametrize("same", ["contents", "{{topic}}", ""])
def test_a_deduplication_id_that_all_records_share_is_refused(same: str) -> None:
    found = problems(aws_sns_message_deduplication_id=same, aws_sns_topic_arn=FIFO)
    assert "duplicates" in found["aws.sns.message.deduplication.id"]


@pytest.mark.parametrize(
    "options",
    [
        {"message.body": "base64"},
        {"message.body": "envelope"},
        {"behavior.on.null.values": "envelope"},
        {"message.illegal.characters": "base64"},
        {"oversize.policy": "s3", "oversize.s3.bucket.name": "bodies"},
    ],
)
def test_nothing_takes_the_place_of_the_object_that_a_message_structure_needs(
    options: dict[str, str],
) -> None:
    (option, *_) = options
    assert list(problems(aws_sns_message_structure="json", **options)) == [option]
    assert problems(**options) == {}


def test_a_group_id_is_allowed_on_a_standard_topic() -> None:
    assert problems(aws_sns_message_group_id="{{header:tenant}}") == {}
