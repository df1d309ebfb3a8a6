"""What the SQS sink must be allowed: to find its queues and to send to them, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.partition import partition
from connector.aws.policy import Statement, escaped
from connector.sinks.messaging.config import S3
from connector.sinks.messaging.expression import Expression
from connector.sinks.sqs.lookup import arn_of
from connector.sinks.sqs.queue import reference_of_any_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.sqs.config import SqsConfig

_MOST_QUEUES = 20
"""More ARNs would not fit a managed policy (6,144 characters; IAM user guide, IAM and STS quotas)."""


def permissions(config: SqsConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    Actions: SQS developer guide, "Amazon SQS API permissions". What the KMS key of a queue asks for cannot
    be known from the config.
    """
    found = [
        Statement(
            "SendMessagesAndFindTheQueue",
            ("sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
            _queues(config, topics),
        )
    ]
    if config.oversize_policy == S3:
        name = partition(config, config.service_endpoint("s3"))
        objects = f"arn:{name}:s3:::{config.oversize_bucket}/{escaped(config.oversize_prefix)}*"
        found.append(Statement("StoreBodiesThatAreTooLarge", ("s3:PutObject",), (objects,)))
    return found


def _queues(config: SqsConfig, topics: Sequence[str]) -> tuple[str, ...]:
    expression = Expression(config.queue)
    prefix, _, name = arn_of(config, reference_of_any_topic(config.queue)).rpartition(":")
    if expression.is_constant:
        return (f"{prefix}:{name}",)
    template = Expression(config.queue.rpartition(":" if config.queue.startswith("arn:") else "/")[2])
    chosen = [escaped(topic) for topic in topics] if 0 < len(topics) <= _MOST_QUEUES else ["*"]
    return tuple(dict.fromkeys(f"{prefix}:{template.of_topic(topic)}" for topic in chosen))
