"""The requests of the S3 sink, one method each; nothing here knows about records."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, Any

from connector import logs
from connector.aws.faults import code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError
from connector.sinks.s3.attributes import CLAIM
from connector.sinks.s3.client import bucket_of
from connector.sinks.s3.ledger.state import PartList
from connector.sinks.s3.ledger.upload import extended
from connector.sinks.s3.objects import KEEP
from connector.sinks.s3.part import PartForm
from connector.sinks.s3.refusal import explained
from connector.sinks.s3.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from connector.aws.bucket import Bucket
    from connector.aws.clients import AwsClient
    from connector.sinks.s3.attributes import Origin
    from connector.sinks.s3.config import S3Config
    from connector.sinks.s3.part import Part

log = logs.get(__name__)

_LOOK_ATTEMPTS = 4
_NOT_MET = "PreconditionFailed"
_ABSENT = frozenset({"NoSuchUpload"})
_CHANGED = frozenset({"InvalidPart", "InvalidPartOrder"})
_UNSEEN = frozenset({"404", "NoSuchKey", "NotFound", "403", "Forbidden", "AccessDenied"})


class DamagedUploadError(ConnectorError):
    """The parts of an upload are not those that were stored."""

    code = ErrorCode.LEDGER_PARTS_CHANGED


class Completion(Enum):
    """How completing an upload ended, where it may have been completed before."""

    DONE = "done"
    GONE = "gone"
    """There is no such upload: completed, or aborted."""
    CHANGED = "changed"
    """A part is not what it was taken for: list them again."""


class ObjectStore:
    """One bucket; every call is repeated until it succeeds or cannot succeed."""

    def __init__(self, client: AwsClient, config: S3Config) -> None:
        self._client = client
        self._config = config
        self._bucket = bucket_of(config)
        self._attributes = config.attributes()
        self._parts = PartForm(self._attributes)
        self._turns = Turns(config.upload_concurrency)

    async def put_object(self, key: str, origin: Origin, body: bytes) -> None:
        """Write a whole object; raises as :meth:`complete_upload`."""
        attributes = {**self._attributes.put(origin), **await self._parts.checksum_of(body)}
        request = self._call("PutObject", "put_object", key, Body=body, **attributes)
        await self._unless_there(request, key, origin, len(body))

    async def create_upload(self, key: str, origin: Origin, bucket: str = "") -> str:
        answer = await self._call(
            "CreateMultipartUpload",
            "create_multipart_upload",
            key,
            bucket,
            **self._attributes.creation(origin),
        )
        upload_id: str = answer["UploadId"]
        return upload_id

    async def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        request = await self._parts.request(upload_id, number, body)
        answer = await self._call("UploadPart", "upload_part", key, **request)
        return self._parts.stored(number, len(body), {**request, **answer})

    async def send_part(
        self, key: str, upload_id: str, number: int, body: bytes, bucket: str = ""
    ) -> Part | None:
        """As :meth:`upload_part`; None if there is no such upload (any more).

        Some stores answer that with a fault of their own, so after a few of them this looks.
        """
        attempts = count(1)
        request = await self._parts.request(upload_id, number, body)

        async def attempt() -> Part | None:
            if next(attempts) % _LOOK_ATTEMPTS == 0 and await self.list_parts(key, upload_id, bucket) is None:
                return None
            answer = await self._once("UploadPart", "upload_part", key, bucket, **request)
            return self._parts.stored(number, len(body), {**request, **answer})

        try:
            return await self._client.repeated("UploadPart", attempt)
        except AccessError as error:
            if code_of(error) in _ABSENT:
                return None
            raise

    async def list_parts(self, key: str, upload_id: str, bucket: str = "") -> list[Part] | None:
        """Every part that S3 has of an upload; None if there is no such upload (any more)."""
        parts: list[Part] = []
        after = 0
        while True:
            try:
                answer = await self._call(
                    "ListParts",
                    "list_parts",
                    key,
                    bucket,
                    UploadId=upload_id,
                    PartNumberMarker=after,
                    **self._attributes.reading(),
                )
            except AccessError as error:
                if code_of(error) in _ABSENT:
                    return None
                raise
            parts += [
                self._parts.stored(found["PartNumber"], found["Size"], found)
                for found in answer.get("Parts", ())
            ]
            if not answer.get("IsTruncated"):
                return parts
            after = int(answer["NextPartNumberMarker"])

    async def complete_shared(
        self,
        key: str,
        origin: Origin,
        upload_id: str,
        *,
        known: Sequence[Part] | None,
        wanted: PartList,
        bucket: str = "",
    ) -> bool:
        """Complete an upload that somebody else may complete as well.

        Args:
            key: Of the object.
            origin: What it is made of.
            upload_id: The upload.
            known: Its parts, if they are known; else, and wherever they turn out to be others, S3 is asked.
            wanted: What the parts must be.
            bucket: If it is another one.

        Returns:
            Whether S3 said that it is done; if not, there is no such upload (any more).

        Raises:
            DamagedUploadError: Parts are missing, or others than were stored.
            AccessError: As :meth:`complete_upload`.
        """
        parts = known

        async def attempt() -> bool:
            nonlocal parts
            if parts is None:
                listing = await self.list_parts(key, upload_id, bucket)
                if listing is None:
                    return False
                parts = [part for part in listing if part.number in wanted]
                if extended(PartList(), [part.stored for part in parts]) != wanted:
                    raise DamagedUploadError(key)
            chosen, parts = parts, None
            outcome = await self._complete_once(key, origin, upload_id, chosen, bucket)
            if outcome is Completion.CHANGED:
                raise RetriableError(
                    f"a part of {key} was stored again meanwhile", code=ErrorCode.S3_PART_REPLACED
                )
            return outcome is Completion.DONE

        return await self._client.repeated("CompleteMultipartUpload", attempt)

    async def _complete_once(
        self, key: str, origin: Origin, upload_id: str, parts: Sequence[Part], bucket: str
    ) -> Completion:
        request = self._once(
            "CompleteMultipartUpload",
            "complete_multipart_upload",
            key,
            bucket,
            **self._parts.completion(upload_id, parts),
        )
        try:
            await self._unless_there(request, key, origin, sum(part.size_bytes for part in parts), bucket)
        except AccessError as error:
            if code_of(error) in _ABSENT:
                return Completion.GONE
            if code_of(error) in _CHANGED:
                return Completion.CHANGED
            raise
        return Completion.DONE

    async def claim_of(self, key: str, bucket: str = "") -> str | None:
        """The claim of the object of this name; None if there is none, or it cannot be seen."""
        found = await self._unless_unseen("HeadObject", "head_object", key, bucket)
        claim: str | None = found.get("Metadata", {}).get(CLAIM) if found else None
        return claim

    async def _size_of(self, key: str) -> int | None:
        """Of the object of this name; None if there is none, or it cannot be seen."""
        found = await self._unless_unseen("HeadObject", "head_object", key)
        return int(found["ContentLength"]) if found else None

    async def _unless_unseen(
        self, operation: str, method: str, key: str, bucket: str = ""
    ) -> dict[str, Any] | None:
        """The answer about an object; None if there is none, or it cannot be seen.

        Who may not list the bucket is answered 403 for an object that is not there (S3 API, HeadObject).
        """
        try:
            return await self._call(operation, method, key, bucket, **self._attributes.reading())
        except AccessError as error:
            if code_of(error) in _UNSEEN:
                return None
            raise

    async def put_state(self, key: str, body: bytes) -> None:
        """Write an object that holds state; its key is used once."""
        await self._call("PutObject", "put_object", key, Body=body, **self._attributes.state())

    async def get_state(self, key: str, bucket: str = "") -> bytes | None:
        """What :meth:`put_state` wrote, perhaps to an earlier config's bucket; None if it is not there."""
        answer = await self._unless_unseen("GetObject", "get_object", key, bucket)
        if answer is None:
            return None
        async with answer["Body"] as body:
            content: bytes = await body.read()
        return content

    async def delete_state(self, key: str, bucket: str = "") -> None:
        """Best effort: who may not delete leaves it to a lifecycle rule.

        Raises:
            ConnectorError: It stays.
        """
        await self._once("DeleteObject", "delete_object", key, bucket, **self._attributes.account)

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
            **self._parts.completion(upload_id, parts),
        )
        try:
            await self._unless_there(request, key, origin, size)
        except AccessError as error:
            # Repeated since the answer was lost: the upload is gone because it is completed.
            if code_of(error) not in _ABSENT or await self._size_of(key) != size:
                raise

    async def abort_upload(self, key: str, upload_id: str, bucket: str = "") -> None:
        await self._call(
            "AbortMultipartUpload",
            "abort_multipart_upload",
            key,
            bucket,
            UploadId=upload_id,
            **self._attributes.account,
        )

    async def _unless_there(
        self, request: Coroutine[Any, Any, Any], key: str, origin: Origin, size: int, bucket: str = ""
    ) -> None:
        """Make a request that S3 refuses if there is an object already, and judge what is there."""
        try:
            await request
        except AccessError as error:
            if code_of(error) != _NOT_MET:
                raise
            await self._judge(key, origin, size, error, bucket)

    async def _judge(self, key: str, origin: Origin, size: int, error: AccessError, bucket: str) -> None:
        """Pass what is this very write, whose answer was lost, and what the config says to keep."""
        there = await self._call("HeadObject", "head_object", key, bucket, **self._attributes.reading())
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
            code=ErrorCode.S3_OBJECT_EXISTS,
        ) from error

    async def _call(
        self, operation: str, method: str, key: str, bucket: str = "", **request: Any
    ) -> dict[str, Any]:
        where = self._place(bucket)
        return await self._sent(
            operation,
            self._client.call(operation, method, where.arn_of(key), Bucket=where.name, Key=key, **request),
        )

    async def _once(
        self, operation: str, method: str, key: str, bucket: str = "", **request: Any
    ) -> dict[str, Any]:
        where = self._place(bucket)
        return await self._sent(
            operation,
            self._client.call_once(
                operation, method, where.arn_of(key), Bucket=where.name, Key=key, **request
            ),
        )

    async def _sent(self, operation: str, request: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        try:
            async with self._turns.turn(operation):
                return await request
        except AccessError as error:
            raise explained(error, self._config) from error.__cause__
        finally:
            request.close()

    def _place(self, bucket: str) -> Bucket:
        """Another than the configured one, where an earlier config began something."""
        if not bucket:
            return self._bucket
        return replace(self._bucket, name=bucket, arn=f"{self._bucket.arn.rpartition(':')[0]}:{bucket}")
