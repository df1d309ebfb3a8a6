"""What the EventBridge sink must be allowed: to send to its buses, and to ask whether they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.policy import Statement, escaped
from connector.sinks.eventbridge.bus import CLASSIC
from connector.sinks.messaging.config import S3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.eventbridge.config import EventBridgeConfig

_MOST_CHARACTERS = 2048
"""Of all buses together; they stand in two statements of a policy that ends at 6,144."""


def permissions(config: EventBridgeConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    Actions: service authorization reference, "Actions, resources, and condition keys for Amazon EventBridge".
    """
    buses = _buses(config, topics)
    statements = [
        Statement("SendEvents", ("events:PutEvents",), buses),
        Statement("FindTheBusAtStart", ("events:DescribeEventBus",), buses),
    ]
    if config.oversize_policy == S3:
        objects = f"arn:{config.partition}:s3:::{config.oversize_bucket}/{escaped(config.oversize_prefix)}*"
        statements.append(Statement("StoreWhatIsTooLarge", ("s3:PutObject",), (objects,)))
    return statements


def _buses(config: EventBridgeConfig, topics: Sequence[str]) -> tuple[str, ...]:
    """One for each that the topics lead to; a wildcard for topics that are known by a pattern only."""
    expression = config.bus_expression
    each = tuple(dict.fromkeys(_arn(config, expression.of_topic(escaped(topic))) for topic in topics))
    if each and sum(map(len, each)) <= _MOST_CHARACTERS:
        return each
    return (_arn(config, expression.of_topic("*")),)


def _arn(config: EventBridgeConfig, bus: str) -> str:
    if config.bus_arn:
        return bus
    role = config.sts_role_arn
    account = role.split(":")[4] if role else "*"
    return f"arn:{config.partition}:events:{config.region}:{account}:{CLASSIC}/{bus}"
