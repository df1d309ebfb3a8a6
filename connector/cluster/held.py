"""What a standalone worker holds of one connector, whether it runs or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.cluster.info import ConnectorInfo, TaskInfo
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.concealment import conceal
from connector.runtime.state import State, TargetState

if TYPE_CHECKING:
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint
    from connector.runtime.task import Task
    from connector.runtime.worker import RunningConnector


@dataclass
class HeldConnector:
    """A connector of this worker.

    Attributes:
        config: As submitted; holds secrets.
        target: What it is asked to be.
        blueprint: Made of the config when it was last read; None if that never succeeded.
        trace: Why it is FAILED; None if it is not.
        running: Its tasks; None while it has none.
        topics: Those that were read since the last reset.
    """

    name: str
    config: RawConfig = field(repr=False)
    target: TargetState = TargetState.STARTED
    blueprint: Blueprint | None = field(default=None, repr=False)
    trace: str | None = None
    running: RunningConnector | None = None
    topics: set[str] = field(default_factory=set)

    @property
    def state(self) -> State:
        if self.target is TargetState.STOPPED:
            return State.STOPPED
        if self.trace is not None:
            return State.FAILED
        return State.PAUSED if self.target is TargetState.PAUSED else State.RUNNING

    @property
    def tasks(self) -> list[Task]:
        return self.running.tasks if self.running else []

    def info(self) -> ConnectorInfo:
        return ConnectorInfo(self.name, self.config, [task.spec.task for task in self.tasks])

    def task_infos(self) -> list[TaskInfo]:
        if self.blueprint is None:
            return []
        config: RawConfig = {**self.config, "task.class": self.blueprint.sink_class_name}
        return [TaskInfo(task.spec.task, config) for task in self.tasks]

    def status(self, worker_id: str, version: str | None) -> ConnectorStatus:
        return ConnectorStatus(
            name=self.name,
            state=self.state,
            worker_id=worker_id,
            trace=self.trace and conceal(self.trace),
            version=version,
            tasks=[
                TaskStatus(task.spec.task, task.state, worker_id, task.trace and conceal(task.trace), version)
                for task in self.tasks
            ],
        )
