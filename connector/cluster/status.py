"""What connectors and tasks are doing, as statuses are kept and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.runtime.state import State


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """What one task is doing.

    Attributes:
        id: Its number within the connector, from 0.
        state: Its own, whatever the connector's is.
        worker_id: ``host:port`` of the worker that runs it, as it advertises itself.
        trace: Why it failed; None while it has not. Never holds a secret.
        version: The plug-in's version, None if it has none.
    """

    id: int
    state: State
    worker_id: str
    trace: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """What a connector and its tasks are doing; their states are independent of each other."""

    name: str
    state: State
    worker_id: str
    trace: str | None = None
    version: str | None = None
    tasks: list[TaskStatus] = field(default_factory=list)
    type: str = "sink"
