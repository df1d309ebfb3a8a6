"""Parts of uploads: how requests bring and name them, and what answers say of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sinks.s3.checksum import OWN, checksum
from connector.sinks.s3.ledger.upload import StoredPart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.sinks.s3.attributes import Attributes


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part: its number from 1 to 10,000, and what completion must name: ETag and checksum."""

    number: int
    etag: str
    checksum: str | None = None
    size_bytes: int = 0
    content: str = ""
    """What depends on its bytes alone: a checksum, or the ETag; empty if nothing does."""

    @property
    def stored(self) -> StoredPart:
        """As the ledger sees it."""
        return StoredPart(self.number, self.size_bytes, self.content)


class PartForm:
    """With the checksum and the key that the attributes of objects ask for."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes

    async def checksum_of(self, body: bytes) -> dict[str, str]:
        """The value where botocore computes none; once, however often the request is repeated."""
        algorithm = self._attributes.checksum
        if algorithm not in OWN:
            return {}
        value = await asyncio.to_thread(checksum, algorithm, body)
        return {self._attributes.checksum_member: value}

    async def request(self, upload_id: str, number: int, body: bytes) -> dict[str, Any]:
        own = await self.checksum_of(body)
        numbered = {"UploadId": upload_id, "PartNumber": number, "Body": body}
        return {**numbered, **self._attributes.part(), **own}

    def completion(self, upload_id: str, parts: Sequence[Part]) -> dict[str, Any]:
        listed = {"Parts": [self._listed(part) for part in parts]}
        return {"UploadId": upload_id, "MultipartUpload": listed, **self._attributes.completion()}

    def _listed(self, part: Part) -> dict[str, Any]:
        checksum = {self._attributes.checksum_member: part.checksum} if part.checksum else {}
        return {"PartNumber": part.number, "ETag": part.etag, **checksum}

    def stored(self, number: int, size_bytes: int, answer: Mapping[str, Any]) -> Part:
        """What an answer says of a part."""
        found = answer.get(self._attributes.checksum_member)
        content = answer["ETag"].strip('"') if self._attributes.has_content_etags else found or ""
        return Part(number, answer["ETag"], found, size_bytes, content)
