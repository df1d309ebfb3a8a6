"""The objects of one partition that still take records: in what order they were used, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sinks.s3.ledger.state import Clock, Span
from connector.sinks.s3.pieces import Sizes

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView

    from connector.sinks.s3.grouping import GroupKey
    from connector.sinks.s3.limit import OpenLimit
    from connector.sinks.s3.open_object import OpenObject
    from connector.sinks.s3.pieces import Piece

_FRAMES_BYTES = 8 * 1024 * 1024
"""Of a task's compressors: the frames that got nothing for longest are ended."""


class OpenObjects:
    """The one whose last use is longest ago comes first.

    Attributes:
        sizes: How large the records were that these and earlier objects have taken.
    """

    def __init__(
        self, limit: OpenLimit, *, tables_bytes: int, part_size_bytes: int, keeps_last_only: bool
    ) -> None:
        """Take what is the same for all.

        Args:
            limit: Of open objects; numbers uses.
            tables_bytes: That the compressor of an unfinished frame holds.
            part_size_bytes: From which on a part is sent.
            keeps_last_only: Each holds the last record of its key.
        """
        self._limit = limit
        self._tables_bytes = tables_bytes
        self._part_size_bytes = part_size_bytes
        self._keeps_last_only = keeps_last_only
        self._objects: dict[GroupKey, OpenObject] = {}
        self._framed: dict[OpenObject, None] = {}
        """Whose compressors hold tables, in the order of their last use; some may have been ended."""
        self._taking: set[OpenObject] = set()
        """Those that a thread is writing to."""
        self.sizes = Sizes()

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[GroupKey]:
        return iter(self._objects)

    def get(self, group: GroupKey) -> OpenObject | None:
        return self._objects.get(group)

    def groups(self) -> KeysView[GroupKey]:
        return self._objects.keys()

    def values(self) -> ValuesView[OpenObject]:
        return self._objects.values()

    def items(self) -> ItemsView[GroupKey, OpenObject]:
        return self._objects.items()

    def add(self, group: GroupKey, found: OpenObject) -> None:
        """As the last, though it takes nothing now."""
        self._objects[group] = found

    def use(self, group: GroupKey, found: OpenObject, now_ms: int) -> None:
        """As the last, in place of the one before it; until :meth:`used` it makes no room for others."""
        self._objects.pop(group, None)
        self._objects[group] = found
        self._taking.add(found)
        found.used_ms = now_ms
        found.use = self._limit.next_use()

    def used(self) -> None:
        """Nothing is written to any of them."""
        self._taking.clear()

    def remove(self, group: GroupKey) -> OpenObject | None:
        """It takes no more."""
        found = self._objects.pop(group, None)
        if found:
            self._framed.pop(found, None)
        return found

    def clear(self) -> None:
        self._objects.clear()

    @property
    def least_recent_use(self) -> int | None:
        """The number of the first one's use; None if there is none, or it is being written to."""
        found = next(iter(self._objects.values()), None)
        return None if found is None or found in self._taking else found.use

    # ---- what they hold ----

    @property
    def buffered_bytes(self) -> int:
        """Also of what is sent already, but not stored."""
        return self.waiting_bytes + sum(found.upload.in_flight_bytes for found in self._objects.values())

    @property
    def waiting_bytes(self) -> int:
        """Those that wait for their object to fill."""
        return sum(
            found.waiting_bytes + found.overhead_bytes + self._tables(found)
            for found in self._objects.values()
        )

    def loose_bytes(self) -> dict[OpenObject, int]:
        """What :func:`condense` makes fewer of each."""
        return {found: found.loose_bytes + self._tables(found) for found in self._objects.values()}

    def largest(self) -> list[GroupKey]:
        """An eighth of all: those with the most bytes waiting."""
        by_size = sorted(self._objects, key=lambda group: self._objects[group].waiting_bytes, reverse=True)
        return by_size[: len(by_size) // 8 + 1]

    def _tables(self, found: OpenObject) -> int:
        return self._tables_bytes if found.has_frame else 0

    # ---- what they take ----

    def append(self, taken: Sequence[tuple[OpenObject, Piece]]) -> None:
        """CPU work, for a thread."""
        for found, piece in taken:
            raw, stored, offsets = found.raw_bytes, found.object_bytes, piece.records.offsets
            found.append(piece.data, len(piece.records))
            if found.tail_bytes >= self._part_size_bytes:
                # Parts begin and end with frames, so that somebody else can go on after any of them.
                found.end_frame()
            first = found.first_offset if self._keeps_last_only else offsets[0]
            found.end_offset = offsets[-1] + 1
            span = Span(first, found.end_offset, len(piece.records), found.raw_bytes - raw)
            found.upload.took(span, Clock(found.opened.ms, found.used_ms, found.first_event_ms))
            self.sizes.add(len(piece.records), found.raw_bytes - raw, found.object_bytes - stored)
            self._end_frames_but(found)

    def _end_frames_but(self, last: OpenObject) -> None:
        """Of many objects few keep their compressor's tables; the frames of the others are large enough."""
        self._framed.pop(last, None)
        if last.has_frame:
            self._framed[last] = None
        most = max(1, _FRAMES_BYTES // self._limit.partitions // max(1, self._tables_bytes))
        while len(self._framed) > most:
            oldest = next(iter(self._framed))
            del self._framed[oldest]
            oldest.end_frame()


def condense(loose: Mapping[OpenObject, int]) -> None:
    """Those that hold most, until they are half of it; CPU work, for a thread."""
    left = sum(loose.values()) / 2
    for found in sorted(loose, key=lambda found: loose[found], reverse=True):
        if left <= 0:
            return
        found.condense()
        left -= loose[found]
