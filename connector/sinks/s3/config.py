"""The options of the S3 sink, with the names and defaults of Aiven's connector."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from connector.aws.connection import AwsConfig
from connector.aws.location import BucketLocation, beyond_bucket, bucket_location, is_special
from connector.aws.partition import is_aws
from connector.config.masking import looks_secret
from connector.config.option import (
    BOOLEAN,
    INT,
    LONG,
    STRING,
    Importance,
    at_least,
    between,
    defaulted,
    optional,
)
from connector.errors import Problem
from connector.formats.fields import FormatConfig
from connector.sinks.s3.compression import CONTENT_TYPES, ENCODINGS
from connector.sinks.s3.guarantee import GuaranteeConfig
from connector.sinks.s3.idle import IdleConfig
from connector.sinks.s3.legal import is_named_by_offset
from connector.sinks.s3.naming import FileNameConfig
from connector.sinks.s3.objects import KEEP, OVERWRITE, STORAGE_CLASSES, ObjectConfig
from connector.sinks.s3.rotation import RotationConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.aws.connection import WaitOptions
    from connector.formats.base import Format
    from connector.sinks.s3.attributes import Attributes

MINIMUM_PART_BYTES = 5 * 1024 * 1024
"""S3's minimum for every part but the last."""
_FINGERPRINT_BYTES = 6
_MAKE_RECORDS = ("key.converter", "value.converter", "header.converter", "transforms", "predicates")
"""What options begin with that decide what records are when they come here."""
_MAXIMUM_PART_BYTES = 2_000_000_000


def _bucket_name(value: str) -> None:
    """S3 user guide, bucket naming rules."""
    for broken, reason in (
        (not 3 <= len(value) <= 63, "Bucket name should be between 3 and 63 characters long"),  # noqa: PLR2004
        (re.fullmatch(r"\d+(\.\d+){3}", value), "Bucket name must not be formatted as an IP Address"),
        (re.search(r"[A-Z]", value), "Bucket name should not contain uppercase characters"),
        (re.search(r"\s", value), "Bucket name should not contain white space"),
        (
            found := re.search(r"[^a-z0-9.-]", value),
            f"Bucket name should not contain '{found[0] if found else ''}'",
        ),
        (value[:1] in {".", "-"}, "Bucket name should not begin with '.' or '-'"),
        (".." in value, "Bucket name should not contain two adjacent periods"),
        (".-" in value or "-." in value, "Bucket name should not contain dashes next to periods"),
        (value[-1:] in {".", "-"}, "Bucket name should not end with '-' or '.'"),
    ):
        if broken:
            raise ValueError(f"Illegal bucket name: {reason}")


def _bucket_url(value: str) -> None:
    _bucket_name(bucket_location(value).bucket)


def _part_size(value: int) -> None:
    if value < MINIMUM_PART_BYTES:
        raise ValueError(f"Part size must be at least {MINIMUM_PART_BYTES} bytes (5 MiB), S3's minimum")
    if value > _MAXIMUM_PART_BYTES:
        raise ValueError(f"Part size must be no more: {_MAXIMUM_PART_BYTES} bytes (2GB)")


class S3Config(AwsConfig, FormatConfig, FileNameConfig, ObjectConfig, GuaranteeConfig, IdleConfig):
    """Everything that the S3 sink is told."""

    services = frozenset({"s3"})

    bucket_name = optional(
        "aws.s3.bucket.name",
        STRING,
        "The bucket that objects are written to; it must exist. Required, unless aws.s3.url names it.",
        validate=_bucket_name,
        aliases=("aws_s3_bucket",),
        importance=Importance.HIGH,
        group="S3",
    )
    url = optional(
        "aws.s3.url",
        STRING,
        "The bucket by its URL, as data lakes hand it out; fills bucket and region where these are absent.",
        validate=_bucket_url,
        aliases=("URL", "url"),
        group="S3",
    )
    path_style = optional(
        "aws.s3.path.style.access.enabled",
        BOOLEAN,
        "Whether the bucket is part of the path instead of the host name; true if an endpoint is given.",
        importance=Importance.LOW,
        group="S3",
    )
    endpoint = AwsConfig.s3_endpoint
    part_size_bytes = defaulted(
        "aws.s3.part.size.bytes",
        INT,
        MINIMUM_PART_BYTES,
        "Bytes of one part of a multipart upload, of which an object can have at most 10,000. With"
        " delivery.guarantee=at-least-once an object that stays smaller is one PutObject.",
        validate=_part_size,
        group="S3",
    )
    upload_concurrency = defaulted(
        "aws.s3.upload.concurrency",
        INT,
        8,
        "Requests that a task has under way at once; more help when S3 is far away.",
        validate=between(1, 256),
        importance=Importance.LOW,
        group="S3",
    )
    backoff_delay_ms = optional(
        "aws.s3.backoff.delay.ms",
        LONG,
        "Aiven's name of aws.retry.backoff.ms, which it wins over.",
        validate=at_least(1),
        group="S3",
    )
    backoff_max_delay_ms = optional(
        "aws.s3.backoff.max.delay.ms",
        LONG,
        "Aiven's name of aws.retry.backoff.max.ms, which it wins over.",
        validate=at_least(1),
        group="S3",
    )

    def attributes(self) -> Attributes:
        """What requests carry beside the bytes of objects."""
        found = self.create_format()
        compression = "none" if found.compresses else self.compression
        encoding = compression if compression in ENCODINGS else None
        is_encoded = self.content_encoding is not None and encoding is not None
        return self.create_attributes(
            content_type=found.content_type
            if is_encoded
            else CONTENT_TYPES.get(compression, found.content_type),
            content_encoding=encoding,
            default_checksum=self.checksum_default,
            is_claimed=self.is_exactly_once,
        )

    @property
    def fingerprint(self) -> str:
        """Of what bytes and names come from: objects that other options made end as they began."""
        options = {**FormatConfig.options(), **FileNameConfig.options()}
        given = sorted(
            (name, str(self.value(name)))
            for name, option in options.items()
            if name not in RotationConfig.options() and self.is_set(option)
        )
        given += sorted(
            (name, value or "")
            for name, value in self.raw.items()
            if name.startswith(_MAKE_RECORDS) and not looks_secret(name)
        )
        return hashlib.blake2b(repr(given).encode(), digest_size=_FINGERPRINT_BYTES).hexdigest()

    @property
    def checksum_default(self) -> str:
        """As the SDKs: but a store that is not known to be AWS may know none."""
        url = self.endpoint_url
        return "crc32" if url is None or is_aws(url) else "when_required"

    @property
    def bucket(self) -> str:
        """By name, or by URL."""
        located = self._located
        return self.bucket_name or (located.bucket if located else "")

    @property
    def region(self) -> str:
        return self.s3_region or self.named_region or super().region

    @property
    def named_region(self) -> str | None:
        located = self._located
        return located.region if located else None

    @property
    def addressing_style(self) -> str:
        """As botocore calls it."""
        if self.path_style is None:
            return "path" if self.endpoint_url else "auto"
        return "path" if self.path_style else "virtual"

    @property
    def _located(self) -> BucketLocation | None:
        return bucket_location(self.url) if self.url else None

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if not self.is_set(S3Config.bucket_name) and not self.is_set(S3Config.url):
            missing = self.missing(S3Config.bucket_name)
            reason = "Neither aws.s3.bucket.name nor aws_s3_bucket properties have been set. "
            yield Problem(missing.option, reason + missing.message, code=missing.code)
        located = self._located
        if located and self.bucket_name and located.bucket != self.bucket_name:
            yield Problem(
                "aws.s3.url", f"names another bucket than aws.s3.bucket.name: {located.bucket}; keep one"
            )
        if located and located.region and self.s3_region and located.region != self.s3_region:
            yield Problem(
                "aws.s3.url", f"names another region than aws.s3.region: {located.region}; keep one"
            )

        yield from self._check_objects()

    def _check_objects(self) -> Iterator[Problem]:
        classes = {*STORAGE_CLASSES, None}
        is_elsewhere = self.endpoint_url is not None and not is_aws(self.endpoint_url)
        if self.storage_class not in classes and not is_elsewhere:
            yield Problem(
                "aws.s3.object.storage.class",
                f"S3 has no storage class {self.storage_class}: choose one of {', '.join(STORAGE_CLASSES)}",
            )
        template = self.name_template
        if self.existing != OVERWRITE and template and not is_named_by_offset(template):
            yield Problem(
                "aws.s3.object.exists",
                f"must be overwrite when file.name.template is {template}: an object then holds the last"
                " record of its key, so that it has to be replaced",
            )

    def notes(self) -> Iterator[str]:
        yield from super().notes()
        yield from self._old_names()
        if self.existing == KEEP and not self.rotation().is_repeatable:
            yield (
                "aws.s3.object.exists=keep may stop the task for good after a crash: objects end by commits,"
                " bytes or the clock, so that what is delivered again need not be the object that is there."
                " Set overwrite; or let only file.max.records or file.max.timespan.ms end objects, with"
                " file.rotate.on.commit=false and file.max.idle.ms=0"
            )
        if self.url and (path := beyond_bucket(self.url)):
            yield (
                f"aws.s3.url names {path} within the bucket, which is left out: let file.name.template"
                " begin with it"
            )
        if self.url and not self.endpoint_url and is_special(self.url):
            yield (
                "aws.s3.url is of a FIPS or dual-stack endpoint; it fills bucket and region only: set"
                " aws.s3.endpoint for requests to go there"
            )

    def _old_names(self) -> Iterator[str]:
        for option in self.options().values():
            for name in option.aliases:
                if "_" not in name or self.raw.get(name) is None:
                    continue
                if self.raw.get(option.name) is not None:
                    yield f"{name} is left out, since {option.name} is given, which wins: remove {name}"
                else:
                    yield f"{name} is an old name of {option.name}, and deprecated: use {option.name}"

    def create_format(self, codec: str | None = None, level: int | None = None) -> Format:
        """As in Aiven's connector the default of file.compression.type does not compress inside formats."""
        is_asked = FileNameConfig.compression_type.name in self.raw
        inside = codec or (self.compression if is_asked else "none")
        return super().create_format(inside, level or self.compression_level)

    def wait_options(self) -> tuple[WaitOptions, WaitOptions]:
        first, longest = super().wait_options()
        return (S3Config.backoff_delay_ms, *first), (S3Config.backoff_max_delay_ms, *longest)

    @property
    def endpoint_url(self) -> str | None:
        """The endpoint given for S3, or for all services."""
        return self.service_endpoint("s3")
