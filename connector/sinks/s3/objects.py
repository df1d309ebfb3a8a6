"""The options for what objects are stored with: encryption, storage class, labels, checksums, conditions."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from connector.config.option import (
    BOOLEAN,
    LIST,
    PASSWORD,
    STRING,
    Importance,
    defaulted,
    non_empty,
    one_of,
    optional,
)
from connector.config.schema import Config
from connector.errors import Problem
from connector.record import TopicPartition
from connector.sinks.s3.attributes import CLAIM, Attributes, Origin, rendered
from connector.sinks.s3.checksum import missing
from connector.sinks.s3.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import SecretStr

ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
STORAGE_CLASSES = (
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
    "REDUCED_REDUNDANCY",
    "EXPRESS_ONEZONE",
)
ACLS = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)
CHECKSUMS = ("crc32", "crc32c", "crc64nvme", "sha256", "when_required")
OVERWRITE, KEEP, FAIL = "overwrite", "keep", "fail"

_CUSTOMER_KEY_BYTES = 32
_MOST_TAGS = 10
_METADATA_BYTES = 2048
_TAG_KEY_CHARACTERS, _TAG_VALUE_CHARACTERS = 128, 256
_VARIABLES = frozenset({"topic", "partition", "start_offset"})


def _customer_key(secret: SecretStr) -> None:
    non_empty(secret)
    try:
        key = base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _CUSTOMER_KEY_BYTES:
        raise ValueError(f"must be the base64 of {_CUSTOMER_KEY_BYTES} bytes, a key of AES-256")


def _kms_key(value: str) -> None:
    """A key id, an alias, or the ARN of either (KMS developer guide, key identifiers)."""
    non_empty(value)
    if not re.fullmatch(r"(arn:aws[a-z-]*:kms:[a-z\d-]+:\d{12}:(key|alias)/)?[\w/:-]+", value, re.ASCII):
        raise ValueError("must be the ARN of a KMS key or alias, a key id, or alias/<name>")


def _account(value: str) -> None:
    if not re.fullmatch(r"\d{12}", value, re.ASCII):
        raise ValueError("must be an AWS account of 12 digits")


def _storage_class(value: str) -> None:
    if not re.fullmatch(r"[A-Z\d_.-]+", value, re.ASCII | re.IGNORECASE):
        raise ValueError(f"must be a storage class, such as {', '.join(STORAGE_CLASSES)}")


def _header_value(value: str) -> None:
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value):
        raise ValueError("must be printable ASCII, since it travels in a header")


def _checksum(value: str) -> None:
    one_of(*CHECKSUMS, ignore_case=True)(value)
    if lacking := missing(value.upper()):
        raise ValueError(lacking)


def _tags(tags: list[str]) -> None:
    """S3 user guide, categorizing your storage using tags."""
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"an object has {_MOST_TAGS} tags at most, and there are {len(tags)}")
    labels = _labels(tags)
    for name, template in labels:
        if len(name) > _TAG_KEY_CHARACTERS or not re.fullmatch(r"[\w .:/=+@-]+", name):
            raise ValueError(
                f"the name of a tag has 1 to {_TAG_KEY_CHARACTERS} letters, digits, blanks or _ . : / = + - @"
            )
        if name.lower().startswith("aws:"):
            raise ValueError("the name of a tag must not start with aws:, which AWS keeps for itself")
        if not re.fullmatch(r"[\w .:/=+@-]*", _fixed(template)):
            raise ValueError(f"the value of tag {name} may hold letters, digits, blanks and _ . : / = + - @")


def _metadata(entries: list[str]) -> None:
    """S3 user guide, working with object metadata: names become headers, in lower case."""
    for name, template in _labels(entries):
        if not re.fullmatch(r"[a-z\d!#$%&'*+.^_`|~-]+", name, re.IGNORECASE | re.ASCII):
            raise ValueError("a name is part of a header: letters, digits and - . _ only")
        if name.lower() == CLAIM:
            raise ValueError(f"{CLAIM} is what aws.s3.object.exists marks objects with: choose another name")
        if not re.fullmatch(r"[ -~]*", _fixed(template)):
            raise ValueError(f"the value of {name} must be printable ASCII, since it travels in a header")


def _labels(entries: Sequence[str]) -> list[tuple[str, Template]]:
    """Names and templates.

    Raises:
        ValueError: Some entry is not ``name=value``, has a variable that is not known, or a name is twice.
    """
    labels = []
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip():
            raise ValueError("each entry is name=value, and a comma ends it")
        template = Template(value.strip())
        for found in template.placeholders:
            is_padding = found.parameter == "padding" and found.value in {"true", "false"}
            if found.variable not in _VARIABLES or not (found.parameter is None or is_padding):
                raise ValueError(
                    "values may hold {{topic}}, {{partition}} and {{start_offset}}, the numbers with"
                    " padding=true"
                )
        labels.append((name.strip(), template))
    names = [name.lower() for name, _ in labels]
    if len(names) > len(set(names)):
        raise ValueError("every name may be there once")
    return labels


def _fixed(template: Template) -> str:
    return "".join(part for part in template.parts if isinstance(part, str))


class ObjectConfig(Config):
    """How objects are stored, whatever is in them."""

    sse_algorithm = optional(
        "aws.s3.sse.algorithm",
        STRING,
        "What S3 encrypts objects with; the bucket's own setting if absent.",
        validate=one_of(*ENCRYPTIONS),
        choices=ENCRYPTIONS,
        group="S3 objects",
    )
    sse_kms_key = optional(
        "aws.s3.sse.kms.key.id",
        STRING,
        "The KMS key for aws:kms and aws:kms:dsse; S3's own, aws/s3, if absent.",
        validate=_kms_key,
        group="S3 objects",
    )
    sse_bucket_key = optional(
        "aws.s3.sse.bucket.key.enabled",
        BOOLEAN,
        "Whether aws:kms goes through a key of the bucket, which spares most requests to KMS; as the bucket"
        " says if absent.",
        importance=Importance.LOW,
        group="S3 objects",
    )
    sse_customer_key = optional(
        "aws.s3.sse.customer.key",
        PASSWORD,
        "A key of yours, the base64 of 32 bytes, that S3 encrypts with and forgets (SSE-C): readers must give"
        " it, too, and without it objects are lost.",
        validate=_customer_key,
        group="S3 objects",
    )
    storage_class = optional(
        "aws.s3.object.storage.class",
        STRING,
        "The storage class of objects; the store's default if absent.",
        validate=_storage_class,
        group="S3 objects",
    )
    acl = optional(
        "aws.s3.object.acl",
        STRING,
        "The canned ACL of objects; buckets refuse most, since ACLs are off by default. Needs"
        " s3:PutObjectAcl.",
        validate=one_of(*ACLS),
        choices=ACLS,
        importance=Importance.LOW,
        group="S3 objects",
    )
    tags = defaulted(
        "aws.s3.object.tags",
        LIST,
        [],
        "Tags of each object as name=value, 10 at most, with {{topic}}, {{partition}} and {{start_offset}} in"
        " the values. Needs s3:PutObjectTagging.",
        validate=_tags,
        group="S3 objects",
    )
    metadata = defaulted(
        "aws.s3.object.metadata",
        LIST,
        [],
        "User metadata of each object as name=value, 2 KB at most, with the same variables.",
        validate=_metadata,
        group="S3 objects",
    )
    content_type = optional(
        "aws.s3.object.content.type",
        STRING,
        "The Content-Type of objects: auto for that of format and compression, or any; none is sent if"
        " absent, as with Aiven's connector.",
        validate=_header_value,
        importance=Importance.LOW,
        group="S3 objects",
    )
    content_encoding = optional(
        "aws.s3.object.content.encoding",
        STRING,
        "The Content-Encoding of objects: auto for gzip and zstd where objects are so, or any. Readers that"
        " know HTTP then decompress by themselves; others, Aiven's source among them, expect none.",
        validate=_header_value,
        importance=Importance.LOW,
        group="S3 objects",
    )
    checksum = optional(
        "aws.s3.checksum.algorithm",
        STRING,
        "What S3 verifies the bytes of every request with and keeps beside the object. when_required sends"
        " none that S3 can do without, for stores that know none. If absent: crc32, but when_required if an"
        " endpoint is given that is not of AWS. crc64nvme needs the extra of that name.",
        validate=_checksum,
        choices=CHECKSUMS,
        importance=Importance.LOW,
        group="S3 objects",
    )
    exists = defaulted(
        "aws.s3.object.exists",
        STRING,
        OVERWRITE,
        "What happens when an object of the name is there already. overwrite replaces it, which is what"
        " records that are delivered again need. keep and fail write on condition (If-None-Match): keep"
        " counts an object of the same size as delivered and fails at any other, fail fails at every one but"
        " its own.",
        validate=one_of(OVERWRITE, KEEP, FAIL, ignore_case=True),
        choices=(OVERWRITE, KEEP, FAIL),
        group="S3 objects",
    )
    requester_pays = defaulted(
        "aws.s3.requester.pays",
        BOOLEAN,
        False,
        "Whether requests say that whoever writes pays, which buckets with Requester Pays want to hear.",
        importance=Importance.LOW,
        group="S3 objects",
    )
    bucket_owner = optional(
        "aws.s3.expected.bucket.owner",
        STRING,
        "The account that the bucket must belong to; S3 refuses requests to a bucket of another.",
        validate=_account,
        importance=Importance.LOW,
        group="S3 objects",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        yield from self._check_encryption()
        yield from self._check_labels()

    def _check_encryption(self) -> Iterator[Problem]:
        # A faulty algorithm reads as absent; what depends on it is then not known to be wrong.
        if self.is_faulty(ObjectConfig.sse_algorithm):
            return
        kms = (self.sse_algorithm or "").startswith("aws:kms")
        if self.sse_customer_key and self.sse_algorithm not in {None, "AES256"}:
            yield Problem(
                "aws.s3.sse.customer.key",
                "is a key for AES256, and aws.s3.sse.algorithm is"
                f" {self.sse_algorithm}: keep one, or leave the algorithm out",
            )
        elif self.sse_kms_key and not kms:
            yield Problem(
                "aws.s3.sse.kms.key.id",
                "has no meaning without aws.s3.sse.algorithm=aws:kms or aws:kms:dsse: set it, or remove this",
            )
        if self.sse_bucket_key is not None and self.sse_algorithm != "aws:kms":
            yield Problem(
                "aws.s3.sse.bucket.key.enabled",
                "has no meaning without aws.s3.sse.algorithm=aws:kms: set it, or remove this",
            )

    def _check_labels(self) -> Iterator[Problem]:
        """With the longest that the variables can become, where the topics are not known."""
        topics = [topic.strip() for topic in (self.raw.get("topics") or "").split(",") if topic.strip()]
        for topic in topics or [""]:
            origin = Origin(TopicPartition(topic, 0), 0)
            for name, value in rendered(_labels(self.tags), origin).items():
                if len(value) > _TAG_VALUE_CHARACTERS:
                    yield Problem(
                        "aws.s3.object.tags",
                        f"the value of {name} has {len(value)} characters for topic {topic or '?'}; S3 allows"
                        f" {_TAG_VALUE_CHARACTERS}",
                    )
            size = sum(
                len(name) + len(value) for name, value in rendered(self._metadata_labels(), origin).items()
            )
            if size > _METADATA_BYTES:
                yield Problem(
                    "aws.s3.object.metadata",
                    f"has {size} bytes for topic {topic or '?'}; S3 allows {_METADATA_BYTES}",
                )

    def _metadata_labels(self) -> list[tuple[str, Template]]:
        return _labels(self.metadata)

    @property
    def existing(self) -> str:
        """``OVERWRITE``, ``KEEP`` or ``FAIL``."""
        return self.exists.lower()

    def create_attributes(
        self,
        *,
        content_type: str | None,
        content_encoding: str | None,
        default_checksum: str,
        is_claimed: bool = False,
    ) -> Attributes:
        """What requests carry.

        Args:
            content_type: That of the objects, for auto.
            content_encoding: Theirs, for auto.
            default_checksum: One of ``CHECKSUMS``, where the user chose none.
            is_claimed: Objects tell which write of them this was.
        """
        checksum = (self.checksum or default_checksum).lower()
        return Attributes(
            created_with={
                name: value
                for name, value in (
                    *self._encryption(),
                    ("StorageClass", self.storage_class),
                    ("ACL", self.acl),
                    ("ContentType", _or_auto(self.content_type, content_type)),
                    ("ContentEncoding", _or_auto(self.content_encoding, content_encoding)),
                )
                if value is not None
            },
            customer_key=self._customer_key(),
            account={
                **({"RequestPayer": "requester"} if self.requester_pays else {}),
                **({"ExpectedBucketOwner": self.bucket_owner} if self.bucket_owner else {}),
            },
            checksum=None if checksum == "when_required" else checksum.upper(),
            tags=_labels(self.tags),
            metadata=self._metadata_labels(),
            is_conditional=self.existing != OVERWRITE,
            is_claimed=is_claimed,
        )

    def _encryption(self) -> Iterator[tuple[str, Any]]:
        if self.sse_customer_key is None:
            yield "ServerSideEncryption", self.sse_algorithm
            yield "SSEKMSKeyId", self.sse_kms_key
            yield "BucketKeyEnabled", self.sse_bucket_key

    def _customer_key(self) -> dict[str, Any]:
        """The MD5 that goes with it is botocore's doing, and so is base64."""
        if self.sse_customer_key is None:
            return {}
        key = base64.b64decode(self.sse_customer_key.get_secret_value())
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def _or_auto(given: str | None, own: str | None) -> str | None:
    return own if given is not None and given.lower() == "auto" else given
