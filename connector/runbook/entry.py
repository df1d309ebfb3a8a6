"""What the runbook says of one code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.error_codes import ErrorCode

NOT_STARTED = "Nothing: the worker or the connector did not begin."
READ_AGAIN = "Nothing: what was not delivered is not committed, and is read again once the task runs."
WAITS = "Nothing: the same is tried again until it succeeds; meanwhile lag grows."
LOOKED = "Nothing: this was a look from outside, no record was touched."


@dataclass(frozen=True, slots=True)
class Entry:
    """One code, for somebody who was just woken by it.

    Attributes:
        code: Its name.
        title: What went wrong, in a few words.
        seen: A message, with … for what differs.
        meaning: What that means.
        loss: Whether any record is lost or doubled.
        remedy: What to do, full sentences.
        page: The page of the documentation that knows more, with its anchor; empty if none does.
    """

    code: ErrorCode
    title: str
    seen: str
    meaning: str
    loss: str
    remedy: str
    page: str = ""
