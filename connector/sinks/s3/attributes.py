"""What objects are stored with beside their bytes, as parameters of S3's requests; pure.

Each request has its own set: what is said when an object is created is not repeated with its parts, except
the customer's key, which the store does not keep.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connector.sinks.s3.checksum import type_of_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.record import TopicPartition
    from connector.sinks.s3.template import Placeholder, Template

CLAIM = "connector-write"
"""User metadata that tells one write of an object from another."""

_ENCRYPTION = frozenset(
    {"ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext", "BucketKeyEnabled"}
)

_PADDED_DIGITS = {"partition": 10, "start_offset": 20}

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """The object that a request is about, other than by its key.

    Attributes:
        topic_partition: Where its records are from, the topic by the name that transforms gave it.
        start_offset: Of its first record.
        claim: Unique for this write of it.
    """

    topic_partition: TopicPartition
    start_offset: int
    claim: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What every object of a connector has in common.

    Attributes:
        created_with: Parameters of PutObject and CreateMultipartUpload.
        customer_key: Parameters of SSE-C, for every request that touches content.
        account: Parameters of every request: who pays, and whose bucket it must be.
        checksum: As S3 names algorithms, or None for those that S3 requires.
        tags: Names and templates of values.
        metadata: Names and templates of values.
        is_conditional: Whether an object may only be written if there is none of its name.
        is_claimed: Whether an object tells by its metadata which write of it this was.
    """

    created_with: Parameters = field(default_factory=dict)
    customer_key: Parameters = field(default_factory=dict, repr=False)
    account: Parameters = field(default_factory=dict)
    checksum: str | None = None
    tags: Sequence[tuple[str, Template]] = ()
    metadata: Sequence[tuple[str, Template]] = ()
    is_conditional: bool = False
    is_claimed: bool = False

    def put(self, origin: Origin) -> Parameters:
        return {**self._created(origin), **self._checksum(), **self._condition()}

    def creation(self, origin: Origin) -> Parameters:
        """Of a multipart upload."""
        return {**self._created(origin), **self._checksum(), **self._checksum_type()}

    def part(self) -> Parameters:
        return {**self.customer_key, **self.account, **self._checksum()}

    def completion(self) -> Parameters:
        return {**self.customer_key, **self.account, **self._condition(), **self._checksum_type()}

    def reading(self) -> Parameters:
        return {**self.customer_key, **self.account}

    def listing(self) -> Parameters:
        """Of ListParts, which gives checksums only to those that could read the content."""
        return {**self.customer_key, **self.account}

    def state(self) -> Parameters:
        """Of the objects that hold state: encrypted as data is, and nothing else."""
        kept = {name: value for name, value in self.created_with.items() if name in _ENCRYPTION}
        return {**kept, **self.customer_key, **self.account}

    def owner(self) -> Parameters:
        """Of requests about the bucket, for which nobody pays."""
        return {name: value for name, value in self.account.items() if name != "RequestPayer"}

    @property
    def has_content_etags(self) -> bool:
        """ETags of parts depend on their bytes alone, which encryption by keys that are not S3's ends."""
        encryption = str(self.created_with.get("ServerSideEncryption", ""))
        return not self.customer_key and not encryption.startswith("aws:kms")

    @property
    def checksum_member(self) -> str:
        """The name of the checksum in requests and answers; empty if there is none."""
        return f"Checksum{self.checksum}" if self.checksum else ""

    def _created(self, origin: Origin) -> Parameters:
        parameters = {**self.created_with, **self.customer_key, **self.account}
        if self.tags:
            parameters["Tagging"] = urlencode(rendered(self.tags, origin))
        metadata = rendered(self.metadata, origin)
        if self.is_conditional or self.is_claimed:
            metadata[CLAIM] = origin.claim
        return {**parameters, "Metadata": metadata} if metadata else parameters

    def _condition(self) -> Parameters:
        return {"IfNoneMatch": "*"} if self.is_conditional else {}

    def _checksum(self) -> Parameters:
        """The value is computed from the body: by botocore, or by the store if botocore does not."""
        return {"ChecksumAlgorithm": self.checksum} if self.checksum else {}

    def _checksum_type(self) -> Parameters:
        found = type_of_whole(self.checksum)
        return {"ChecksumType": found} if found else {}


def rendered(labels: Sequence[tuple[str, Template]], origin: Origin) -> dict[str, str]:
    """The labels of one object."""
    return {name: template.render(_values(template, origin)) for name, template in labels}


def _values(template: Template, origin: Origin) -> Mapping[Placeholder, str]:
    plain = {
        "topic": origin.topic_partition.topic,
        "partition": str(origin.topic_partition.partition),
        "start_offset": str(origin.start_offset),
    }
    return {
        found: plain[found.variable].zfill(
            _PADDED_DIGITS.get(found.variable, 0) if found.value == "true" else 0
        )
        for found in template.placeholders
        if found.variable in plain
    }
