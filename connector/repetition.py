"""What repeats is told once in a while, with how often it came meanwhile."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

SECONDS = 30.0
_MOST = 1000
_OF_THE_MOMENT = re.compile(r"\d+(?=ms\b| identical error| request)")
"""How long and how often, in librdkafka's lines."""


class Repetitions:
    """Counts what is not told; for any thread.

    Args:
        seconds: How long the same is not told again.
        clock: Monotonic, in seconds.
    """

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._last: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def untold(self, what: Hashable) -> int | None:
        """How often it came since it was told, if it is to be told now; None if it is not."""
        now = self._clock()
        with self._lock:
            told, untold = self._last.pop(what, (-self._seconds, 0))
            if now - told < self._seconds:
                self._last[what] = (told, untold + 1)
                return None
            self._last[what] = (now, 0)
            if len(self._last) > _MOST:
                self._last.popitem(last=False)
            return untold


class Seldom(logging.Filter):
    """For librdkafka's lines: a client whose brokers are away has twenty of the same in a second."""

    def __init__(self, repetitions: Repetitions | None = None) -> None:
        super().__init__()
        self._repetitions = repetitions or Repetitions()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        whose = (getattr(record, "connector", None), getattr(record, "task", None))
        untold = self._repetitions.untold((whose, record.levelno, _OF_THE_MOMENT.sub("", text)))
        if untold:
            record.msg, record.args = f"{text} (and {untold} more like this)", ()
        return untold is not None
