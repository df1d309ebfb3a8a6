"""Kafka's Filter: drops every record it is given, so a predicate decides which those are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.transforms.base import Transform

if TYPE_CHECKING:
    from connector.record import RecordBatch


class Filter(Transform):
    """Leaves a batch without records, which still moves the position past them."""

    columns = frozenset()

    def apply(self, batch: RecordBatch) -> RecordBatch:
        return batch.select([])
