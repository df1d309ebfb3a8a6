"""Two clusters on the same topics: each would move all tasks to itself, without end.

Who starts while another cluster runs is told so. If both started at once, the one whose ``group.id`` comes
first in the alphabet places tasks, and the other does not, and says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.cluster.status_records import Placed

log = logs.get(__name__)

QUIET_SECONDS = 60.0
"""For so long a cluster counts as there after it has placed something."""


class Rivalry:
    """What one worker sees of other clusters; pure: it gets the time.

    Args:
        group: The ``group.id`` of its own.
    """

    def __init__(self, group: str) -> None:
        self._group = group
        self._seen: dict[str, float] = {}

    def saw(self, placed: Placed, now: float) -> None:
        """Somebody has just placed a connector."""
        if placed.group is None or placed.group == self._group:
            return
        if now - self._seen.get(placed.group, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._seen[placed.group] = now
            log.error(
                "another cluster uses the same topics: give each its own config.storage.topic and"
                " status.storage.topic",
                group=self._group,
                other=placed.group,
            )

    def gives_way(self, now: float) -> bool:
        """Whether to leave the placing to another cluster."""
        return any(other < self._group and now - since < QUIET_SECONDS for other, since in self._seen.items())


def others(placements: Mapping[str, Placed], group: str) -> set[str]:
    """The clusters that have placed what there is, beside one's own; they may be long gone."""
    return {placed.group for placed in placements.values() if placed.group not in {None, group}} - {None}
