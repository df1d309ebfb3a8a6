"""Aiven's MakeTombstone and TombstoneHandler: records whose whole value is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connector import logs
from connector.column import nulls
from connector.config.option import STRING, one_of, required
from connector.config.schema import Config
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from connector.record import RecordBatch

log = logs.get(__name__)

_BEHAVIORS = ("drop_silent", "drop_warn", "fail")


class MakeTombstone(Transform):
    """The value is gone, and its schema with it; a predicate says of which records."""

    columns = frozenset()

    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch.with_columns(values=[None] * len(batch))


class TombstoneHandlerConfig(Config):
    behavior = required(
        "behavior",
        STRING,
        "What becomes of records without a value: drop_silent leaves them out, drop_warn logs that as well,"
        " fail makes them errant.",
        validate=one_of(*_BEHAVIORS, ignore_case=True),
        choices=_BEHAVIORS,
        group="Transform",
    )


class TombstoneHandler(Transform):
    """One line in the log for a batch, however many there are in it."""

    config_class: ClassVar[type[Config]] = TombstoneHandlerConfig
    columns = frozenset({"values"})

    def apply(self, batch: RecordBatch) -> RecordBatch:
        found = nulls(batch.values)
        if not any(found):
            return batch
        behavior = self.config.behavior.lower()
        if behavior == "fail":
            raise ValueError("Tombstone record encountered, failing due to configured 'fail' behavior")
        if behavior == "drop_warn":
            log.warning("tombstones dropped", partition=str(batch.topic_partition), records=sum(found))
        return batch.select([index for index, is_null in enumerate(found) if not is_null])
