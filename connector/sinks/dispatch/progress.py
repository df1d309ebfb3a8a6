"""How far a partition is delivered: entries end in any order, offsets are committed up to the first gap."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from connector.record import TopicPartition
    from connector.sinks.dispatch.entry import Entry
    from connector.sinks.dispatch.lane import Lane

SLOT_BYTES = 240
"""What a record costs that is done, but behind one that is not: an entry without payload, and its place."""
ENTRY_BYTES = 180
"""What one costs that is not done, beside all that and its message: its key's lane, its payload's frame."""


class Progress:
    """One life of a partition: from ``open`` to ``drop``."""

    def __init__(self, partition: TopicPartition) -> None:
        self.partition = partition
        self._lanes: dict[str, dict[Hashable, Lane]] = {}
        self.is_dropped = False
        self.held_bytes = 0
        """What entries take that are not done."""
        self._slots: deque[tuple[int, Entry]] = deque()
        self._next_offset: int | None = None

    def take(self, entries: Sequence[Entry], next_offset: int) -> None:
        """These entries are under way now; offsets without one count as delivered."""
        slots = [(entry.offset, entry) for entry in entries]
        if folded := [(offset, entry) for entry in entries for offset in entry.folded]:
            slots = sorted(slots + folded, key=lambda slot: slot[0])
        self._slots.extend(slots)
        self._next_offset = next_offset
        for entry in entries:
            entry.progress = self
            self.held_bytes += entry.held_bytes + ENTRY_BYTES

    def lanes_to(self, destination: str) -> dict[Hashable, Lane]:
        """By order key; each is of one destination, since that is what its entries are sent to."""
        return self._lanes.setdefault(destination, {})

    def done(self, entry: Entry) -> None:
        """The entry is delivered, or given up; what it leaves until those before it are, is its place."""
        entry.is_done = True
        entry.payload = entry.order_key = entry.lane = None
        self.held_bytes -= entry.held_bytes + ENTRY_BYTES
        slots = self._slots
        while slots and slots[0][1].is_done:
            slots.popleft()

    def drop(self) -> None:
        """Its entries have no effect any more; those under way do not keep the others in memory."""
        self.is_dropped = True
        self._slots.clear()
        self._lanes.clear()

    @property
    def committable(self) -> int | None:
        """The first offset that is not delivered; None before anything was put."""
        return self._slots[0][0] if self._slots else self._next_offset

    @property
    def is_settled(self) -> bool:
        return not self._slots

    @property
    def buffered_bytes(self) -> int:
        return self.held_bytes + SLOT_BYTES * len(self._slots)
