"""What is known of a connector, whether it runs or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.config.schema import RawConfig


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """One task's number within its connector, and the config it runs with; holds secrets."""

    id: int
    config: RawConfig = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """A connector's config as submitted, which holds secrets, and the numbers of its tasks."""

    name: str
    config: RawConfig = field(repr=False)
    tasks: list[int] = field(default_factory=list)
    type: str = "sink"
