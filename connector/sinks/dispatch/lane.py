"""Entries of one order key: only the first is on its way, the others wait until it is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from connector.sinks.dispatch.entry import Entry


class Lane:
    """The entries of one key and one destination that are not on their way, in offset order.

    A lane is idle, or in an outbox, or away: its first entries are sent, or wait to be sent again.

    Most keys have one entry at a time, so entries are linked among themselves: a queue for each lane would
    take several times as much memory as the records.
    """

    __slots__ = ("_last", "first", "is_idle", "key")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.first: Entry | None = None
        self._last: Entry | None = None
        self.is_idle = True

    @property
    def head(self) -> Entry:
        """The first entry, of a lane that has one."""
        if self.first is None:
            raise AssertionError("Nothing waits in this lane")
        return self.first

    def append(self, entry: Entry) -> None:
        if self._last is None:
            self.first = entry
        else:
            self._last.behind = entry
        self._last = entry

    def put_back(self, entry: Entry) -> None:
        """Before all others, where it was."""
        entry.behind = self.first
        self.first = entry
        if self._last is None:
            self._last = entry

    def pop(self) -> Entry:
        """Take the first entry out."""
        entry = self.head
        self.first, entry.behind = entry.behind, None
        if self.first is None:
            self._last = None
        return entry
