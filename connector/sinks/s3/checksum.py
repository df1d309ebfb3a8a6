"""Checksums that botocore leaves to others: CRC32C and CRC64NVME, as S3 wants to read them.

For the rest of the algorithms it is enough to name them: botocore computes the value. These two it computes
through awscrt only. CRC64NVME still needs that library, since no other that is as well kept knows it.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
from typing import TYPE_CHECKING

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Callable

FULL_OBJECT = "FULL_OBJECT"
_CRC32C, _CRC64NVME = "CRC32C", "CRC64NVME"
OWN = frozenset({_CRC32C, _CRC64NVME})
"""As S3 names those that are computed here."""


def missing(algorithm: str) -> str | None:
    """What to install for an algorithm, as S3 names it; None if it can be computed."""
    if algorithm == _CRC64NVME and importlib.util.find_spec("awscrt") is None:
        return (
            "crc64nvme needs the package awscrt, which is not installed: install"
            " kafka-aws-connector[crc64nvme], or use crc32 or crc32c"
        )
    return None


def type_of_whole(algorithm: str | None) -> str | None:
    """The type that a multipart upload must name; None where S3's default is the only one that is needed.

    S3 user guide, checking object integrity: CRC64NVME is kept of the whole object only; the others are by
    default composed of those of the parts.
    """
    return FULL_OBJECT if algorithm == _CRC64NVME else None


def checksum(algorithm: str, body: bytes) -> str:
    """The value for a request, big-endian in base64; CPU work, for a thread if the body is large."""
    if algorithm == _CRC32C:
        value, width = google_crc32c.value(body), 4
    else:
        value, width = _crc64nvme()(body), 8
    return base64.b64encode(value.to_bytes(width, "big")).decode()


def _crc64nvme() -> Callable[[bytes], int]:
    """Imported only where it is used: it is an extra."""
    found: Callable[[bytes], int] = importlib.import_module("awscrt.checksums").crc64nvme
    return found
