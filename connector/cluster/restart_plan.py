"""Which instances of a connector a restart concerns (KIP-745); decides only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.runtime.state import State

if TYPE_CHECKING:
    from connector.cluster.status import ConnectorStatus


@dataclass(frozen=True, slots=True)
class RestartPlan:
    """What is due.

    Attributes:
        connector: The connector itself.
        tasks: The numbers of tasks.
        shown: The status in which all of these are RESTARTING already.
    """

    connector: bool
    tasks: tuple[int, ...]
    shown: ConnectorStatus

    @classmethod
    def of(cls, status: ConnectorStatus, *, include_tasks: bool, only_failed: bool) -> RestartPlan:
        def is_due(state: State) -> bool:
            return not only_failed or state is State.FAILED

        connector = is_due(status.state)
        tasks = tuple(task.id for task in status.tasks if include_tasks and is_due(task.state))
        shown = replace(
            status,
            state=State.RESTARTING if connector else status.state,
            tasks=[
                replace(task, state=State.RESTARTING) if task.id in tasks else task for task in status.tasks
            ],
        )
        return cls(connector, tasks, shown)
