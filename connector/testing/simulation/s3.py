"""What S3 answers, as measured: multipart uploads, objects, and the errors of both. It fences nothing.

A plain object without time or network of its own; tests of real servers may stand beside it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class S3Error(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Habits:
    """Where stores differ.

    Attributes:
        smallest_part: Every part but the last has at least so many bytes.
        repeats_complete: A repeated complete answers as the first (versitygw, moto); else NoSuchUpload (AWS).
        hides_absent: HEAD and GET of an absent key answer 403, as AWS does without ListBucket.
        random_etags: The same bytes get another ETag each time, as with SSE-KMS.
        may_delete: The role has DeleteObject.
    """

    smallest_part: int = 16
    repeats_complete: bool = False
    hides_absent: bool = False
    random_etags: bool = False
    may_delete: bool = True


@dataclass(slots=True)
class StoredPart:
    """A part of an upload that is not completed."""

    body: bytes
    etag: str
    checksum: str


@dataclass(slots=True)
class StoredUpload:
    """An upload that is not completed."""

    key: str
    metadata: Mapping[str, str]
    created: float
    parts: dict[int, StoredPart] = field(default_factory=dict)


@dataclass(slots=True)
class StoredObject:
    """A visible object."""

    body: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)


class SimulatedS3:
    """One bucket.

    Attributes:
        uploads: Not completed, by id.
        objects: Visible, by key.
        completed: The ids of uploads that were completed, with their keys.
        on_visible: Is told the upload and the object before it becomes visible.
    """

    def __init__(self, habits: Habits, clock: Callable[[], float]) -> None:
        self.habits = habits
        self.uploads: dict[str, StoredUpload] = {}
        self.objects: dict[str, StoredObject] = {}
        self.completed: dict[str, str] = {}
        self.on_visible: Callable[[StoredUpload, StoredObject], None] = lambda _upload, _found: None
        self._clock = clock
        self._ids = count(1)

    def create(self, key: str, metadata: Mapping[str, str]) -> str:
        upload_id = f"upload-{next(self._ids):03d}"
        self.uploads[upload_id] = StoredUpload(key, dict(metadata), self._clock())
        return upload_id

    def upload_part(self, key: str, upload_id: str, number: int, body: bytes) -> StoredPart:
        upload = self._upload(key, upload_id)
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        etag = f'"{next(self._ids):032x}"' if self.habits.random_etags else f'"{digest}"'
        part = upload.parts[number] = StoredPart(body, etag, digest)
        return part

    def list_parts(self, key: str, upload_id: str) -> list[tuple[int, StoredPart]]:
        return sorted(self._upload(key, upload_id).parts.items())

    def complete(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        if upload_id in self.completed and self.habits.repeats_complete:
            return
        upload = self._upload(key, upload_id)
        if not parts:
            raise S3Error("MalformedXML", 400)
        numbers = [number for number, _ in parts]
        if numbers != sorted(set(numbers)):
            raise S3Error("InvalidPartOrder", 400)
        if any(number not in upload.parts or upload.parts[number].etag != etag for number, etag in parts):
            raise S3Error("InvalidPart", 400)
        bodies = [upload.parts[number].body for number in numbers]
        if any(len(body) < self.habits.smallest_part for body in bodies[:-1]):
            raise S3Error("EntityTooSmall", 400)
        found = StoredObject(b"".join(bodies), upload.metadata)
        self.on_visible(upload, found)
        del self.uploads[upload_id]
        self.completed[upload_id] = key
        self.objects[key] = found

    def abort(self, key: str, upload_id: str) -> None:
        self._upload(key, upload_id)
        del self.uploads[upload_id]

    def head(self, key: str) -> StoredObject:
        if key not in self.objects:
            raise S3Error(
                "403" if self.habits.hides_absent else "404", 403 if self.habits.hides_absent else 404
            )
        return self.objects[key]

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = StoredObject(body)

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise S3Error(
                "AccessDenied" if self.habits.hides_absent else "NoSuchKey",
                403 if self.habits.hides_absent else 404,
            )
        return self.objects[key].body

    def delete(self, key: str) -> None:
        if not self.habits.may_delete:
            raise S3Error("AccessDenied", 403)
        self.objects.pop(key, None)

    def _upload(self, key: str, upload_id: str) -> StoredUpload:
        upload = self.uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise S3Error("NoSuchUpload", 404)
        return upload
