"""A batch on its way to entries: which records are left, and what became of the others.

A sink asks for the bodies first. Records without one are then gone from the draft, so that nothing else that
may be wrong with them counts; whoever fails keeps its place, with the first reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.error_codes import ErrorCode
from connector.errors import RecordError
from connector.sinks.dispatch import Order, Prepared
from connector.sinks.messaging.expression import KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch
    from connector.sinks.messaging.expression import Expression

    Column = Sequence[str | None]

NULL_VALUE, TOO_LARGE = "null_value", "too_large"
"""Why records are passed over."""
_WHOLE_PARTITION = ""
"""Order is kept within a partition only, so that the key of all its records may be any constant."""


class Draft:
    """One batch; ``origin`` is the class that errant records name.

    Attributes:
        batch: The records that are left; positions are those in it.
        prepared: What has become of the others.
    """

    __slots__ = ("_origin", "batch", "prepared")

    def __init__(self, batch: RecordBatch, origin: str) -> None:
        self.batch = batch
        self.prepared = Prepared()
        self._origin = origin

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these records only."""
        if len(positions) < len(self.batch):
            self.batch = self.batch.select(positions)

    def fail(self, position: int, fault: str) -> None:
        """This record can never be sent; the first reason counts."""
        error = RecordError(fault, stage="TASK_PUT", origin=self._origin, code=ErrorCode.RECORD_UNFIT)
        self.prepared.failed.setdefault(self.batch.offsets[position], error)

    def has_failed(self, position: int) -> bool:
        failed = self.prepared.failed
        return bool(failed) and self.batch.offsets[position] in failed

    def texts(self, option: str, expression: Expression | None) -> Column:
        """The text of each record; one whose value is no JSON fails alone, for the sake of ``option``."""
        if expression is None:
            return [None] * len(self.batch)
        texts, faults = expression.render_each(self.batch)
        for position, fault in faults.items():
            self.fail(position, f"{option}: {fault}")
        return texts

    def order_keys(self, order: Order) -> Column:
        """Of a service that knows no order of its own."""
        match order:
            case Order.KEY:
                return KEY.render(self.batch)
            case Order.PARTITION:
                return [_WHOLE_PARTITION] * len(self.batch)
        return [None] * len(self.batch)
