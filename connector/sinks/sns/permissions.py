"""What the SNS sink must be allowed: to publish to its topics, and to read their attributes."""

from __future__ import annotations

from os.path import commonprefix
from typing import TYPE_CHECKING

from connector.aws.partition import partition
from connector.aws.policy import Statement, escaped
from connector.sinks.messaging.config import S3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.sns.config import SnsConfig

_MOST_CHARACTERS = 2048
"""Of all topics together; a managed policy ends at 6,144 characters (IAM user guide, quotas)."""


def permissions(config: SnsConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    Actions: service authorization reference, Amazon SNS; sns:Publish is that of PublishBatch, too.
    """
    arns = _arns(config, topics)
    found = [
        Statement("PublishMessages", ("sns:Publish",), arns),
        Statement("ReadTheLimitsOfTheTopics", ("sns:GetTopicAttributes",), arns),
    ]
    if config.oversize_policy == S3:
        objects = f"arn:{partition(config)}:s3:::{config.oversize_bucket}/{escaped(config.oversize_prefix)}*"
        found.append(Statement("StoreBodiesThatAreTooLarge", ("s3:PutObject",), (objects,)))
    return found


def _arns(config: SnsConfig, topics: Sequence[str]) -> tuple[str, ...]:
    """One resource per topic; if these are too long for a policy, one for what the topics have in common."""
    each = tuple(dict.fromkeys(config.arn_for(escaped(topic)) for topic in topics))
    if each and sum(map(len, each)) <= _MOST_CHARACTERS:
        return each
    common = commonprefix(topics)  # noqa: RUF071 - of names, not of paths
    return (config.arn_for(f"{escaped(common)}*"),)
