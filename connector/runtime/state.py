"""The states of connectors and tasks, with Kafka Connect's names."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Kafka Connect's visible states; only a connector can be STOPPED."""

    UNASSIGNED = "UNASSIGNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    RESTARTING = "RESTARTING"


class TargetState(StrEnum):
    """What a connector is asked to be, whether it is that or not; the names of Connect's config topic."""

    STARTED = "STARTED"
    PAUSED = "PAUSED"
    """Tasks stay members of their group and hold what they have, and deliver nothing."""
    STOPPED = "STOPPED"
    """The connector stays, without tasks: its offsets may be changed."""
