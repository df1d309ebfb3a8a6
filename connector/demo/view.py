"""What there is to see: the story fills it, a screen shows it; no I/O."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.demo.figures import Figures, Rates

if TYPE_CHECKING:
    from connector.demo.bucket import StoredObject
    from connector.demo.example import Change

_LATEST = 5


@dataclass(slots=True)
class Step:
    """A line of the checklist; ``detail`` is known when it is done."""

    text: str
    detail: str = ""
    done: bool = False

    def finish(self, detail: str = "") -> None:
        self.detail, self.done = detail, True


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of the assumed role, without any secret; ``expires`` in seconds since the epoch."""

    role: str
    session: str
    expires: float


@dataclass
class View:
    """The state of the demo at this moment."""

    steps: list[Step] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    credentials: Credentials | None = None
    figures: Figures = field(default_factory=Figures)
    rates: Rates = field(default_factory=Rates)
    produced: int = 0
    found: int = 0
    objects: int = 0
    object_bytes: int = 0
    latest: deque[StoredObject] = field(default_factory=lambda: deque(maxlen=_LATEST))
    is_live: bool = False
    is_reading: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once partitions are assigned."""

    def step(self, text: str) -> Step:
        """A new line of the checklist, under way."""
        self.steps.append(Step(text))
        return self.steps[-1]
