"""What becomes of records without a value before they reach a format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.column import nulls
from connector.error_codes import ErrorCode
from connector.errors import BatchError, RecordError

if TYPE_CHECKING:
    from connector.record import RecordBatch


def without_nulls(batch: RecordBatch, behavior: str) -> RecordBatch:
    """The batch as a value of ``behavior.on.null.values`` wants it.

    Raises:
        BatchError: With ``fail``, names every record without a value.
    """
    if behavior == "write" or True not in (is_null := nulls(batch.values)):
        return batch
    if behavior == "ignore":
        return batch.select([index for index, null in enumerate(is_null) if not null])
    failure = "Record value is null, and behavior.on.null.values is fail: set it to write or ignore."
    failed = {
        offset: RecordError(failure, stage="TASK_PUT", origin="S3Sink", code=ErrorCode.RECORD_UNFIT)
        for offset, null in zip(batch.offsets, is_null, strict=True)
        if null
    }
    raise BatchError(batch.topic_partition, failed)
