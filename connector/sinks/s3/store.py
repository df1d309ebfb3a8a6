"""The requests of the S3 sink, one method each; nothing here knows about records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from connector import logs
from connector.aws.clients import AwsClient
from connector.aws.faults import code_of
from connector.errors import AccessError, RetriableError
from connector.sinks.s3.attributes import CLAIM
from connector.sinks.s3.objects import KEEP
from connector.sinks.s3.refusal import explained

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.attributes import Origin
    from connector.sinks.s3.config import S3Config

log = logs.get(__name__)

MOVED, ABSENT = 301, 404
_NOT_MET = "PreconditionFailed"


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part: its number from 1 to 10,000, and what completion must name: ETag and checksum."""

    number: int
    etag: str
    checksum: str | None = None


def s3_client(config: S3Config, context: SinkContext) -> AwsClient:
    """A client as the sink's options ask for; to be used as a context manager, once."""
    return AwsClient(
        "s3",
        config.identity(context.connector, context.task),
        context,
        endpoint=config.endpoint_url,
        max_connections=config.upload_concurrency,
        backoff=config.backoff,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
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

    def __init__(self, client: AwsClient, config: S3Config) -> None:
        self._client = client
        self._config = config
        self._bucket = config.bucket
        self._attributes = config.attributes()
        self._slots = asyncio.Semaphore(config.upload_concurrency)

    async def check(self) -> None:
        """Find a missing bucket or a wrong region before the first record.

        HeadBucket needs s3:ListBucket, which the connector's role need not have: a refusal says nothing.
        Neither does a store that has trouble now; writing to it is what will be repeated.

        Raises:
            AccessError: The bucket is not there, or in another region.
        """
        try:
            await self._client.call_once(
                "HeadBucket", "head_bucket", self._arn(), Bucket=self._bucket, **self._attributes.owner()
            )
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

    async def put_object(self, key: str, origin: Origin, body: bytes) -> None:
        """Write a whole object; raises as :meth:`complete_upload`."""
        request = self._call("PutObject", "put_object", key, Body=body, **self._attributes.put(origin))
        await self._unless_there(request, key, origin, len(body))

    async def create_upload(self, key: str, origin: Origin) -> str:
        answer = await self._call(
            "CreateMultipartUpload", "create_multipart_upload", key, **self._attributes.creation(origin)
        )
        upload_id: str = answer["UploadId"]
        return upload_id

    async def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        answer = await self._call(
            "UploadPart",
            "upload_part",
            key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            **self._attributes.part(),
        )
        return Part(number, answer["ETag"], answer.get(self._attributes.checksum_member))

    async def complete_upload(
        self, key: str, origin: Origin, upload_id: str, parts: Sequence[Part], size: int
    ) -> None:
        """Make an object visible.

        Raises:
            AccessError: S3 refuses; or there is an object of the name, and the config says not to replace it.
        """
        request = self._call(
            "CompleteMultipartUpload",
            "complete_multipart_upload",
            key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [self._listed(part) for part in parts]},
            **self._attributes.completion(),
        )
        await self._unless_there(request, key, origin, size)

    async def abort_upload(self, key: str, upload_id: str) -> None:
        await self._call(
            "AbortMultipartUpload",
            "abort_multipart_upload",
            key,
            UploadId=upload_id,
            **self._attributes.account,
        )

    def _listed(self, part: Part) -> dict[str, Any]:
        checksum = {self._attributes.checksum_member: part.checksum} if part.checksum else {}
        return {"PartNumber": part.number, "ETag": part.etag, **checksum}

    async def _unless_there(
        self, request: Coroutine[Any, Any, Any], key: str, origin: Origin, size: int
    ) -> None:
        """Make a request that S3 refuses if there is an object already, and judge what is there."""
        try:
            await request
        except AccessError as error:
            if code_of(error) != _NOT_MET:
                raise
            await self._judge(key, origin, size, error)

    async def _judge(self, key: str, origin: Origin, size: int, error: AccessError) -> None:
        """Pass what is this very write, whose answer was lost, and what the config says to keep."""
        there = await self._call("HeadObject", "head_object", key, **self._attributes.reading())
        if there.get("Metadata", {}).get(CLAIM) == origin.claim:
            return
        found = int(there.get("ContentLength", -1))
        keeps = self._config.existing == KEEP
        if keeps and found == size:
            log.info("object kept that was there", key=key, size_bytes=size)
            return
        sizes = f" with {found} bytes instead of {size}, so with other records" if keeps else ""
        raise AccessError(
            f"the object {key} is there already{sizes}, and aws.s3.object.exists is {self._config.existing}",
            remedy="move it away, or set aws.s3.object.exists to overwrite, which records that are delivered"
            " again need",
        ) from error

    async def _call(self, operation: str, method: str, key: str, **request: Any) -> dict[str, Any]:
        try:
            async with self._slots:
                return await self._client.call(
                    operation, method, self._arn(key), Bucket=self._bucket, Key=key, **request
                )
        except AccessError as error:
            raise explained(error, self._config) from error.__cause__

    def _arn(self, key: str = "") -> str:
        return f"arn:aws:s3:::{self._bucket}{'/' if key else ''}{key}"
