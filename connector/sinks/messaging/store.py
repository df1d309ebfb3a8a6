"""Where bodies go that are too large for a message: one bucket, reached with the sink's own identity."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from connector.aws.clients import AwsClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from connector.sinks.base import SinkContext
    from connector.sinks.messaging.config import MessagingConfig

_AT_ONCE = 8


class BodyStore:
    """Stores bodies as objects; use as an async context manager."""

    def __init__(self, config: MessagingConfig, context: SinkContext) -> None:
        self._bucket = config.oversize_bucket or ""
        endpoint = config.service_endpoint("s3")
        self._client = AwsClient(
            "s3",
            replace(
                config.identity(context.connector, context.task),
                region=config.s3_region or config.region,
            ),
            context,
            endpoint=endpoint,
            max_connections=_AT_ONCE,
            backoff=config.backoff,
            s3={"addressing_style": "path" if endpoint else "auto"},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def put(self, bodies: Mapping[str, bytes]) -> None:
        """Store each body under its key, until all are; raises AccessError."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def put_one(key: str, body: bytes) -> None:
            async with slots:
                resource = f"arn:aws:s3:::{self._bucket}/{key}"
                await self._client.call(
                    "PutObject", "put_object", resource, Bucket=self._bucket, Key=key, Body=body
                )

        async with asyncio.TaskGroup() as group:
            for key, body in bodies.items():
                group.create_task(put_one(key, body))
