"""What is ready to be sent to one destination, and how it is cut into requests; decides, sends nothing."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from connector.sinks.dispatch.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from connector.sinks.dispatch.entry import Entry, Limits


class Outbox:
    """Takes turns: a lane that has just been cut comes after everybody else."""

    def __init__(self, destination: str, limits: Limits) -> None:
        self.destination = destination
        self.limits = limits
        self._ready: deque[Entry | Lane] = deque()
        self._ready_bytes = 0

    def __len__(self) -> int:
        """Entries and lanes that are ready."""
        return len(self._ready)

    def add(self, entries: Iterable[Entry]) -> None:
        """Entries of one partition that were just taken, in offset order."""
        lanes: dict[Hashable, Lane] | None = None
        for entry in entries:
            key = entry.order_key
            if key is None:
                self._enqueue(entry)
                continue
            if lanes is None:
                lanes = entry.progress.lanes_to(self.destination)
            lane = lanes.get(key)
            if lane is None:
                lane = lanes[key] = Lane(key)
            entry.lane = lane
            lane.append(entry)
            if lane.is_idle:
                lane.is_idle = False
                self._enqueue(lane)

    def again(self, items: Iterable[Entry | Lane]) -> None:
        """Entries without a lane, and lanes, whose turn it is again."""
        for item in items:
            self._enqueue(item)

    def purge(self) -> None:
        """Let go of the entries of dropped partitions now, and not when their turn comes."""
        items, self._ready, self._ready_bytes = self._ready, deque(), 0
        for item in items:
            if not _head(item).progress.is_dropped:
                self._enqueue(item)

    def due_at(self, linger_seconds: float) -> float | None:
        """When a request should be cut: at once (0.0), at a moment of the loop's clock, or never (None)."""
        if not self._ready:
            return None
        if len(self._ready) >= self.limits.entries or self._ready_bytes >= self.limits.request_bytes:
            return 0.0
        return _head(self._ready[0]).taken_at + linger_seconds

    def cut(self) -> list[Entry]:
        """The entries of the next request; those of dropped partitions are left out, so it may be empty."""
        chosen: list[Entry] = []
        room = self.limits.request_bytes
        ready = self._ready
        while ready and len(chosen) < self.limits.entries:
            item = ready[0]
            head = _head(item)
            if head.progress.is_dropped:
                self._dequeue(head)
                continue
            if chosen and head.size_bytes > room:
                break
            self._dequeue(head)
            room -= head.size_bytes
            chosen.append(head)
            if isinstance(item, Lane):
                item.pop()
                if self.limits.keeps_order:
                    room = self._run(item, chosen, room)
        return chosen

    def _run(self, lane: Lane, chosen: list[Entry], room: int) -> int:
        """More of the same lane, since the service keeps their order; returns the room that is left."""
        while lane.first is not None and len(chosen) < self.limits.entries and lane.first.size_bytes <= room:
            entry = lane.pop()
            room -= entry.size_bytes
            chosen.append(entry)
        return room

    def _enqueue(self, item: Entry | Lane) -> None:
        self._ready.append(item)
        self._ready_bytes += _head(item).size_bytes

    def _dequeue(self, head: Entry) -> None:
        self._ready.popleft()
        self._ready_bytes -= head.size_bytes


def _head(item: Entry | Lane) -> Entry:
    """What of it is sent next."""
    return item.head if isinstance(item, Lane) else item
