"""What a worker says of its own tasks and connectors, where the status topic says otherwise; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cluster.status_records import InstanceStatus, connector_status_entry, task_status_entry
from connector.config.target_state import TargetState
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.cluster.records import Entry
    from connector.cluster.status_records import Owner
    from connector.cluster.status_state import StatusState


def report(
    me: Owner,
    name: str,
    *,
    target: TargetState,
    states: Mapping[int, tuple[State, str | None]],
    failure: str | None,
    version: str | None,
    statuses: StatusState,
) -> Iterator[Entry]:
    """The statuses to write.

    Args:
        me: This worker.
        name: The connector's.
        target: What it is to be.
        states: The state of each task that is this worker's, and why it failed.
        failure: Why no tasks can be made of its config.
        version: The plug-in's.
        statuses: What the topic says; nothing is written over what a later owner has said.
    """
    placed = statuses.placements.get(name)
    if placed is None:
        return
    for task, (state, trace) in states.items():
        status = InstanceStatus(state, me.worker_id, placed.generation, trace, version)
        known = statuses.tasks_of(name).get(task)
        if known != status and status.may_follow(known):
            yield task_status_entry(name, task, status)
    if placed.owners and placed.owners[0] == me:
        status = InstanceStatus(_state(target, failure), me.worker_id, placed.generation, failure, version)
        known = statuses.connectors.get(name)
        if known != status and status.may_follow(known):
            yield connector_status_entry(name, status)


def farewell(me: Owner, statuses: StatusState) -> Iterator[Entry]:
    """The statuses of a worker that has stopped: what it ran and nobody has taken over is nobody's."""
    for name, placed in statuses.placements.items():
        for task, known in statuses.tasks_of(name).items():
            if known.worker_id == me.worker_id and known.state is not State.UNASSIGNED:
                generation = max(placed.generation, known.generation)
                yield task_status_entry(
                    name, task, InstanceStatus(State.UNASSIGNED, me.worker_id, generation)
                )
        connector = statuses.connectors.get(name)
        if connector and connector.worker_id == me.worker_id and connector.state is State.RUNNING:
            generation = max(placed.generation, connector.generation)
            yield connector_status_entry(name, InstanceStatus(State.UNASSIGNED, me.worker_id, generation))


def _state(target: TargetState, failure: str | None) -> State:
    if target is TargetState.STOPPED:
        return State.STOPPED
    if failure is not None:
        return State.FAILED
    return State.PAUSED if target is TargetState.PAUSED else State.RUNNING
