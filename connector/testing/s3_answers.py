"""What is asked of a store by whoever delivers exactly once, as few requests as the protocol needs.

Servers are asked through botocore (`BotoStore`); a simulator implements `Store`. Both are held to the same
facts by the suite in ``connector.testing.contract.s3_answers``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.testing.s3 import S3Server

DONE = "done"
NO_SUCH_UPLOAD = "NoSuchUpload"
NO_SUCH_KEY = "NoSuchKey"
INVALID_PART = "InvalidPart"
ENTITY_TOO_SMALL = "EntityTooSmall"
INTERNAL_ERROR = "InternalError"

_SAME = {"404": NO_SUCH_KEY, "500": INTERNAL_ERROR}
"""Answers without a body have only a status."""


class RefusedError(Exception):
    """A store's answer that is not success, with the code it gives."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Part(NamedTuple):
    """As ListParts has it."""

    number: int
    size: int
    etag: str


class Page(NamedTuple):
    """One answer of ListParts; ``next_after`` is where the next one begins, None if there is none."""

    parts: list[Part]
    next_after: int | None


@dataclass(frozen=True)
class Stored:
    """As HeadObject has it."""

    size: int
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """One bucket; every method is one request and raises `RefusedError` for any other answer than success."""

    def create(self, key: str, metadata: Mapping[str, str]) -> str:
        """Give the id of a new upload."""

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """Give the part's ETag."""

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, most: int | None = None) -> Page: ...

    def complete(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        """Make the parts, as number and ETag, the object."""

    def abort(self, key: str, upload_id: str) -> None: ...

    def uploads(self) -> set[tuple[str, str]]:
        """Give key and id of each upload that was neither completed nor aborted."""

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None: ...

    def head(self, key: str) -> Stored: ...

    def get(self, key: str) -> bytes: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True)
class Manners:
    """Where stores differ: the answers that each of them may give."""

    repeated_complete: frozenset[str]
    """To a completion that has succeeded, while its object is there."""
    late_complete: frozenset[str]
    """To such a completion after somebody replaced the object."""
    gone: frozenset[str]
    """To UploadPart and Complete of an upload that is gone."""
    abort_gone: frozenset[str] = frozenset({NO_SUCH_UPLOAD})
    """To an abort of an upload that is gone."""
    page_parts: int = 1000
    """Parts in an answer of ListParts, unless asked for fewer."""


MOTO = Manners(
    repeated_complete=frozenset({DONE}),
    late_complete=frozenset({INTERNAL_ERROR}),
    gone=frozenset({INTERNAL_ERROR}),
)
VERSITYGW = Manners(
    repeated_complete=frozenset({DONE}),
    late_complete=frozenset({DONE}),
    gone=frozenset({NO_SUCH_UPLOAD}),
)
MINIO = Manners(
    repeated_complete=frozenset({NO_SUCH_UPLOAD}),
    late_complete=frozenset({NO_SUCH_UPLOAD}),
    gone=frozenset({NO_SUCH_UPLOAD}),
    abort_gone=frozenset({DONE}),
    page_parts=10_000,
)
ANY = Manners(
    repeated_complete=frozenset({DONE, NO_SUCH_UPLOAD}),
    late_complete=frozenset({DONE, NO_SUCH_UPLOAD, INTERNAL_ERROR}),
    gone=frozenset({NO_SUCH_UPLOAD, INTERNAL_ERROR}),
    abort_gone=frozenset({DONE, NO_SUCH_UPLOAD}),
    page_parts=10_000,
)
"""Of a store that nobody has looked at: whatever the protocol bears."""


class BotoStore:
    """A bucket of a server, asked through plain botocore: each request once, without checksums of the SDK."""

    def __init__(self, server: S3Server, bucket: str) -> None:
        """Ask for ``bucket`` by path, as the sink does with an endpoint of its own."""
        self._bucket = bucket
        self._client = server.new_client(
            "s3",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        )

    def close(self) -> None:
        self._client.close()

    def create(self, key: str, metadata: Mapping[str, str]) -> str:
        answer = self._ask("create_multipart_upload", Key=key, Metadata=dict(metadata))
        return str(answer["UploadId"])

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        answer = self._ask("upload_part", Key=key, UploadId=upload_id, PartNumber=number, Body=body)
        return str(answer["ETag"])

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, most: int | None = None) -> Page:
        limit = {} if most is None else {"MaxParts": most}
        answer = self._ask("list_parts", Key=key, UploadId=upload_id, PartNumberMarker=after, **limit)
        parts = [Part(found["PartNumber"], found["Size"], found["ETag"]) for found in answer.get("Parts", ())]
        return Page(parts, answer["NextPartNumberMarker"] if answer["IsTruncated"] else None)

    def complete(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        self._ask("complete_multipart_upload", Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed})

    def abort(self, key: str, upload_id: str) -> None:
        self._ask("abort_multipart_upload", Key=key, UploadId=upload_id)

    def uploads(self) -> set[tuple[str, str]]:
        answer = self._ask("list_multipart_uploads")
        return {(found["Key"], found["UploadId"]) for found in answer.get("Uploads", ())}

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None:
        self._ask("put_object", Key=key, Body=body, Metadata=dict(metadata))

    def head(self, key: str) -> Stored:
        answer = self._ask("head_object", Key=key)
        return Stored(answer["ContentLength"], answer["ETag"], answer["Metadata"])

    def get(self, key: str) -> bytes:
        content: bytes = self._ask("get_object", Key=key)["Body"].read()
        return content

    def delete(self, key: str) -> None:
        self._ask("delete_object", Key=key)

    def _ask(self, method: str, **request: Any) -> dict[str, Any]:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            answer: dict[str, Any] = getattr(self._client, method)(Bucket=self._bucket, **request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise RefusedError(_SAME.get(code, code)) from error
        return answer
