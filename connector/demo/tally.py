"""Counts how often each event was found in the bucket: what is missing, what is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 255
"""Where counting one event stops; one byte each keeps millions cheap."""


class Tally:
    """Counts by event number."""

    def __init__(self) -> None:
        self.found = 0
        """Different events."""
        self.duplicates = 0
        """Events found again."""
        self._counts = bytearray()

    def add(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if number >= len(self._counts):
                self._counts.extend(bytes(number + 1 - len(self._counts) + 1_000))
            seen = self._counts[number]
            if seen:
                self.duplicates += 1
            else:
                self.found += 1
            self._counts[number] = min(seen + 1, _MOST)

    def missing(self, produced: int) -> int:
        """How many of the events 0 to ``produced`` were not found."""
        return self._counts[:produced].count(0) + max(0, produced - len(self._counts))

    def strangers(self, produced: int) -> int:
        """How many events were found that nobody produced."""
        beyond = self._counts[produced:]
        return len(beyond) - beyond.count(0)
