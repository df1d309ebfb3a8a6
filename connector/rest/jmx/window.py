"""What totals were a little while ago: Kafka Connect's rates and averages are those of the last half minute.

Nothing is measured between two scrapes, so a rate is that since a scrape at least this long ago, or since the
first one. Several who scrape do not disturb each other. Pure: it gets the time.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    Totals = Mapping[Any, float]

_SECONDS = 30.0
_APART_SECONDS = 1.0


class Window:
    """The totals of the last scrapes."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, Totals]] = deque()
        self._now = 0.0
        self._totals: Totals = {}

    def take(self, now: float, totals: Totals) -> None:
        """Remember these totals, of now."""
        self._now, self._totals = now, totals
        if not self._past or now - self._past[-1][0] >= _APART_SECONDS:
            self._past.append((now, totals))
        # The first that is old enough stays: what is older is not needed.
        while len(self._past) > 1 and now - self._past[1][0] >= _SECONDS:
            self._past.popleft()

    def rate(self, key: Hashable) -> float:
        """By how much the total has grown in a second; 0 if it is new."""
        for then, totals in self._past:
            if key in totals and then < self._now:
                # A total that went back belongs to something that was started anew.
                return max(0.0, self._totals.get(key, 0.0) - totals[key]) / (self._now - then)
        return 0.0

    def ratio(self, key: Hashable, of: Hashable) -> float:
        """By how much the one total has grown for one that the other has; of all of it where it is new."""
        growth, base = self._growth(key), self._growth(of)
        return growth / base if base > 0 else 0.0

    def mean(self, key: Hashable) -> float:
        values = list(self._values(key))
        return sum(values) / len(values) if values else 0.0

    def highest(self, key: Hashable) -> float:
        return max(self._values(key), default=0.0)

    def _growth(self, key: Hashable) -> float:
        total = self._totals.get(key, 0.0)
        for then, totals in self._past:
            if key in totals and then < self._now:
                return total - totals[key] if total >= totals[key] else total
        return total

    def _values(self, key: Hashable) -> Iterator[float]:
        yield from (totals[key] for _, totals in self._past if key in totals)
