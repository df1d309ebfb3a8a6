"""What the SNS sink must be allowed: to publish to its topics, and to read their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.policy import Statement
from connector.sinks.messaging.permissions import resources, store_bodies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.sns.config import SnsConfig


def permissions(config: SnsConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    Actions: service authorization reference, Amazon SNS; sns:Publish is that of PublishBatch, too.
    """
    arns = resources(topics, config.arn_for, statements=2)
    return [
        Statement("PublishMessages", ("sns:Publish",), arns),
        Statement("ReadTheLimitsOfTheTopics", ("sns:GetTopicAttributes",), arns),
        *store_bodies(config),
    ]
