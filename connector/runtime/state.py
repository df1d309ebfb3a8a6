"""The states of connectors and tasks, with Kafka Connect's names."""

from __future__ import annotations

from enum import StrEnum

from connector.config.target_state import TargetState

__all__ = ["State", "TargetState"]


class State(StrEnum):
    """Kafka Connect's visible states; only a connector can be STOPPED."""

    UNASSIGNED = "UNASSIGNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    RESTARTING = "RESTARTING"
