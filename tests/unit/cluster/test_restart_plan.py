from __future__ import annotations

import pytest

from connector.cluster.restart_plan import RestartPlan
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.runtime.state import State

WORKER = "10.0.0.1:8083"


def status(connector: State, *tasks: State) -> ConnectorStatus:
    shown = [TaskStatus(number, state, WORKER) for number, state in enumerate(tasks)]
    return ConnectorStatus("a", connector, WORKER, tasks=shown)


@pytest.mark.parametrize(
    ("include_tasks", "only_failed", "connector", "due", "tasks"),
    [
        (False, False, State.RUNNING, True, ()),
        (True, False, State.RUNNING, True, (0, 1)),
        (False, True, State.RUNNING, False, ()),
        (True, True, State.RUNNING, False, (1,)),
        (False, True, State.FAILED, True, ()),
        (True, True, State.FAILED, True, (1,)),
    ],
)
def test_what_is_due_is_shown_as_restarting(
    include_tasks: bool, only_failed: bool, connector: State, due: bool, tasks: tuple[int, ...]
) -> None:
    found = RestartPlan.of(
        status(connector, State.RUNNING, State.FAILED), include_tasks=include_tasks, only_failed=only_failed
    )
    assert (found.connector, found.tasks) == (due, tasks)
    assert (found.shown.state is State.RESTARTING) is due
    assert tuple(task.id for task in found.shown.tasks if task.state is State.RESTARTING) == tasks
