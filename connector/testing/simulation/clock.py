"""The time of a run, and the names that are drawn in it: nothing passes and nothing is random by itself."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING
from unittest.mock import patch

from connector.runtime import commits as commits_module
from connector.runtime import feed as feed_module
from connector.runtime import task as task_module
from connector.runtime import waiting as waiting_module
from connector.sinks.s3 import partition_ledger as ledger_module
from connector.sinks.s3 import state_objects as state_objects_module

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = 1000.0
_EPOCH_SECONDS = 1_700_000_000
_POLL_SECONDS = 0.25


class Clock:
    """All processes have the same; stands in the place of the module time.

    Attributes:
        now: What is monotonic.
        skew: Of the wall's clock: hours and days go by between two steps.
    """

    def __init__(self) -> None:
        self.now = _START
        self.skew = 0.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic

    @property
    def passed(self) -> float:
        """Seconds since the run began."""
        return self.now - _START

    def wall(self) -> float:
        return _EPOCH_SECONDS + self.now + self.skew


class Names:
    """Stands in the place of the modules secrets and uuid."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.hex = ""

    def token_urlsafe(self, _: int) -> str:
        return f"nonce{next(self._numbers):04d}"

    def uuid4(self) -> Names:
        self.hex = f"state{next(self._numbers):04d}"
        return self


@contextmanager
def substituted(clock: Clock) -> Iterator[None]:
    """The task and the sink have this time, and names that are the same in every run."""
    names = Names()
    with ExitStack() as stack:
        for module in (task_module, commits_module, waiting_module):
            stack.enter_context(patch.object(module, "time", clock))
        stack.enter_context(patch.object(feed_module, "POLL_SECONDS", _POLL_SECONDS))
        stack.enter_context(patch.object(ledger_module, "secrets", names))
        stack.enter_context(patch.object(state_objects_module, "uuid", names))
        yield
