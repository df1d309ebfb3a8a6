"""How many requests may be under way: one more for each round trip that goes well, half when throttled."""

from __future__ import annotations

_START = 4.0
_DECREASE = 0.5


class Concurrency:
    """Additive increase, multiplicative decrease, between 1 and ``most``."""

    def __init__(self, most: int, *, is_adaptive: bool = True) -> None:
        self._most = most
        self._is_adaptive = is_adaptive
        self._limit = min(_START, most) if is_adaptive else float(most)
        self._decreased_at = float("-inf")

    @property
    def limit(self) -> int:
        return int(self._limit)

    def succeeded(self, under_way: int) -> None:
        """A request went well while ``under_way`` were; only a limit that was reached is raised."""
        if self._is_adaptive and under_way >= self.limit:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def throttled(self, started: float, now: float) -> None:
        """A request that began at ``started`` was throttled; those of one moment count once."""
        if self._is_adaptive and started > self._decreased_at:
            self._limit = max(1.0, self._limit * _DECREASE)
            self._decreased_at = now
