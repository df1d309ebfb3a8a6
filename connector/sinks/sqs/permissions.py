"""What the SQS sink must be allowed: to find its queues and to send to them, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.policy import Statement
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.permissions import resources, store_bodies
from connector.sinks.sqs.lookup import arn_of
from connector.sinks.sqs.queue import reference_of_any_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.sqs.config import SqsConfig


def permissions(config: SqsConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    Actions: SQS developer guide, "Amazon SQS API permissions". What the KMS key of a queue asks for cannot
    be known from the config.
    """
    return [
        Statement(
            "SendMessagesAndFindTheQueue",
            ("sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
            resources(topics, lambda topic: _arn(config, topic)),
        ),
        *store_bodies(config),
    ]


def _arn(config: SqsConfig, topic: str) -> str:
    prefix, _, name = arn_of(config, reference_of_any_topic(config.queue)).rpartition(":")
    if Expression(config.queue).is_constant:
        return f"{prefix}:{name}"
    template = Expression(config.queue.rpartition(":" if config.queue.startswith("arn:") else "/")[2])
    return f"{prefix}:{template.of_topic(topic)}"
