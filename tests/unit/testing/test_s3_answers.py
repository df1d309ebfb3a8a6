"""The facts about S3 can be kept by something that is no server: what a simulator will be held to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from connector.testing.contract.s3_answers import S3AnswersContract
from connector.testing.s3_answers import (
    ENTITY_TOO_SMALL,
    INVALID_PART,
    MINIO,
    NO_SUCH_KEY,
    NO_SUCH_UPLOAD,
    Page,
    Part,
    RefusedError,
    Stored,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MINIMUM_BYTES = 64


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass
class _Upload:
    key: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


class DictStore:
    """S3 as dictionaries."""

    def __init__(self) -> None:
        self._uploads: dict[str, _Upload] = {}
        self._objects: dict[str, tuple[bytes, Mapping[str, str]]] = {}
        self._created = 0

    def create(self, key: str, metadata: Mapping[str, str]) -> str:
        self._created += 1
        self._uploads[str(self._created)] = _Upload(key, metadata)
        return str(self._created)

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        parts = self._upload(upload_id).parts
        if not 1 <= number <= 10_000:
            raise RefusedError("InvalidArgument")
        parts[number] = body
        return etag_of(body)

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, most: int | None = None) -> Page:
        parts = [
            Part(number, len(body), etag_of(body))
            for number, body in sorted(self._upload(upload_id).parts.items())
            if number > after
        ]
        page = parts[: most or 1000]
        return Page(page, page[-1].number if len(page) < len(parts) else None)

    def complete(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        upload = self._upload(upload_id)
        if any(number not in upload.parts or etag_of(upload.parts[number]) != etag for number, etag in parts):
            raise RefusedError(INVALID_PART)
        bodies = [upload.parts[number] for number, _ in parts]
        if any(len(body) < MINIMUM_BYTES for body in bodies[:-1]):
            raise RefusedError(ENTITY_TOO_SMALL)
        self._objects[key] = b"".join(bodies), upload.metadata
        del self._uploads[upload_id]

    def abort(self, key: str, upload_id: str) -> None:
        self._upload(upload_id)
        del self._uploads[upload_id]

    def uploads(self) -> set[tuple[str, str]]:
        return {(upload.key, upload_id) for upload_id, upload in self._uploads.items()}

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None:
        self._objects[key] = body, metadata

    def head(self, key: str) -> Stored:
        body, metadata = self._object(key)
        return Stored(len(body), etag_of(body), metadata)

    def get(self, key: str) -> bytes:
        return self._object(key)[0]

    def delete(self, key: str) -> None:
        self._objects.pop(key, None)

    def _upload(self, upload_id: str) -> _Upload:
        if upload_id not in self._uploads:
            raise RefusedError(NO_SUCH_UPLOAD)
        return self._uploads[upload_id]

    def _object(self, key: str) -> tuple[bytes, Mapping[str, str]]:
        if key not in self._objects:
            raise RefusedError(NO_SUCH_KEY)
        return self._objects[key]


class TestDictStore(S3AnswersContract):
    manners = replace(MINIO, abort_gone=frozenset({NO_SUCH_UPLOAD}), page_parts=1000)
    part_bytes = MINIMUM_BYTES

    @pytest.fixture
    def store(self) -> DictStore:
        return DictStore()
