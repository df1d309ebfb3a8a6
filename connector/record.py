"""Records of one topic-partition as columns; only those that somebody needs are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector.column import JsonColumn, SchemaColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Headers = list[tuple[str, Any]]


class TopicPartition(NamedTuple):
    """A Kafka topic and partition; prints as Kafka prints it."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Record(NamedTuple):
    """One record, for code that must look at records one by one.

    ``timestamp`` is milliseconds since the epoch, or None when the broker has none.
    """

    offset: int
    key: Any
    value: Any
    timestamp: int | None = None
    headers: Headers | None = None


COLUMNS = frozenset({"keys", "values", "timestamps", "headers"})
"""The columns that a batch may have beside its offsets, which are always there."""


class RecordBatch:
    """Records of one topic-partition as columns of equal length, in offset order.

    A batch covers every offset from its first record up to ``next_offset``, which is exclusive:
    offsets in between that have no record were filtered out or never were records (transaction
    markers, compaction). A batch without records is legal and still moves the position.

    Columns are sequences, mostly lists; a converter may leave a ``JsonColumn``. Before conversion keys and
    values are bytes or None, after it plain Python values; a column's schema, where it has one, is one
    object for the whole column.
    """

    __slots__ = ("_columns", "next_offset", "size_bytes", "topic_partition")

    def __init__(
        self,
        topic_partition: TopicPartition,
        columns: Mapping[str, Sequence[Any]],
        next_offset: int,
        size_bytes: int = 0,
    ) -> None:
        """Take columns as they are.

        Args:
            topic_partition: Where all the records are from.
            columns: ``offsets`` and those of ``COLUMNS`` that somebody needs.
            next_offset: Where the next batch begins at the earliest.
            size_bytes: Bytes of the values as they were read; 0 where nobody counted.
        """
        self.topic_partition = topic_partition
        self.next_offset = next_offset
        self.size_bytes = size_bytes
        self._columns = columns

    @classmethod
    def of(cls, topic_partition: TopicPartition, records: Sequence[Record]) -> RecordBatch:
        """A batch out of records, which must not be empty."""
        names = ("offsets", "keys", "values", "timestamps", "headers")
        columns = {name: list(column) for name, column in zip(names, zip(*records, strict=True), strict=True)}
        return cls(topic_partition, columns, records[-1].offset + 1)

    @property
    def keys(self) -> Sequence[Any]:
        return self._column("keys")

    @property
    def values(self) -> Sequence[Any]:
        return self._column("values")

    @property
    def offsets(self) -> Sequence[int]:
        return self._columns["offsets"]

    @property
    def timestamps(self) -> Sequence[int | None]:
        """Milliseconds since the epoch."""
        return self._column("timestamps")

    @property
    def headers(self) -> Sequence[Headers | None]:
        return self._column("headers")

    def has(self, column: str) -> bool:
        """Whether somebody needs this column, so that it was read."""
        return column in self._columns

    def with_columns(self, **columns: Sequence[Any]) -> RecordBatch:
        """The same records with some columns replaced, e.g. ``batch.with_columns(values=decoded)``."""
        return RecordBatch(
            self.topic_partition, {**self._columns, **columns}, self.next_offset, self.size_bytes
        )

    def select(self, indices: Sequence[int]) -> RecordBatch:
        """Only the records at these positions; ``next_offset`` stays, so the others count as filtered."""
        columns = {name: _select(column, indices) for name, column in self._columns.items()}
        return RecordBatch(self.topic_partition, columns, self.next_offset, self.size_bytes)

    def split_at(self, index: int) -> tuple[RecordBatch, RecordBatch]:
        """The records before ``index`` and those from it on; each part covers its own offsets."""
        head, tail = self.select(range(index)), self.select(range(index, len(self)))
        head.next_offset = self.offsets[index]
        return head, tail

    def __len__(self) -> int:
        return len(self.offsets)

    def __iter__(self) -> Iterator[Record]:
        columns = (self.offsets, self.keys, self.values, self.timestamps, self.headers)
        return map(Record._make, zip(*columns, strict=True))

    def __repr__(self) -> str:
        return f"RecordBatch({self.topic_partition}, {len(self)} records, next offset {self.next_offset})"

    def _column(self, name: str) -> Sequence[Any]:
        try:
            return self._columns[name]
        except KeyError:
            raise LookupError(f"The column {name} was not read: name it in Sink.columns") from None


def _select(column: Sequence[Any], indices: Sequence[int]) -> Sequence[Any]:
    if isinstance(column, JsonColumn | SchemaColumn):
        return column.select(indices)
    if isinstance(indices, range) and indices.step == 1:
        return column[indices.start : indices.stop]
    return [column[index] for index in indices]
