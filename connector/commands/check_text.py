"""How people read what a check found out: a line or two per step, and a summary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from connector.check import Outcome
from connector.error_codes import ErrorCode, pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INDENT = " " * 9


def lines(step: Mapping[str, Any]) -> str:
    """One step, as JSON has it."""
    first = f"{step['outcome']:<8} {step['name']}: {step['detail']}"
    if step["outcome"] != Outcome.SKIPPED:
        first += f" [{step['seconds']:.2f} s]"
    if step["remedy"]:
        first += f"\n{_INDENT}to do: {step['remedy']}."
    return f"{first}\n{_INDENT}{pointer(ErrorCode(step['code']))}" if "code" in step else first


def counted(steps: Iterable[Mapping[str, Any]]) -> str:
    counts = Counter(step["outcome"] for step in steps)
    return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
