"""The requests of the S3 sink, one method each; nothing here knows about records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from connector import logs
from connector.aws.clients import AwsClient
from connector.errors import AccessError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.config import S3Config

log = logs.get(__name__)

MOVED, ABSENT = 301, 404


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


def head_answer(error: AccessError) -> tuple[int, str | None]:
    """What a refused HeadBucket tells: the status (0 without an answer) and the bucket's region."""
    answer = error.__cause__.response if isinstance(error.__cause__, ClientError) else {}
    metadata = answer.get("ResponseMetadata", {})
    region = metadata.get("HTTPHeaders", {}).get("x-amz-bucket-region")
    return metadata.get("HTTPStatusCode", 0), region


class ObjectStore:
    """One bucket; every call is repeated until it succeeds or cannot succeed."""

    def __init__(self, client: AwsClient, bucket: str, concurrency: int) -> None:
        self._client = client
        self._bucket = bucket
        self._slots = asyncio.Semaphore(concurrency)

    async def check(self) -> None:
        """Find a missing bucket or a wrong region before the first record.

        HeadBucket needs s3:ListBucket, which the connector's role need not have: a refusal says nothing.
        Neither does a store that has trouble now; writing to it is what will be repeated.

        Raises:
            AccessError: The bucket is not there, or in another region.
        """
        try:
            await self._client.call_once("HeadBucket", "head_bucket", self._arn(), Bucket=self._bucket)
        except RetriableError as error:
            log.warning("bucket not checked", bucket=self._bucket, error=str(error))
        except AccessError as error:
            status, region = head_answer(error)
            if status == ABSENT:
                raise AccessError(
                    f"aws.s3.bucket.name: the bucket {self._bucket} does not exist:"
                    " create it, or correct the name."
                ) from error
            if status == MOVED:
                where = region or "another region"
                raise AccessError(
                    f"aws.s3.region: the bucket {self._bucket} is in {where}: set aws.s3.region to it."
                ) from error
            log.debug("bucket not checked", bucket=self._bucket, reason=str(error))

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
