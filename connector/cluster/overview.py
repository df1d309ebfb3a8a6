"""What the cluster's two topics say of connectors, as REST shows it; it neither waits nor fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import plugins
from connector.cluster.info import ConnectorInfo, TaskInfo
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.config.connector import ConnectorConfig
from connector.errors import ConfigError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.cluster.config_state import ConfigState, StoredConfig
    from connector.cluster.status_records import InstanceStatus
    from connector.cluster.status_state import StatusState
    from connector.config.schema import RawConfig


class Overview:
    """The connectors of the cluster, as of what this worker has read.

    Args:
        configs: What the config topic says.
        statuses: What the status topic says.
        tasks_of: How many tasks a connector has.
    """

    def __init__(self, configs: ConfigState, statuses: StatusState, tasks_of: Callable[[str], int]) -> None:
        self._configs = configs
        self._statuses = statuses
        self._tasks_of = tasks_of

    def info(self, name: str) -> ConnectorInfo | None:
        stored = self._configs.connectors.get(name)
        if stored is None:
            return None
        return ConnectorInfo(name, dict(stored.config), list(range(self._tasks_of(name))))

    def tasks(self, name: str) -> list[TaskInfo] | None:
        stored = self._configs.connectors.get(name)
        if stored is None:
            return None
        config: RawConfig = {**stored.config, "task.class": _task_class(stored)}
        return [TaskInfo(number, config) for number in range(self._tasks_of(name))]

    def status(self, name: str) -> ConnectorStatus | None:
        found = self._statuses.connectors.get(name)
        if found is None or name not in self._configs.connectors:
            return None
        tasks = sorted(self._statuses.tasks_of(name).items())
        count = self._tasks_of(name)
        return ConnectorStatus(
            name=name,
            state=found.state,
            worker_id=found.worker_id,
            trace=found.trace or None,
            version=found.version,
            tasks=[_task_status(number, status) for number, status in tasks if number < count],
        )

    def topics(self, name: str) -> list[str]:
        return sorted(self._statuses.topics_of(name)) if name in self._configs.connectors else []


def _task_status(number: int, status: InstanceStatus) -> TaskStatus:
    return TaskStatus(number, status.state, status.worker_id, status.trace or None, status.version)


def _task_class(stored: StoredConfig) -> str:
    name = stored.config.get(ConnectorConfig.connector_class.name, "")
    try:
        sink: type[Any] = plugins.find(PluginKind.SINK, name, ConnectorConfig.connector_class.name)
    except ConfigError:
        return name
    return f"{sink.__module__}.{sink.__qualname__}"
