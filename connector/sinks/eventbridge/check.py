"""Checks of an EventBridge sink that send no event: is the endpoint reached, is each bus there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.check import IdentityCheck
from connector.aws.clients import AwsClient
from connector.aws.partition import region_of_endpoint
from connector.aws.reach import endpoint_of, reach
from connector.check import Check, failed, ok, skipped, warning
from connector.retry import Backoff
from connector.sinks.eventbridge.finder import UNNOTICED, find_bus
from connector.sinks.messaging.check import bucket_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.eventbridge.config import EventBridgeConfig

ENDPOINT = "EventBridge endpoint"
BUS = "Event bus"
SEND = "EventBridge send"

_BUSES = 5
_NOBODY = "connector-check"


class BusCheck:
    """The checks of an EventBridge sink, its identity's first."""

    def __init__(
        self, config: EventBridgeConfig, service: str, context: SinkContext, topics: Sequence[str]
    ) -> None:
        """Args: ``topics`` are those whose buses are looked for; none if only a pattern is known."""
        self._config = config
        self._service = service
        self._context = context
        self._identity = config.identity(context.connector, context.task)
        self._endpoint = config.service_endpoint(service)
        self.identity = IdentityCheck(self._identity, sts_matters=config.asks_sts)
        expression = config.bus_expression
        known = topics or ([_NOBODY] if expression.is_constant else [])
        self._buses = list(dict.fromkeys(map(expression.of_topic, known)))[:_BUSES]

    def checks(self) -> list[Check]:
        asked = (ENDPOINT, *self.identity.needed)
        return [
            *self.identity.checks(),
            Check(ENDPOINT, self._reach),
            *(Check(f"{BUS} {bus}", self._find(bus), asked) for bus in self._buses),
            Check(SEND, self._send),
            *bucket_checks(self._config, self._context),
        ]

    async def _reach(self) -> Finding:
        region = self._config.region
        there = region_of_endpoint(self._endpoint or "")
        if there and there != region:
            return failed(
                f"the endpoint is in {there}, the region is {region}, for which requests are signed",
                "set aws.eventbridge.region and aws.eventbridge.endpoint to the same region, or leave"
                " aws.eventbridge.endpoint out",
            )
        return await reach(await endpoint_of(self._service, region, self._endpoint), self._identity.transport)

    def _find(self, bus: str) -> Any:
        async def find() -> Finding:
            async with self._client(self._service, self._endpoint) as client:
                denial = await find_bus(client, self._config, bus)
            if denial:
                return warning(f"{denial.fact}; {UNNOTICED}", denial.remedy)
            return ok(f"{bus} is in {self._config.region}")

        return find

    async def _send(self) -> Finding:
        return skipped("events:PutEvents cannot be tried without sending an event, which rules would see")

    def _client(self, service: str, endpoint: str | None) -> AwsClient:
        return AwsClient(
            service,
            self._identity,
            self._context,
            endpoint=endpoint,
            max_connections=1,
            backoff=Backoff(),
        )
