"""When a failed task is started again by itself; pure: it gets the time, and the dice.

The wait doubles with every failure up to a cap, and is drawn between its half and its whole, so that tasks
that failed together do not come back together. A task that has run for longer than the cap begins anew.
What only a user can mend is not tried again: it would fail in the same way.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.errors import AccessError, BatchError, ConfigError, LedgerError, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

_FOR_USERS = (ConfigError, AccessError, LedgerError, RecordError, BatchError)
_MOST_DOUBLINGS = 30


def may_pass(failure: BaseException | None) -> bool:
    """Whether a task that failed so may do better without anybody's help."""
    return failure is not None and not isinstance(failure, _FOR_USERS)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to wait.

    Attributes:
        base_seconds: The longest first wait.
        cap_seconds: The longest of all.
    """

    base_seconds: float
    cap_seconds: float

    def wait_seconds(self, failures: int, dice: Callable[[], float]) -> float:
        """After so many failures in a row, at least one; ``dice`` gives a number from 0 to 1."""
        doubled: float = self.base_seconds * 2 ** min(failures - 1, _MOST_DOUBLINGS)
        longest = min(self.cap_seconds, doubled)
        return longest / 2 * (1 + dice())


@dataclass(slots=True)
class RestartSchedule:
    """The restarts of one task."""

    policy: RestartPolicy
    dice: Callable[[], float] = random.random
    failures: int = 0
    due: float | None = field(default=None)
    _well_since: float | None = field(default=None)

    def look(self, now: float, *, has_failed: bool) -> bool:
        """Note how the task is; whether it is to be started now, which is then taken as done."""
        if not has_failed:
            self._note_well(now)
            return False
        if self.due is None:
            self.failures += 1
            self.due = now + self.policy.wait_seconds(self.failures, self.dice)
            self._well_since = None
        if now < self.due:
            return False
        self.due = None
        return True

    def _note_well(self, now: float) -> None:
        self.due = None
        if self._well_since is None:
            self._well_since = now
        elif now - self._well_since >= self.policy.cap_seconds:
            self.failures = 0
