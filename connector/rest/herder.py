"""The herder, Kafka Connect's word for what knows all connectors and answers the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from connector.cluster.info import ConnectorInfo, TaskInfo
    from connector.cluster.status import ConnectorStatus, TaskStatus


class Herder(Protocol):
    """Reads answer from what the worker knows at this moment, so they neither wait nor fail.

    Methods that take a name give None for a connector (or task) that is not there.
    """

    @property
    def kafka_cluster_id(self) -> str | None:
        """The id of the Kafka cluster, None as long as no broker has answered."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether the worker has completed its start-up."""
        ...

    async def ping(self) -> None:
        """Come back once the worker's main loop has turned; the caller sets the deadline."""
        ...

    def connectors(self) -> list[str]: ...

    def info(self, name: str) -> ConnectorInfo | None: ...

    def tasks(self, name: str) -> list[TaskInfo] | None: ...

    def status(self, name: str) -> ConnectorStatus | None: ...

    def task_status(self, name: str, task: int) -> TaskStatus | None: ...
