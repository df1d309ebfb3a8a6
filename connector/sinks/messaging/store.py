"""Where bodies go that are too large for a message: one bucket, reached with the sink's own identity."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from connector.aws.bucket import Bucket
from connector.aws.clients import AwsClient
from connector.aws.faults import code_of
from connector.aws.partition import partition
from connector.error_codes import ErrorCode
from connector.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.messaging.config import MessagingConfig

_AT_ONCE = 8
_ABSENT = frozenset({"404", "NoSuchBucket"})


def bucket_of(config: MessagingConfig) -> Bucket:
    """The bucket as the options name it."""
    endpoint = config.service_endpoint("s3")
    name = config.oversize_bucket or ""
    arn = f"arn:{partition(config, endpoint)}:s3:::{name}"
    return Bucket(name, config.bucket_region, arn, "oversize.s3.bucket.name", endpoint)


class BodyStore:
    """Stores bodies as objects; use as an async context manager."""

    def __init__(self, config: MessagingConfig, context: SinkContext) -> None:
        self._bucket = bucket_of(config)
        endpoint = self._bucket.endpoint
        self._client = AwsClient(
            "s3",
            replace(config.identity(context.connector, context.task), region=config.bucket_region),
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

    async def check(self) -> None:
        """Raises AccessError if the bucket is not there, or in another region."""
        await self._bucket.expect(self._client)

    async def look(self) -> Finding:
        """What a check tells of the bucket."""
        return await self._bucket.look(self._client)

    async def put(self, bodies: Mapping[str, bytes]) -> None:
        """Store each body under its key, until all are; raises AccessError."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def put_one(key: str, body: bytes) -> None:
            async with slots:
                await self._client.call(
                    "PutObject",
                    "put_object",
                    self._bucket.arn_of(key),
                    Bucket=self._bucket.name,
                    Key=key,
                    Body=body,
                )

        try:
            async with asyncio.TaskGroup() as group:
                for key, body in bodies.items():
                    group.create_task(put_one(key, body))
        except ExceptionGroup as errors:
            # They are about the same bucket, so that one says as much as all.
            error = errors.exceptions[0]
            raise (_meant(error) if isinstance(error, AccessError) else error) from error.__cause__


def _meant(error: AccessError) -> AccessError:
    """In the words of this bucket's options."""
    if code_of(error) not in _ABSENT:
        return error
    return AccessError(
        f"oversize.s3.bucket.name: {error.fact}",
        remedy="create the bucket, or correct oversize.s3.bucket.name and aws.s3.region",
        code=ErrorCode.S3_BUCKET_MISSING,
    )
