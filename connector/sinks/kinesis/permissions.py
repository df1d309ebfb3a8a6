"""What the Kinesis sink must be allowed: to write to its streams, and to ask what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.partition import partition
from connector.aws.policy import Statement
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.permissions import resources, store_bodies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.kinesis.config import KinesisConfig


def permissions(config: KinesisConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    A stream with a KMS key asks for ``kms:GenerateDataKey`` on it, too; the config does not know which.
    """
    return [
        Statement(
            "WriteToTheStreams",
            ("kinesis:PutRecords", "kinesis:DescribeStreamSummary"),
            resources(topics, lambda topic: _arn(config, topic)),
        ),
        *store_bodies(config),
    ]


def _arn(config: KinesisConfig, topic: str) -> str:
    """A name is one of the account of whoever signs: that of the role, if one is assumed."""
    named = Expression(config.stream).of_topic(topic)
    if named.startswith("arn:"):
        return named
    account = config.sts_role_arn.split(":")[4] if config.sts_role_arn else "*"
    there = partition(config, config.service_endpoint("kinesis"))
    return f"arn:{there}:kinesis:{config.region}:{account}:stream/{named}"
