"""The requests of the S3 sink, one method each; nothing here knows about records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.aws.bucket import Bucket
from connector.aws.clients import AwsClient
from connector.aws.partition import partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.config import S3Config


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part: its number from 1 to 10,000, and the ETag that completion must name."""

    number: int
    etag: str


def s3_client(config: S3Config, context: SinkContext) -> AwsClient:
    """A client as the sink's options ask for; to be used as a context manager, once."""
    return AwsClient(
        "s3",
        config.identity(context.connector, context.task),
        context,
        endpoint=config.endpoint_url,
        max_connections=config.upload_concurrency,
        backoff=config.backoff,
        s3={"addressing_style": config.addressing_style},
    )


def bucket_of(config: S3Config) -> Bucket:
    """The bucket as the options name it, for whoever asks whether it is there."""
    arn = f"arn:{partition(config, config.endpoint_url)}:s3:::{config.bucket}"
    return Bucket(config.bucket, config.region, arn, "aws.s3.bucket.name", config.endpoint_url)


class ObjectStore:
    """One bucket; every call is repeated until it succeeds or cannot succeed."""

    def __init__(self, client: AwsClient, bucket: str, concurrency: int) -> None:
        self._client = client
        self._bucket = bucket
        self._slots = asyncio.Semaphore(concurrency)

    async def put_object(self, key: str, body: bytes) -> None:
        await self._call("PutObject", "put_object", key, Body=body)

    async def create_upload(self, key: str) -> str:
        answer = await self._call("CreateMultipartUpload", "create_multipart_upload", key)
        upload_id: str = answer["UploadId"]
        return upload_id

    async def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        answer = await self._call(
            "UploadPart", "upload_part", key, UploadId=upload_id, PartNumber=number, Body=body
        )
        return Part(number, answer["ETag"])

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        await self._call(
            "CompleteMultipartUpload",
            "complete_multipart_upload",
            key,
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
        )

    async def abort_upload(self, key: str, upload_id: str) -> None:
        await self._call("AbortMultipartUpload", "abort_multipart_upload", key, UploadId=upload_id)

    async def _call(self, operation: str, method: str, key: str, **request: Any) -> dict[str, Any]:
        async with self._slots:
            return await self._client.call(
                operation, method, self._arn(key), Bucket=self._bucket, Key=key, **request
            )

    def _arn(self, key: str = "") -> str:
        return f"arn:aws:s3:::{self._bucket}{'/' if key else ''}{key}"
