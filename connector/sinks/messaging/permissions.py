"""What the messaging sinks must be allowed alike: a resource for each topic, the bucket for large bodies."""

from __future__ import annotations

from os.path import commonprefix
from typing import TYPE_CHECKING

from connector.aws.policy import Statement, escaped
from connector.sinks.messaging.config import S3
from connector.sinks.messaging.store import bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.sinks.messaging.config import MessagingConfig

_MOST_CHARACTERS = 4096
"""Of all destinations together: a managed policy ends at 6,144 characters (IAM user guide, IAM quotas)."""


def resources(topics: Sequence[str], arn_of: Callable[[str], str], *, statements: int = 1) -> tuple[str, ...]:
    """One for each topic; if these are too long for a policy, one for what the topics have in common.

    Args:
        topics: Of Kafka; none if only a pattern of them is known.
        arn_of: Gives the ARN for a topic, or for a wildcard in its place.
        statements: How many they will stand in.
    """
    each = tuple(dict.fromkeys(arn_of(escaped(topic)) for topic in topics))
    if each and sum(map(len, each)) * statements <= _MOST_CHARACTERS:
        return each
    common = commonprefix(topics)  # noqa: RUF071 - of names, not of paths
    return (arn_of(f"{escaped(common)}*"),)


def store_bodies(config: MessagingConfig) -> list[Statement]:
    """To store what is too large, if that is asked for; no more, since whoever reads it is somebody else."""
    if config.oversize_policy != S3:
        return []
    objects = f"{bucket_of(config).arn}/{escaped(config.oversize_prefix)}*"
    return [Statement("StoreBodiesThatAreTooLarge", ("s3:PutObject",), (objects,))]
