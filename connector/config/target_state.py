"""What a connector is asked to be, whether it is that or not."""

from __future__ import annotations

from enum import StrEnum


class TargetState(StrEnum):
    """The names of Connect's config topic; REST says RUNNING for STARTED."""

    STARTED = "STARTED"
    PAUSED = "PAUSED"
    """Tasks stay members of their group and hold what they have, and deliver nothing."""
    STOPPED = "STOPPED"
    """The connector stays, without tasks: its offsets may be changed."""
