"""The bound on a task's open objects: which one is finished so that another may be opened."""

from __future__ import annotations

from itertools import count
from typing import Protocol


class Holder(Protocol):
    """Keeps open objects."""

    @property
    def open_objects(self) -> int: ...
    @property
    def is_busy(self) -> bool:
        """Its objects are being written to, so that only it may finish them."""
        ...

    @property
    def least_recent_use(self) -> int | None:
        """The number of the use that is longest ago; None if none of its objects can be finished now."""
        ...

    def finish_least_recent(self) -> None: ...


class OpenLimit:
    """Finishes the object that got no record for longest, of whatever partition.

    While partitions are written side by side their objects cannot be finished for each other; then there are
    a few more than the bound, until the next object is opened.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._holders: list[Holder] = []
        self._uses = count()

    def join(self, holder: Holder) -> None:
        self._holders.append(holder)

    def leave(self, holder: Holder) -> None:
        if holder in self._holders:
            self._holders.remove(holder)

    @property
    def partitions(self) -> int:
        """How many share what a task may hold; at least one."""
        return max(1, len(self._holders))

    def next_use(self) -> int:
        """Numbers uses, so that they can be told apart where the clock does not."""
        return next(self._uses)

    def make_room(self, asking: Holder) -> None:
        """Finish objects until one more may be opened."""
        while sum(holder.open_objects for holder in self._holders) >= self.most:
            found = [
                (use, index)
                for index, holder in enumerate(self._holders)
                if (holder is asking or not holder.is_busy) and (use := holder.least_recent_use) is not None
            ]
            if not found:
                return
            self._holders[min(found)[1]].finish_least_recent()
