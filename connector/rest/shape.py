"""The JSON shapes of Kafka Connect's REST API, made from what the herder tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.cluster.info import ConnectorInfo, TaskInfo
    from connector.cluster.status import ConnectorStatus, TaskStatus
    from connector.rest.secrets import Secrets

Shape = dict[str, Any]


def connector_info(info: ConnectorInfo, secrets: Secrets) -> Shape:
    return {
        "name": info.name,
        "config": secrets.shown(info.config),
        "tasks": [{"connector": info.name, "task": task} for task in sorted(info.tasks)],
        "type": info.type,
    }


def task_info(name: str, task: TaskInfo, secrets: Secrets) -> Shape:
    return {"id": {"connector": name, "task": task.id}, "config": secrets.shown(task.config)}


def connector_status(status: ConnectorStatus) -> Shape:
    tasks = sorted(status.tasks, key=lambda task: task.id)
    return {
        "name": status.name,
        "connector": _instance(status),
        "tasks": [task_status(task) for task in tasks],
        "type": status.type,
    }


def task_status(status: TaskStatus) -> Shape:
    return {"id": status.id, **_instance(status)}


def _instance(status: ConnectorStatus | TaskStatus) -> Shape:
    # Clients take a trace, even an empty one, for a failure; a version is left out when there is none.
    shape: Shape = {"state": status.state.value, "worker_id": status.worker_id}
    if status.trace:
        shape["trace"] = status.trace
    if status.version is not None:
        shape["version"] = status.version
    return shape
