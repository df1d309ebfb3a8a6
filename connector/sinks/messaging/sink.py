"""A messaging sink of AWS: a client for its service, a destination for each topic, found before its use."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from connector.aws.wire import WireClient
from connector.error_codes import ErrorCode
from connector.errors import ConnectorError, RetriableError
from connector.sinks.dispatch import MessagingSink
from connector.sinks.messaging.answer import of_request
from connector.sinks.messaging.config import S3, MessagingConfig
from connector.sinks.messaging.store import BodyStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext


class AwsMessagingSink(MessagingSink):
    """Base of the sinks of SQS, SNS, Kinesis and EventBridge."""

    config_class = MessagingConfig
    service: ClassVar[str]
    """As botocore calls it."""

    config: MessagingConfig

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._resources = AsyncExitStack()
        self._store: BodyStore | None = None
        self._request_seconds = (config.connect_timeout_ms + 2 * config.read_timeout_ms) / 1000
        self.destinations: dict[str, str] = {}
        """Of each topic that was met."""

    @property
    def endpoint(self) -> str | None:
        """The one given for the service, or for all."""
        return self.config.service_endpoint(self.service)

    @abstractmethod
    async def find(self, topic: str) -> str:
        """The destination of a topic, as entries will name it; afterwards :meth:`limits` knows its limits.

        Raises:
            AccessError: It does not exist, is of another kind, or may not be used; says what to do.
            RetriableError: Not reachable now.
        """

    async def start(self, context: SinkContext) -> None:
        await super().start(context)
        await self._resources.aclose()  # of an earlier attempt
        config = self.config
        self.client = await self._resources.enter_async_context(
            WireClient(
                self.service,
                config.identity(context.connector, context.task),
                context,
                endpoint=self.endpoint,
                max_connections=config.max_requests,
                backoff=config.backoff,
            )
        )
        if config.oversize_policy == S3:
            self._store = await self._resources.enter_async_context(BodyStore(config, context))
            await self._store.check()
        for topic in context.topics:
            self.destinations[topic] = await self.find(topic)

    async def put(self, batch: RecordBatch) -> None:
        topic = batch.topic
        if topic not in self.destinations:
            life = self._dispatcher.progress(batch.topic_partition)
            self.destinations[topic] = await self.find(topic)
            if self._dispatcher.progress(batch.topic_partition) is not life:
                return  # dropped meanwhile, and perhaps opened again: this batch is of its former life
        await super().put(batch)

    async def attach(self, attachments: Mapping[str, bytes]) -> None:
        if self._store is None:
            raise AssertionError("Nothing is attached without a store")
        await self._store.put(attachments)

    async def post(
        self,
        *,
        operation: str,
        body: bytes,
        content_type: str,
        resource: str,
        target: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> bytes:
        """As ``WireClient.post``; what concerns the whole request is told as the dispatcher wants it.

        It has a deadline as a whole, too: an answer that trickles in never keeps silent for long.
        """
        try:
            async with asyncio.timeout(self._request_seconds):
                return await self.client.post(
                    operation=operation,
                    body=body,
                    content_type=content_type,
                    resource=resource,
                    target=target,
                    parameters=parameters,
                )
        except TimeoutError as error:
            raise RetriableError(
                f"{operation} on {resource} was not answered within {self._request_seconds:g} s",
                code=ErrorCode.AWS_UNREACHABLE,
            ) from error
        except ConnectorError as error:
            if (meant := of_request(error)) is error:
                raise
            raise meant from error

    async def stop(self) -> None:
        await super().stop()
        await self._resources.aclose()
