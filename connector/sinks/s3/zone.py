"""Time zones as Java's ``ZoneId.of`` names them: IANA names, ``Z``, ``+02:00``, ``UTC+2``, ``GMT-03:30``."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>[0-5]\d))?", re.ASCII)
_UTC_NAMES = {"Z", "UTC", "GMT", "UT"}
_MOST = timedelta(hours=18)
"""Java's limit of an offset."""


def zone(name: str) -> tzinfo:
    """The time zone; raises ValueError with the reason if there is none by that name."""
    if name in _UTC_NAMES:
        return UTC
    if match := _OFFSET.fullmatch(name):
        return _fixed(match)
    try:
        return ZoneInfo(name)
    # ZoneInfo looks for a file: bad names show as KeyError, ValueError or an error of the file system.
    except (KeyError, ValueError, OSError):
        raise ValueError(
            "is not a time zone. Use an IANA name such as Europe/Berlin, or an offset such as +02:00."
        ) from None


def _fixed(match: re.Match[str]) -> tzinfo:
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    if offset > _MOST:
        raise ValueError("is not a time zone: an offset is at most 18 hours.")
    return timezone(-offset if match["sign"] == "-" else offset)
