"""Uploads that a check begins and aborts, of keys that no object has; none stays behind unsaid."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from connector.aws.faults import code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError, BatchError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.retry import Backoff, retrying
from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.client import bucket_of
from connector.sinks.s3.object_key import MAX_KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.aws.clients import AwsClient
    from connector.sinks.s3.config import S3Config

NOBODY = "connector-check"
NO_SUCH_UPLOAD = "NoSuchUpload"
_FAR_OFFSET = 10**18
_ABORT_SECONDS = 10.0
_NO_ETAG = f'"{"0" * 32}"'


class ProbeUploads:
    """Their requests carry what those of the sink carry.

    Attributes:
        tried: Keys of which uploads were asked for, also where no answer came.
    """

    def __init__(self, config: S3Config, client: Callable[[], AwsClient]) -> None:
        """Args: ``client`` makes one; to be used as a context manager, once."""
        self._config = config
        self._client = client
        self._attributes = config.attributes()
        self._place = bucket_of(config)
        self.tried: set[str] = set()

    async def begin(self, client: AwsClient, key: str) -> dict[str, Any]:
        self.tried.add(key)
        return await client.call_once(
            "CreateMultipartUpload",
            "create_multipart_upload",
            self._place.arn_of(key),
            Bucket=self._config.bucket,
            Key=key,
            **self._attributes.creation(Origin(TopicPartition(NOBODY, 0), 0)),
        )

    async def complete_nothing(self, client: AwsClient, key: str, upload_id: str) -> None:
        await client.call_once(
            "CompleteMultipartUpload",
            "complete_multipart_upload",
            self._place.arn_of(key),
            Bucket=self._config.bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": _NO_ETAG}]},
            IfMatch=_NO_ETAG,
            **self._attributes.reading(),
        )

    async def undo(self, key: str, upload_id: str) -> None:
        """Abort, even if the time of the step ends meanwhile; it has a time of its own.

        Raises:
            AccessError: It stays behind; says how to remove it by hand.
        """
        undoing = asyncio.create_task(self._insist_on_abort(key, upload_id))
        try:
            await asyncio.shield(undoing)
        except asyncio.CancelledError:
            await undoing
            raise

    async def _insist_on_abort(self, key: str, upload_id: str) -> None:
        try:
            async with asyncio.timeout(_ABORT_SECONDS):
                await retrying(lambda: self.abort(key, upload_id), Backoff(), lambda _: None)
        except (AccessError, RetriableError, TimeoutError) as error:
            if code_of(error) == NO_SUCH_UPLOAD:
                return
            raise AccessError(
                f"the incomplete upload {upload_id} of {key} stays behind ({error or 'no answer'})",
                remedy=by_hand(self._config.bucket, key, upload_id),
                code=ErrorCode.S3_UPLOAD_LEFT_BEHIND,
            ) from error

    async def abort(self, key: str, upload_id: str) -> None:
        async with self._client() as client:
            await client.call_once(
                "AbortMultipartUpload",
                "abort_multipart_upload",
                self._place.arn_of(key),
                Bucket=self._config.bucket,
                Key=key,
                UploadId=upload_id,
                **self._attributes.account,
            )

    async def left(self) -> list[tuple[str, str]]:
        """Key and id of each upload of this check that is still there."""
        found = []
        async with self._client() as client:
            for key in sorted(self.tried):
                answer = await client.call_once(
                    "ListMultipartUploads",
                    "list_multipart_uploads",
                    self._place.arn,
                    Bucket=self._config.bucket,
                    Prefix=key,
                    **self._attributes.account,
                )
                found += [(upload["Key"], upload["UploadId"]) for upload in answer.get("Uploads", ())]
        return found


def probe_key(config: S3Config, topic: str) -> str:
    """A key of the very form that objects of this topic have, so that the same policies apply.

    No object has it: its offset is one that no topic reaches, its record key is made up.
    """
    offset, now_ms = _FAR_OFFSET + secrets.randbelow(_FAR_OFFSET), time.time_ns() // 1_000_000
    unique = f"{NOBODY}-{uuid.uuid4().hex}"
    grouper = config.create_grouper(config.create_format().suffix)
    batch = RecordBatch.of(TopicPartition(topic, 0), [Record(offset, unique.encode(), b"", now_ms)])
    try:
        ((group, _),) = grouper.split(batch, now_ms)
    except BatchError:
        # Too long by what is made up here; the keys of real records may be shorter.
        start = (config.name_template or "").partition("{{")[0].encode()[: MAX_KEY_BYTES - len(unique)]
        return start.decode(errors="ignore") + unique
    return grouper.object_key(group, offset)


def by_hand(bucket: str, key: str, upload_id: str) -> str:
    """How an operator removes an upload that stays behind."""
    return (
        "grant s3:AbortMultipartUpload, and remove it: aws s3api abort-multipart-upload"
        f" --bucket '{bucket}' --key '{key}' --upload-id '{upload_id}'"
    )
