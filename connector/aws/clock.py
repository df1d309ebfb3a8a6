"""How far the clock of this machine is from the clock of a service that answered."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WRONG_SECONDS = 240.0
"""Signatures are refused when the clocks are 5 minutes apart (IAM user guide, Signature Version 4), by S3
at 15 minutes (S3 error responses, RequestTimeTooSkewed)."""

_MINUTE_SECONDS = 60


def skew_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """By how much ``now`` is ahead of the answer's Date header; None without a legible one."""
    dates = [value for name, value in headers.items() if name.lower() == "date"]
    try:
        return now - parsedate_to_datetime(dates[0]).timestamp()
    except (IndexError, ValueError, TypeError):
        return None


def is_wrong(skew: float) -> bool:
    return abs(skew) > WRONG_SECONDS


def skew_text(skew: float) -> str:
    """For example ``7 min behind``, to be followed by what it is compared to."""
    size = abs(skew)
    amount = f"{size / _MINUTE_SECONDS:.0f} min" if size >= _MINUTE_SECONDS else f"{size:.0f} s"
    return f"{amount} {'ahead' if skew >= 0 else 'behind'}"
