"""Where a bucket is, read off its URL: virtual-hosted or path-style, dual-stack, FIPS, any partition."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from connector.config.option import HiddenValueError

# S3 user guide, "Methods for accessing a bucket" and "Amazon S3 regions and endpoints".
_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:-fips)?(?:\.dualstack)?(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d+))?"
    r"\.amazonaws\.com(?:\.cn)?"
)


class BucketLocation(NamedTuple):
    """What a bucket's URL tells; the region is None for the global endpoint."""

    bucket: str
    region: str | None


def bucket_location(url: str) -> BucketLocation:
    """The bucket and region that an S3 URL names; raises ValueError for any other URL."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise HiddenValueError("must not hold a user or a password, which would be shown")
    if parts.scheme == "s3" and parts.netloc:
        return BucketLocation(parts.netloc, None)
    found = _HOST.fullmatch(parts.hostname or "") if parts.scheme in {"http", "https"} else None
    if found is None:
        raise ValueError(
            "not the URL of a bucket; expected for example https://lake.s3.eu-north-1.amazonaws.com"
        )
    if found["region"] and found["region"].startswith("cn-") != (parts.hostname or "").endswith(".cn"):
        raise ValueError(
            "of no partition: the hosts of China, and only these, end in .cn; expected for example"
            " https://lake.s3.eu-north-1.amazonaws.com"
        )
    bucket = found["bucket"] or parts.path.strip("/").partition("/")[0]
    if not bucket:
        raise ValueError("names no bucket; expected for example https://lake.s3.eu-north-1.amazonaws.com")
    return BucketLocation(bucket, found["region"])


def beyond_bucket(url: str) -> str:
    """What the URL of a bucket names within it, such as a prefix; empty if nothing."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    found = _HOST.fullmatch(parts.hostname or "")
    return path.partition("/")[2] if found and not found["bucket"] else path


def is_special(url: str) -> bool:
    """Whether the URL is of a FIPS or a dual-stack endpoint."""
    return bool(re.search(r"(^|\.)s3(-fips|\.dualstack)[.-]", urlsplit(url).hostname or ""))
