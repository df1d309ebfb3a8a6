"""Records of one topic-partition as columns; only those that somebody needs are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector.column import JsonColumn, SchemaColumn, interleaved

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
_TOPICS = "topics"
"""The column of a batch whose records go by several names."""


class RecordBatch:
    """Records of one topic-partition as columns of equal length, in offset order.

    A batch covers every offset from its first record up to ``next_offset``, which is exclusive:
    offsets in between that have no record were filtered out or never were records (transaction
    markers, compaction). A batch without records is legal and still moves the position.

    ``topic`` is the name that the records go by, and what sinks show and look destinations up by; a transform
    may have changed it. ``topic_partition`` is where they were read and never changes: offsets are its.

    Columns are sequences, mostly lists; a converter may leave a ``JsonColumn``. Before conversion keys and
    values are bytes or None, after it plain Python values; a column's schema, where it has one, is one
    object for the whole column.
    """

    __slots__ = ("_columns", "next_offset", "size_bytes", "topic", "topic_partition")

    def __init__(
        self,
        topic_partition: TopicPartition,
        columns: Mapping[str, Sequence[Any]],
        next_offset: int,
        size_bytes: int = 0,
        *,
        topic: str | None = None,
    ) -> None:
        """Take columns as they are.

        Args:
            topic_partition: Where all the records are from.
            columns: ``offsets`` and those of ``COLUMNS`` that somebody needs.
            next_offset: Where the next batch begins at the earliest.
            size_bytes: Bytes as they were read, of values and, where somebody needs these columns, of keys
                and headers; 0 where nobody counted.
            topic: The name the records go by, if it is another than that of the topic they are from.
        """
        self.topic_partition = topic_partition
        self.topic = topic_partition.topic if topic is None else topic
        self.next_offset = next_offset
        self.size_bytes = size_bytes
        self._columns = columns

    @classmethod
    def of(cls, topic_partition: TopicPartition, records: Sequence[Record]) -> RecordBatch:
        """A batch out of records, which must not be empty."""
        names = ("offsets", "keys", "values", "timestamps", "headers")
        columns = {name: list(column) for name, column in zip(names, zip(*records, strict=True), strict=True)}
        return cls(topic_partition, columns, records[-1].offset + 1)

    @classmethod
    def interleaved(cls, one: RecordBatch, other: RecordBatch) -> RecordBatch:
        """The records of two parts of a batch, in offset order; columns that one part lacks are left out."""
        offsets = [*one.offsets, *other.offsets]
        order = sorted(range(len(offsets)), key=offsets.__getitem__)
        names = (one._columns.keys() & other._columns.keys()) - {_TOPICS}
        columns = {name: interleaved(one._columns[name], other._columns[name], order) for name in names}
        batch = one._with(columns)
        if one.has_one_topic and other.has_one_topic and one.topic == other.topic:
            return batch
        return batch.renamed(interleaved(one.topics, other.topics, order))

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

    @property
    def topics(self) -> Sequence[str]:
        """The name that each record goes by; more than one only between transforms, see :meth:`by_topic`."""
        return self._columns.get(_TOPICS) or [self.topic] * len(self)

    @property
    def has_one_topic(self) -> bool:
        return _TOPICS not in self._columns

    def has(self, column: str) -> bool:
        """Whether somebody needs this column, so that it was read."""
        return column in self._columns

    def with_columns(self, **columns: Sequence[Any]) -> RecordBatch:
        """The same records with some columns replaced, e.g. ``batch.with_columns(values=decoded)``."""
        return self._with({**self._columns, **columns})

    def renamed(self, topics: str | Sequence[str]) -> RecordBatch:
        """The same records under another name, or each under its own."""
        columns = {name: column for name, column in self._columns.items() if name != _TOPICS}
        if not isinstance(topics, str):
            if len(set(topics)) > 1:
                return self._with({**columns, _TOPICS: topics})
            topics = topics[0] if topics else self.topic
        batch = self._with(columns)
        batch.topic = topics
        return batch

    def by_topic(self) -> list[RecordBatch]:
        """Batches of one topic each, in offset order; together they cover what this one covers.

        A batch begins wherever the name changes, and not once per name: a sink may count on offsets that
        only grow.
        """
        topics = self._columns.get(_TOPICS)
        if topics is None:
            return [self]
        if not topics:  # a filter has left no record
            return [self.renamed(self.topic)]
        starts = [0, *(index for index in range(1, len(topics)) if topics[index] != topics[index - 1])]
        parts = []
        for start, end in zip(starts, [*starts[1:], len(topics)], strict=True):
            part = self.select(range(start, end)).renamed(topics[start])
            part.next_offset = self.offsets[end] if end < len(topics) else self.next_offset
            part.size_bytes = self.size_bytes * (end - start) // len(topics)
            parts.append(part)
        return parts

    def select(self, indices: Sequence[int]) -> RecordBatch:
        """Only the records at these positions; ``next_offset`` stays, so the others count as filtered."""
        columns = {name: _select(column, indices) for name, column in self._columns.items()}
        return self._with(columns)

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

    def _with(self, columns: Mapping[str, Sequence[Any]]) -> RecordBatch:
        return RecordBatch(self.topic_partition, columns, self.next_offset, self.size_bytes, topic=self.topic)

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
