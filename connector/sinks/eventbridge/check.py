"""Checks of an EventBridge sink that send no event: is the endpoint reached, is each bus there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.check import Check, ok, skipped, warning
from connector.sinks.eventbridge.finder import UNNOTICED, find_bus
from connector.sinks.messaging.check import MOST_DESTINATIONS, DestinationCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.eventbridge.config import EventBridgeConfig

ENDPOINT = "EventBridge endpoint"
BUS = "Event bus"
SEND = "EventBridge send"

_NOBODY = "connector-check"


class BusCheck(DestinationCheck):
    """The checks of an EventBridge sink."""

    title = ENDPOINT
    endpoint_option = "aws.eventbridge.endpoint"

    def __init__(
        self, config: EventBridgeConfig, service: str, context: SinkContext, topics: Sequence[str]
    ) -> None:
        """Args: ``topics`` are those whose buses are looked for; none if only a pattern is known."""
        super().__init__(config, service, context)
        self._config = config
        expression = config.bus_expression
        known = topics or ([_NOBODY] if expression.is_constant else [])
        self._buses = list(dict.fromkeys(map(expression.of_topic, known)))[:MOST_DESTINATIONS]

    def of_destinations(self, asked: tuple[str, ...]) -> list[Check]:
        return [
            *(Check(f"{BUS} {bus}", self._find(bus), asked) for bus in self._buses),
            Check(SEND, self._send),
        ]

    def _find(self, bus: str) -> Any:
        async def find() -> Finding:
            async with self.client() as client:
                denial = await find_bus(client, self._config, bus)
            if denial:
                return warning(f"{denial.fact}; {UNNOTICED}", denial.remedy)
            return ok(f"{bus} is in {self._config.region}")

        return find

    async def _send(self) -> Finding:
        return skipped("events:PutEvents cannot be tried without sending an event, which rules would see")
