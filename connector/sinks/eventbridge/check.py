"""Checks of an EventBridge sink that send no event: is the endpoint reached, is each bus there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.check import IdentityCheck
from connector.aws.clients import AwsClient
from connector.aws.faults import DENIED, code_of
from connector.aws.partition import region_of_endpoint
from connector.aws.reach import endpoint_of, reach
from connector.check import Check, failed, ok, skipped, warning
from connector.errors import AccessError
from connector.retry import Backoff
from connector.sinks.eventbridge.finder import UNNOTICED, find_bus
from connector.sinks.messaging.config import S3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.eventbridge.config import EventBridgeConfig

ENDPOINT = "EventBridge endpoint"
BUS = "Event bus"
SEND = "EventBridge send"
BODIES = "Bucket for large values"

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
        found = [
            *self.identity.checks(),
            Check(ENDPOINT, self._reach),
            *(Check(f"{BUS} {bus}", self._find(bus), asked) for bus in self._buses),
            Check(SEND, self._send),
        ]
        return [*found, Check(BODIES, self._bodies)] if self._config.oversize_policy == S3 else found

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

    async def _bodies(self) -> Finding:
        """HeadBucket needs s3:ListBucket, which the sink does not: a denial says nothing."""
        bucket = self._config.oversize_bucket or ""
        async with self._client("s3", self._config.service_endpoint("s3")) as client:
            try:
                await client.call_once("HeadBucket", "head_bucket", f"arn:aws:s3:::{bucket}", Bucket=bucket)
            except AccessError as error:
                if code_of(error) in DENIED:
                    return skipped(f"cannot tell without s3:ListBucket whether {bucket} is there")
                return failed(
                    f"oversize.s3.bucket.name: {error.fact}",
                    f"create {bucket} in {self._config.region}, or correct the name",
                )
        return ok(f"{bucket} is there")

    def _client(self, service: str, endpoint: str | None) -> AwsClient:
        style = {"s3": {"addressing_style": "path" if endpoint else "auto"}} if service == "s3" else {}
        return AwsClient(
            service,
            self._identity,
            self._context,
            endpoint=endpoint,
            max_connections=1,
            backoff=Backoff(),
            **style,
        )
