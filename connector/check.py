"""Checks before use, one after the other: each finds out one thing and says what to do about it.

Order, deadlines and repetition are decided here; what is checked belongs to whoever makes the list.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from connector.concealment import conceal
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.retry import Backoff, retrying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

DEADLINE_SECONDS = 10.0
_BACKOFF = Backoff(0.2, 2.0)
_NO_TIME = "see what took so long, or run the check as a command, which has no limit for all of it"


class Outcome(StrEnum):
    """How a step ended; only ``failed`` means that the connector would not work."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found out: the facts, and what to do if that is needed.

    Attributes:
        may_pass: A failure that may be none the next time, though nobody changed anything.
        code: What the runbook has a failure under.
    """

    outcome: Outcome
    detail: str
    remedy: str = ""
    may_pass: bool = False
    code: ErrorCode | None = None


def ok(detail: str) -> Finding:
    return Finding(Outcome.OK, detail)


def failed(
    detail: str, remedy: str, *, code: ErrorCode = ErrorCode.DESTINATION_REFUSES, may_pass: bool = False
) -> Finding:
    return Finding(Outcome.FAILED, detail, remedy, may_pass, code)


def skipped(detail: str, remedy: str = "") -> Finding:
    """Not asked, or the answer tells nothing; what depends on it goes on."""
    return Finding(Outcome.SKIPPED, detail, remedy)


def warning(detail: str, remedy: str) -> Finding:
    return Finding(Outcome.WARNING, detail, remedy)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to find out.

    Attributes:
        name: Unique in its list, as users see it.
        find: Finds it out. An AccessError is a failure; a RetriableError is repeated until the deadline.
        needs: The checks that must not have failed before.
    """

    name: str
    find: Callable[[], Awaitable[Finding]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A check that was done or skipped."""

    name: str
    outcome: Outcome
    detail: str
    remedy: str
    seconds: float
    may_pass: bool = False
    code: ErrorCode | None = None

    def shown(self) -> dict[str, Any]:
        """As answers in JSON have it; only failures have a code."""
        found = {
            "name": self.name,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "remedy": self.remedy,
            "seconds": round(self.seconds, 3),
        }
        return found if self.code is None else {**found, "code": self.code.value}


class Checklist:
    """Checks in the order they are done."""

    def __init__(self, checks: Sequence[Check], hide: Callable[[str], str] = str) -> None:
        """Args: ``hide`` takes the secrets out of a text that will be shown."""
        self.checks = tuple(checks)
        self._hide = hide

    async def steps(
        self, deadline_seconds: float = DEADLINE_SECONDS, total_seconds: float = math.inf
    ) -> AsyncIterator[Step]:
        """Do every check that can be done; each has ``deadline_seconds``, all have ``total_seconds``."""
        causes: dict[str, list[str]] = {}
        end = time.perf_counter() + total_seconds
        for check in self.checks:
            started = time.perf_counter()
            missing = list(dict.fromkeys(cause for name in check.needs for cause in causes.get(name, ())))
            if missing:
                causes[check.name] = missing
                finding = skipped(f"not tried, since this failed: {', '.join(missing)}")
            elif started >= end:
                finding = failed(
                    f"not tried: the checks before it took all of the {total_seconds:g} s",
                    _NO_TIME,
                    code=ErrorCode.CHECK_TOO_LATE,
                )
            else:
                finding = await _find(check, min(deadline_seconds, end - started))
            if finding.outcome is Outcome.FAILED:
                causes[check.name] = [check.name]
            detail, remedy = (conceal(self._hide(text)) for text in (finding.detail, finding.remedy))
            seconds = time.perf_counter() - started
            yield Step(check.name, finding.outcome, detail, remedy, seconds, finding.may_pass, finding.code)


async def _find(check: Check, deadline_seconds: float) -> Finding:
    refusals: list[RetriableError] = []
    try:
        async with asyncio.timeout(deadline_seconds):
            return await retrying(check.find, _BACKOFF, refusals.append)
    except AccessError as error:
        return failed(error.fact, error.remedy, code=error.code)
    except TimeoutError:
        return _too_late(deadline_seconds, refusals)
    except Exception as error:  # noqa: BLE001 - a check that breaks must not hide what the others find
        return failed(
            f"the check itself broke: {type(error).__name__}: {error}",
            "please report it to the project",
            code=ErrorCode.UNEXPECTED,
        )


def _too_late(deadline_seconds: float, refusals: Sequence[RetriableError]) -> Finding:
    if refusals:
        return failed(
            f"did not work within {deadline_seconds:g} s and {len(refusals)} attempts; last: {refusals[-1]}",
            "the service throttles, or has trouble: try again later, or allow more time",
            code=refusals[-1].code,
            may_pass=True,
        )
    return failed(
        f"no answer within {deadline_seconds:g} s",
        "a firewall or proxy may hold requests back, or the service is slow: allow outbound traffic to it, or"
        " allow more time",
        code=ErrorCode.CHECK_TOO_LATE,
        may_pass=True,
    )
