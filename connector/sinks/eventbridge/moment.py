"""The time of an event out of text: ISO-8601, or milliseconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

MOST_MS = 253_402_300_799_999
"""The end of the year 9999; RFC 3339, which EventBridge refers to, has four digits for it."""
_NUMBER = re.compile(r"[+-]?\d{1,19}")


def milliseconds(text: str) -> int:
    """Milliseconds since the epoch; a time without an offset is one of UTC.

    Raises:
        ValueError: It is neither.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return int(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def moment_fault(at_ms: int) -> str | None:
    if 0 <= at_ms <= MOST_MS:
        return None
    return (
        f"its time, {at_ms} ms since the epoch, is not between 1970 and 9999: correct the producer, or set"
        " aws.eventbridge.time"
    )
