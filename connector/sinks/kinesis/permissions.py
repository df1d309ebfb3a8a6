"""What the Kinesis sink must be allowed: to write to its streams, and to ask what they take."""

from __future__ import annotations

from os.path import commonprefix
from typing import TYPE_CHECKING

from connector.aws.partition import partition
from connector.aws.policy import Statement, escaped
from connector.sinks.messaging.config import S3
from connector.sinks.messaging.expression import Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.kinesis.config import KinesisConfig

_MOST_CHARACTERS = 4096
"""Of all streams together: a managed policy ends at 6,144 characters (IAM user guide, IAM quotas)."""


def permissions(config: KinesisConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    A stream with a KMS key asks for ``kms:GenerateDataKey`` on it, too; the config does not know which.
    """
    statements = [
        Statement(
            "WriteToTheStreams",
            ("kinesis:PutRecords", "kinesis:DescribeStreamSummary"),
            _streams(config, topics),
        )
    ]
    if config.oversize_policy == S3:
        bucket = f"arn:{partition(config)}:s3:::{escaped(config.oversize_bucket or '')}"
        objects = f"{bucket}/{escaped(config.oversize_prefix)}*"
        statements.append(Statement("StoreWhatIsTooLarge", ("s3:PutObject",), (objects,)))
    return statements


def _streams(config: KinesisConfig, topics: Sequence[str]) -> tuple[str, ...]:
    each = tuple(dict.fromkeys(_arn(config, escaped(topic)) for topic in topics))
    if each and sum(map(len, each)) <= _MOST_CHARACTERS:
        return each
    common = commonprefix(topics)  # noqa: RUF071 - of names, not of paths
    return (_arn(config, escaped(common) + "*"),)


def _arn(config: KinesisConfig, topic: str) -> str:
    """A name is one of the account of whoever signs: that of the role, if one is assumed."""
    named = Expression(config.stream).of_topic(topic)
    if named.startswith("arn:"):
        return named
    account = config.sts_role_arn.split(":")[4] if config.sts_role_arn else "*"
    there = partition(config, config.service_endpoint("kinesis"))
    return f"arn:{there}:kinesis:{config.region}:{account}:stream/{named}"
