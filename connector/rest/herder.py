"""The herder, Kafka Connect's word for what knows all connectors and answers the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.cluster.info import ConnectorInfo, TaskInfo
    from connector.cluster.logger_level import LoggerLevel
    from connector.cluster.offset import OffsetEntry, PartitionOffset
    from connector.cluster.status import ConnectorStatus, TaskStatus
    from connector.config.info import ConfigInfos, SubmittedConfig
    from connector.runtime.state import TargetState


class Herder(Protocol):
    """What REST asks of whoever runs connectors, alone or with others.

    **Reads** are plain methods: they answer from what the worker knows at this moment, and neither wait nor
    fail. They give None for a connector (or task) that is not there.

    **Changes** are coroutines. They return once the change is acknowledged (it survives this worker, and
    the reads of this worker show it), not when tasks have followed it. They raise
    :mod:`connector.cluster.request_error`, of which every one names Connect's status; a caller that stops
    waiting stops nothing that has begun. Those with a ``name`` raise ``NotFoundError`` for a connector that
    is not there, and in a cluster ``RebalanceError`` where they cannot be done just now.
    """

    # ---- the worker ----

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

    # ---- reads ----

    def connectors(self) -> list[str]: ...

    def info(self, name: str) -> ConnectorInfo | None: ...

    def tasks(self, name: str) -> list[TaskInfo] | None: ...

    def status(self, name: str) -> ConnectorStatus | None: ...

    def task_status(self, name: str, task: int) -> TaskStatus | None: ...

    def topics(self, name: str) -> list[str]:
        """Those that tasks have read records of since the last reset (KIP-558).

        None at all for a connector that is not there. Whether topics are tracked is up to REST.
        """
        ...

    # ---- configs ----

    async def validate(self, config: SubmittedConfig) -> ConfigInfos:
        """Check a config that is not stored; faults of options are in the answer.

        Raises:
            BadRequestError: No ``connector.class``, or none that is installed.
        """
        ...

    async def create(
        self, name: str, config: SubmittedConfig, initial_state: TargetState | None = None
    ) -> ConnectorInfo:
        """Store a new connector, whose config holds ``name`` already.

        Args:
            name: Not empty, else as submitted.
            config: Its ``name`` equals ``name``; REST has seen to that.
            initial_state: STARTED if None.

        Raises:
            BadRequestError: The config is at fault; this is found before the next.
            ExistsError: There is one of this name.
        """
        ...

    async def put_config(self, name: str, config: SubmittedConfig) -> tuple[ConnectorInfo, bool]:
        """Replace a config, or create the connector; whether it is new is the second of the answer.

        The target state stays as it is.

        Raises:
            BadRequestError: The config is at fault.
        """
        ...

    async def patch_config(self, name: str, patch: SubmittedConfig) -> ConnectorInfo:
        """Change the keys in ``patch``, and remove those that are null there (KIP-477).

        Raises:
            BadRequestError: The config would be at fault.
        """
        ...

    async def delete(self, name: str) -> None:
        """Forget the connector; its tasks end for good, its offsets stay."""
        ...

    # ---- what runs ----

    async def set_target_state(self, name: str, state: TargetState) -> None:
        """Pause, resume or stop; the same twice is fine."""
        ...

    async def restart(self, name: str, *, include_tasks: bool, only_failed: bool) -> ConnectorStatus | None:
        """Start instances of the connector anew (KIP-745).

        With neither flag only the connector itself, whatever its state, and the answer is None. Else: the
        connector, and with ``include_tasks`` its tasks; with ``only_failed`` those of them that failed.
        The answer is the status in which those that are due are ``RESTARTING`` already.
        """
        ...

    async def restart_task(self, name: str, task: int) -> None:
        """Start one task anew, whatever its state.

        Raises:
            NotFoundError: There is no such task.
        """
        ...

    async def reset_topics(self, name: str) -> None:
        """Forget which topics were read; of a connector that is not there, too."""
        ...

    # ---- offsets ----

    async def offsets(self, name: str) -> Sequence[PartitionOffset]:
        """What the connector's consumer group has committed."""
        ...

    async def alter_offsets(self, name: str, entries: Sequence[OffsetEntry]) -> bool:
        """Commit other offsets, whose metadata are empty: they end what a sink's ledger has open (KIP-875).

        Args:
            name: Of a connector whose target state is STOPPED and which has no tasks left.
            entries: At least one; the last of a partition counts.

        Returns:
            Whether the sink has confirmed that nothing else keeps offsets.

        Raises:
            BadRequestError: The connector is not stopped, or an entry is no partition or offset.
            FailedError: Kafka did not take it, or tasks that should be gone are in the group.
        """
        ...

    async def reset_offsets(self, name: str) -> bool:
        """Delete the consumer group; as :meth:`alter_offsets`, and no group is fine."""
        ...

    # ---- logs ----

    def loggers(self) -> Mapping[str, LoggerLevel]:
        """The loggers of this worker by name, ``root`` among them."""
        ...

    async def set_level(self, logger: str, level: str) -> list[str]:
        """Set a logger's level, and that of those below it, on this worker.

        Returns:
            The loggers whose level this changed, sorted.

        Raises:
            NotFoundError: There is no such level.
        """
        ...

    async def set_cluster_level(self, logger: str, level: str) -> None:
        """As :meth:`set_level`, on every worker of the cluster."""
        ...
