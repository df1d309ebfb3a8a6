"""What happens to records that can never succeed: dead letter queue, then stop, or skip and count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from connector import logs, metrics
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config.connector import ConnectorConfig
    from connector.errors import RecordError
    from connector.record import RecordBatch, TopicPartition
    from connector.runtime.dead_letters import DeadLetterQueue

log = logs.get(__name__)

_LOG_SECONDS = 1.0
STAGES = ("KEY_CONVERTER", "VALUE_CONVERTER", "HEADER_CONVERTER", "TRANSFORMATION", "TASK_PUT")


class ToleranceExceededError(ConnectorError):
    """A record can never succeed and errors.tolerance is none; has the code of the record's own error."""


class ErrantRecords:
    """Decides by ``errors.tolerance``; every errant record is counted, none is dropped in silence."""

    def __init__(
        self, config: ConnectorConfig, task: int, dead_letters: DeadLetterQueue | None = None
    ) -> None:
        self._config = config
        self.dead_letters = dead_letters
        self._labels = (config.name, str(task))
        if config.errors_tolerance == "all":
            # The first one would not be seen as an increase of what was not there.
            for stage in STAGES:
                metrics.RECORDS_SKIPPED.labels(*self._labels, stage)
        self._next_log = float("-inf")
        self._unlogged = 0

    async def report(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        """Deal with the records at these offsets; when this returns, offsets beyond them may be committed.

        Raises:
            ToleranceExceededError: With ``errors.tolerance=none``.
            RetriableError: They could not be put into the dead letter queue yet.
            DeadLetterError: They never can be.
        """
        if self.dead_letters:
            await self.dead_letters.put(partition, failed)
        tolerant = self._config.errors_tolerance == "all"
        for offset, error in failed.items():
            self._report(partition, offset, error, tolerant=tolerant)
        if not tolerant:
            offset, error = next(iter(failed.items()))
            raise ToleranceExceededError(
                f"Tolerance exceeded in error handler: record {partition} at offset {offset},"
                f" stage {error.stage}, class {error.origin}: {error}"
                " Mend or skip the record, or set errors.tolerance=all to skip such records.",
                code=error.code,
            ) from error

    def _report(self, partition: TopicPartition, offset: int, error: RecordError, *, tolerant: bool) -> None:
        if tolerant:
            metrics.RECORDS_SKIPPED.labels(*self._labels, error.stage).inc()
        if self._is_told(tolerant=tolerant):
            log.error(
                "errant record",
                topic=partition.topic,
                partition=partition.partition,
                offset=offset,
                stage=error.stage,
                origin=error.origin,
                error=error,
                skipped=tolerant,
                unlogged_before=self._unlogged,
            )
            self._unlogged = 0
        else:
            self._unlogged += 1

    def _is_told(self, *, tolerant: bool) -> bool:
        """Each one if that is asked for; else, since a topic may hold nothing else, one a second."""
        if self._config.errors_log_enable or not tolerant:
            return True
        now = time.monotonic()
        if now < self._next_log:
            return False
        self._next_log = now + _LOG_SECONDS
        return True


def without(batch: RecordBatch, failed: Mapping[int, RecordError]) -> RecordBatch:
    """The batch without the records at these offsets."""
    return batch.select([index for index, offset in enumerate(batch.offsets) if offset not in failed])
