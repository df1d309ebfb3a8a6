"""Entries of one order key: only the first is on its way, the others wait until it is settled."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from connector.sinks.dispatch.entry import Entry


class Lane:
    """The entries of one key that are not on their way, in offset order.

    A lane is idle, or in an outbox, or away: its first entries are sent, or wait to be sent again.
    """

    __slots__ = ("is_idle", "key", "waiting")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.waiting: deque[Entry] = deque()
        self.is_idle = True
