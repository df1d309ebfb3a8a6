"""What a poll brings, as batches: messages of a client, sorted by partition and read column by column."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import confluent_kafka

from connector.record import COLUMNS, RecordBatch, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

Message: Any = confluent_kafka.Message
"""Untyped: the stubs say None where a consumed message always has a value."""


def split(
    messages: Sequence[Message], columns: Collection[str] = COLUMNS, *, one_topic: bool = False
) -> list[RecordBatch]:
    """One batch per topic-partition: messages come in runs of one partition, and runs are joined.

    The columns are read here and the messages let go, on the thread that made them: later, from another
    one, letting go of a million messages takes longer than reading them.

    Args:
        messages: What a poll brought.
        columns: The columns that somebody needs.
        one_topic: All are of the topic of the first; saves looking.
    """
    found: dict[TopicPartition, list[Message]] = {}
    start = 0
    for partition, count in _runs(messages, one_topic=one_topic):
        found.setdefault(partition, []).extend(messages[start : start + count])
        start += count
    return [_batch(partition, run, columns) for partition, run in found.items()]


def _runs(messages: Sequence[Message], *, one_topic: bool) -> Iterator[tuple[TopicPartition, int]]:
    partitions = map(Message.partition, messages)
    if one_topic:
        topic = messages[0].topic()
        for number, run in groupby(partitions):
            yield TopicPartition(topic, number), len(list(run))
    else:
        for label, pairs in groupby(zip(map(Message.topic, messages), partitions, strict=True)):
            yield TopicPartition(*label), len(list(pairs))


def _batch(partition: TopicPartition, run: Sequence[Message], columns: Collection[str]) -> RecordBatch:
    values = list(map(Message.value, run))
    found: dict[str, Sequence[Any]] = {"offsets": _offsets(run), "values": values}
    for name in columns:
        if name not in found:
            found[name] = _READERS[name](run)
    return RecordBatch(partition, found, run[-1].offset() + 1, _size_bytes(found))


def _size_bytes(columns: Mapping[str, Sequence[Any]]) -> int:
    """What Kafka brought, of the columns that were read: the others were let go."""
    found = sum(map(len, filter(None, columns["values"]))) + sum(
        map(len, filter(None, columns.get("keys", ())))
    )
    for headers in filter(None, columns.get("headers", ())):
        found += sum([len(name) + len(value or b"") for name, value in headers])
    return found


def _offsets(run: Sequence[Message]) -> Sequence[int]:
    first, last = run[0].offset(), run[-1].offset()
    if last - first + 1 == len(run):
        return range(first, last + 1)
    return list(map(Message.offset, run))


def _timestamps(run: Sequence[Message]) -> list[int | None]:
    # The kind is 0, TIMESTAMP_NOT_AVAILABLE, for records of very old producers.
    return [stamp if kind else None for kind, stamp in map(Message.timestamp, run)]


_READERS: dict[str, Callable[[Sequence[Message]], list[Any]]] = {
    "keys": lambda run: list(map(Message.key, run)),
    "timestamps": _timestamps,
    "headers": lambda run: list(map(Message.headers, run)),
}
