"""Records of one topic-partition as columns, each extracted at most once and only if somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from connector.column import JsonColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


class Columns(Protocol):
    """Where a batch gets a column that nobody has asked for yet."""

    def keys(self) -> list[Any]: ...
    def values(self) -> list[Any]: ...
    def offsets(self) -> list[int]: ...
    def timestamps(self) -> list[int | None]: ...
    def headers(self) -> list[Headers | None]: ...
    def first_offset(self) -> int: ...
    def __len__(self) -> int: ...
    def select(self, indices: Sequence[int]) -> Columns: ...


class RecordColumns:
    """Columns out of plain records; what tests and third parties build batches from."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def keys(self) -> list[Any]:
        return [record.key for record in self._records]

    def values(self) -> list[Any]:
        return [record.value for record in self._records]

    def offsets(self) -> list[int]:
        return [record.offset for record in self._records]

    def timestamps(self) -> list[int | None]:
        return [record.timestamp for record in self._records]

    def headers(self) -> list[Headers | None]:
        return [record.headers for record in self._records]

    def first_offset(self) -> int:
        return self._records[0].offset

    def __len__(self) -> int:
        return len(self._records)

    def select(self, indices: Sequence[int]) -> RecordColumns:
        return RecordColumns([self._records[index] for index in indices])


class RecordBatch:
    """Records of one topic-partition, in offset order.

    A batch covers every offset from its first record up to ``next_offset``, which is exclusive:
    offsets in between that have no record were filtered out or never were records (transaction
    markers, compaction). A batch without records is legal and still moves the position.

    Columns are of equal length; they are lists, except where a converter left a ``JsonColumn``. Before
    conversion keys and values are bytes or None, after it plain Python values; a column's schema, where
    it has one, is one object for the whole column.
    """

    __slots__ = ("_columns", "_source", "next_offset", "size_bytes", "topic_partition")

    def __init__(self, topic_partition: TopicPartition, source: Columns, next_offset: int) -> None:
        self.topic_partition = topic_partition
        self.next_offset = next_offset
        self.size_bytes = 0
        """Bytes of the values as they were read; 0 where nobody counted."""
        self._source = source
        self._columns: dict[str, Any] = {}

    @classmethod
    def of(cls, topic_partition: TopicPartition, records: Sequence[Record]) -> RecordBatch:
        """A batch out of records, which must not be empty."""
        return cls(topic_partition, RecordColumns(records), records[-1].offset + 1)

    @property
    def keys(self) -> Sequence[Any]:
        return self._column("keys")

    @property
    def values(self) -> Sequence[Any]:
        return self._column("values")

    @property
    def offsets(self) -> list[int]:
        return self._column("offsets")

    @property
    def timestamps(self) -> list[int | None]:
        """Milliseconds since the epoch."""
        return self._column("timestamps")

    @property
    def headers(self) -> list[Headers | None]:
        return self._column("headers")

    @property
    def first_offset(self) -> int:
        """The offset of the first record; the batch must not be empty."""
        return self.offsets[0] if "offsets" in self._columns else self._source.first_offset()

    def with_columns(self, **columns: Sequence[Any]) -> RecordBatch:
        """The same records with some columns replaced, e.g. ``batch.with_columns(values=decoded)``."""
        batch = RecordBatch(self.topic_partition, self._source, self.next_offset)
        batch._columns = {**self._columns, **columns}
        return batch

    def select(self, indices: Sequence[int]) -> RecordBatch:
        """Only the records at these positions; ``next_offset`` stays, so the others count as filtered."""
        batch = RecordBatch(self.topic_partition, self._source.select(indices), self.next_offset)
        batch._columns = {name: _select(column, indices) for name, column in self._columns.items()}
        return batch

    def split_at(self, index: int) -> tuple[RecordBatch, RecordBatch]:
        """The records before ``index`` and those from it on; each part covers its own offsets."""
        head, tail = self.select(range(index)), self.select(range(index, len(self)))
        head.next_offset = self.offsets[index]
        return head, tail

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Record]:
        columns = (self.offsets, self.keys, self.values, self.timestamps, self.headers)
        return map(Record._make, zip(*columns, strict=True))

    def __repr__(self) -> str:
        return f"RecordBatch({self.topic_partition}, {len(self)} records, next offset {self.next_offset})"

    def _column(self, name: str) -> list[Any]:
        column: list[Any] | None = self._columns.get(name)
        if column is None:
            column = self._columns[name] = getattr(self._source, name)()
        return column


def _select(column: Sequence[Any], indices: Sequence[int]) -> Sequence[Any]:
    if isinstance(column, JsonColumn):
        return column.select(indices)
    return [column[index] for index in indices]
