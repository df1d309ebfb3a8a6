"""What may happen next in a run, who chooses it, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Option(NamedTuple):
    """Something that may happen next."""

    kind: str
    target: Any = None

    def __str__(self) -> str:
        return f"{self.kind} {self.target or ''}"


class Chooser(Protocol):
    """A schedule."""

    def pick(self, options: Sequence[Option]) -> Option:
        """One of them; the first are those of a quiet world."""
        ...

    def lands(self) -> bool:
        """Whether a request that is still under way in the end lands."""
        ...

    def size(self, most: int) -> int:
        """How many records a poll brings."""
        ...


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        verdict: ``drained`` or ``stopped``; a stop has a cause from outside.
        violation: Empty if the promise was kept.
        trace: What happened.
        orphans: Uploads that are left open, and nobody knows of.
        figures: Counts.
    """

    verdict: str = "drained"
    violation: str = ""
    trace: list[str] = field(default_factory=list)
    orphans: int = 0
    steps: int = 0
    figures: Counter[str] = field(default_factory=Counter)
