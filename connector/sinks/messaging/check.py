"""What the checks of every messaging sink begin and end with: identity, endpoint, bucket for bodies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from connector.aws.check import IdentityCheck
from connector.aws.clients import AwsClient
from connector.aws.partition import region_of_endpoint
from connector.aws.reach import endpoint_of, reach
from connector.check import Check, Checklist, failed
from connector.error_codes import ErrorCode
from connector.sinks.messaging.config import S3
from connector.sinks.messaging.store import BodyStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.messaging.config import MessagingConfig

BODIES = "Bucket for large bodies"
MOST_DESTINATIONS = 5
"""So many are looked for; a connector of a thousand topics should not take minutes to check."""


class DestinationCheck(ABC):
    """The checks of a messaging sink, its identity's first; sends nothing."""

    title: ClassVar[str]
    """The check of the endpoint is called so."""
    endpoint_option: ClassVar[str]

    def __init__(self, config: MessagingConfig, service: str, context: SinkContext) -> None:
        """Args: ``service`` is as botocore calls it."""
        self._settings = config
        self._service = service
        self._context = context
        self._identity = config.identity(context.connector, context.task)
        self._endpoint = config.service_endpoint(service)
        self._identity_check = IdentityCheck(self._identity, sts_matters=config.asks_sts)

    @abstractmethod
    def of_destinations(self, asked: tuple[str, ...]) -> Sequence[Check]:
        """Those that are the sink's own; none makes sense unless those ``asked`` before went well."""

    def checklist(self) -> Checklist:
        asked = (self.title, *self._identity_check.needed)
        checks = [
            *self._identity_check.checks(),
            Check(self.title, self._reach),
            *self.of_destinations(asked),
        ]
        if self._settings.oversize_policy == S3:
            checks.append(Check(BODIES, self._bodies, self._identity_check.needed))
        return Checklist(checks, self._identity_check.hide)

    def client(self) -> AwsClient:
        """Of the service, for one request at a time."""
        return AwsClient(
            self._service,
            self._identity,
            self._context,
            endpoint=self._endpoint,
            max_connections=1,
            backoff=self._settings.backoff,
        )

    async def _reach(self) -> Finding:
        region = self._settings.region
        there = region_of_endpoint(self._endpoint or "")
        if there and there != region:
            return failed(
                f"the endpoint is in {there}, the region is {region}, for which requests are signed",
                f"correct the region or {self.endpoint_option}, or leave {self.endpoint_option} out",
                code=ErrorCode.AWS_REGION_WRONG,
            )
        return await reach(await endpoint_of(self._service, region, self._endpoint), self._identity.transport)

    async def _bodies(self) -> Finding:
        async with BodyStore(self._settings, self._context) as store:
            return await store.look()
