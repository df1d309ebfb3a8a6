"""What the EventBridge sink must be allowed: to send to its buses, and to ask whether they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.policy import Statement
from connector.sinks.eventbridge.bus import CLASSIC
from connector.sinks.messaging.permissions import resources, store_bodies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.eventbridge.config import EventBridgeConfig


def permissions(config: EventBridgeConfig, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config.

    Actions: service authorization reference, "Actions, resources, and condition keys for Amazon EventBridge".
    """
    buses = resources(topics, lambda topic: _arn(config, config.bus_expression.of_topic(topic)), statements=2)
    return [
        Statement("SendEvents", ("events:PutEvents",), buses),
        Statement("FindTheBusAtStart", ("events:DescribeEventBus",), buses),
        *store_bodies(config),
    ]


def _arn(config: EventBridgeConfig, bus: str) -> str:
    if config.bus_arn:
        return bus
    role = config.sts_role_arn
    account = role.split(":")[4] if role else "*"
    return f"arn:{config.partition}:events:{config.region}:{account}:{CLASSIC}/{bus}"
