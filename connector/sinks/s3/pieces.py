"""The records of one batch, cut into pieces that each belong to one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from connector.record import RecordBatch
    from connector.schema import Schema
    from connector.sinks.s3.grouping import GroupKey


@dataclass(slots=True)
class Piece:
    """Encoded records of one batch that belong to one object."""

    group: GroupKey
    data: Any
    records: RecordBatch
    begins: bool = False
    """The object before it takes no more, by the time of its records."""
    event_ms: int | None = None
    is_appended: bool = False
    breaks: bool = False
    """All objects that are open before it take no more; where they end together."""
    ends: bool = False
    """Nor do those that are open after it."""
    schema: Schema | None = None
    """Of its records, where that ends objects."""


class Part(NamedTuple):
    """Records of one batch that belong to one object."""

    group: GroupKey
    records: RecordBatch
    begins: bool
    event_ms: int | None
    breaks: bool = False
    ends: bool = False
    schema: Schema | None = None

    def pieces(self, encoded: Sequence[tuple[Any, RecordBatch]]) -> Iterator[Piece]:
        """What became of it."""
        last = len(encoded) - 1
        for number, (data, records) in enumerate(encoded):
            begins = self.begins and self.records.offsets[0] == records.offsets[0]
            yield Piece(
                self.group,
                data,
                records,
                begins,
                self.event_ms,
                breaks=self.breaks and number == 0,
                ends=self.ends and number == last,
                schema=self.schema,
            )


class Sizes:
    """How large records were so far; for one thread at a time."""

    def __init__(self) -> None:
        self._records = self._raw_bytes = self._stored_bytes = 0

    def add(self, records: int, raw_bytes: int, stored_bytes: int) -> None:
        self._records += records
        self._raw_bytes += raw_bytes
        self._stored_bytes += stored_bytes

    def per_record(self, read_bytes: float) -> tuple[float, float]:
        """Before and after compression; before anything was written, as they were read."""
        if not self._stored_bytes:
            return read_bytes, read_bytes
        return self._raw_bytes / self._records, self._stored_bytes / self._records


def waves(pieces: Iterable[Piece], most: int) -> Iterator[list[Piece]]:
    """Pieces of different objects side by side, in their order; all that is open ends between waves only."""
    wave: dict[GroupKey, Piece] = {}
    ends = False
    for piece in pieces:
        if wave and (ends or piece.breaks or piece.group in wave or len(wave) >= most):
            yield list(wave.values())
            wave.clear()
        wave[piece.group] = piece
        ends = piece.ends
    if wave:
        yield list(wave.values())
