"""A stream as a producer must know it: its name or ARN, what it takes, whether it keeps keys together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sinks.dispatch import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

# API reference of PutRecords, as of 2026: 500 records, 10 MiB with their partition keys.
MAX_RECORDS = 500
MAX_REQUEST_BYTES = 10 * 1024 * 1024
DEFAULT_RECORD_BYTES = 1024 * 1024
"""Of a stream whose MaxRecordSizeInKiB nobody raised (at most 10 MiB) or can be asked for."""

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_ARN = re.compile(r"arn:aws[a-z-]*:kinesis:(?P<region>[a-z0-9-]+):\d{12}:stream/[a-zA-Z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream.

    Attributes:
        destination: Its name, or its ARN, as the user gave it.
        record_bytes: The most bytes of a record: its data and its partition key.
        spreads_by_itself: Its record distribution strategy is AUTO: it ignores partition keys and explicit
            hash keys, so that records of one key are on several shards, in no order.
    """

    destination: str
    record_bytes: int = DEFAULT_RECORD_BYTES
    spreads_by_itself: bool = False

    @classmethod
    def described(cls, destination: str, summary: Mapping[str, Any]) -> Stream:
        """As the answer of DescribeStreamSummary says; older services say less."""
        kib = summary.get("MaxRecordSizeInKiB")
        return cls(
            destination,
            kib * 1024 if kib else DEFAULT_RECORD_BYTES,
            summary.get("RecordDistributionStrategy") == "AUTO",
        )

    @property
    def limits(self) -> Limits:
        return Limits(MAX_RECORDS, MAX_REQUEST_BYTES, self.record_bytes, throttles_apart=True)


def parameter(destination: str) -> dict[str, str]:
    """How requests name a stream."""
    return {"StreamARN" if destination.startswith("arn:") else "StreamName": destination}


def region_of(destination: str) -> str | None:
    """The region in an ARN; None of a name."""
    found = _ARN.fullmatch(destination)
    return found["region"] if found else None


def legal_stream(destination: str) -> None:
    """Raises ValueError (API reference of PutRecords, StreamName and StreamARN)."""
    if not _NAME.fullmatch(destination) and not _ARN.fullmatch(destination):
        raise ValueError(
            "is neither the name of a stream (1 to 128 letters, digits, _, - and .) nor its ARN"
            " (arn:aws:kinesis:<region>:<12-digit account>:stream/<name>)"
        )
