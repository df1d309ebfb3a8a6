"""The requests of the S3 sink, one method each; nothing here knows about records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector import logs
from connector.aws.bucket import Bucket
from connector.aws.clients import AwsClient
from connector.aws.faults import code_of
from connector.aws.partition import partition
from connector.errors import AccessError
from connector.sinks.s3.attributes import CLAIM
from connector.sinks.s3.checksum import OWN, checksum
from connector.sinks.s3.objects import KEEP
from connector.sinks.s3.refusal import explained

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.attributes import Origin
    from connector.sinks.s3.config import S3Config

log = logs.get(__name__)

_NOT_MET = "PreconditionFailed"


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part: its number from 1 to 10,000, and what completion must name: ETag and checksum."""

    number: int
    etag: str
    checksum: str | None = None


def s3_client(config: S3Config, context: SinkContext) -> AwsClient:
    """A client as the sink's options ask for; to be used as a context manager, once."""
    s3: dict[str, Any] = {"addressing_style": config.addressing_style}
    if config.attributes().checksum in OWN and (config.endpoint_url or "https:").startswith("https:"):
        # A checksum that we bring does not keep botocore from hashing the body for the signature, on the
        # event loop; one of its own does, over TLS.
        s3["payload_signing_enabled"] = False
    return AwsClient(
        "s3",
        config.identity(context.connector, context.task),
        context,
        endpoint=config.endpoint_url,
        max_connections=config.upload_concurrency,
        backoff=config.backoff,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3=s3,
    )


def bucket_of(config: S3Config) -> Bucket:
    """The bucket as the options name it, for whoever asks whether it is there."""
    arn = f"arn:{partition(config, config.endpoint_url)}:s3:::{config.bucket}"
    return Bucket(
        config.bucket,
        config.region,
        arn,
        "aws.s3.bucket.name",
        config.endpoint_url,
        owner=config.attributes().owner(),
    )


class ObjectStore:
    """One bucket; every call is repeated until it succeeds or cannot succeed."""

    def __init__(self, client: AwsClient, config: S3Config) -> None:
        self._client = client
        self._config = config
        self._bucket = bucket_of(config)
        self._attributes = config.attributes()
        self._slots = asyncio.Semaphore(config.upload_concurrency)

    async def put_object(self, key: str, origin: Origin, body: bytes) -> None:
        """Write a whole object; raises as :meth:`complete_upload`."""
        attributes = {**self._attributes.put(origin), **await self._own_checksum(body)}
        request = self._call("PutObject", "put_object", key, Body=body, **attributes)
        await self._unless_there(request, key, origin, len(body))

    async def create_upload(self, key: str, origin: Origin) -> str:
        answer = await self._call(
            "CreateMultipartUpload", "create_multipart_upload", key, **self._attributes.creation(origin)
        )
        upload_id: str = answer["UploadId"]
        return upload_id

    async def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        own = await self._own_checksum(body)
        answer = await self._call(
            "UploadPart",
            "upload_part",
            key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            **self._attributes.part(),
            **own,
        )
        member = self._attributes.checksum_member
        return Part(number, answer["ETag"], answer.get(member) or own.get(member))

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

    async def _own_checksum(self, body: bytes) -> dict[str, str]:
        """The value where botocore computes none; once, however often the request is repeated."""
        algorithm = self._attributes.checksum
        if algorithm not in OWN:
            return {}
        value = await asyncio.to_thread(checksum, algorithm, body)
        return {self._attributes.checksum_member: value}

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
                    operation, method, self._bucket.arn_of(key), Bucket=self._bucket.name, Key=key, **request
                )
        except AccessError as error:
            raise explained(error, self._config) from error.__cause__
