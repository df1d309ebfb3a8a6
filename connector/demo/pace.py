"""How far the producer may run ahead: the embedded Kafka keeps 5 MiB per partition and drops the oldest.

Pure: what was produced and what is committed come in, the room that is left goes out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.demo.events import Message

LIMIT_BYTES = 4 * 1024 * 1024
"""Of 5 MiB, which librdkafka counts with its own headers."""
RECORD_OVERHEAD_BYTES = 24
"""More than the record format v2 adds to a key and a value."""


def partition_of(key: bytes, partitions: int) -> int:
    """As librdkafka's ``consistent`` partitioner."""
    return crc32(key) % partitions


class PartitionPace:
    """What one partition holds that is not committed yet."""

    def __init__(self) -> None:
        self.outstanding_bytes = 0
        self.end_offset = 0
        self._batches: deque[tuple[int, int]] = deque()

    def produced(self, records: int, size_bytes: int) -> None:
        self.end_offset += records
        self.outstanding_bytes += size_bytes
        self._batches.append((self.end_offset, size_bytes))

    def committed(self, offset: int) -> None:
        """Everything below ``offset`` is delivered and may be dropped; a batch counts until its end is."""
        while self._batches and self._batches[0][0] <= offset:
            self.outstanding_bytes -= self._batches.popleft()[1]


class Pace:
    """What all partitions of the topic hold."""

    def __init__(self, partitions: int) -> None:
        self._partitions = [PartitionPace() for _ in range(partitions)]

    def sort(self, messages: Iterable[Message]) -> list[list[Message]]:
        """Messages by partition; they count as produced from here on."""
        sorted_: list[list[Message]] = [[] for _ in self._partitions]
        for message in messages:
            sorted_[partition_of(message.key, len(sorted_))].append(message)
        for pace, found in zip(self._partitions, sorted_, strict=True):
            size = sum(message.size_bytes + RECORD_OVERHEAD_BYTES for message in found)
            if found:
                pace.produced(len(found), size)
        return sorted_

    def committed(self, offsets: Mapping[int, int]) -> None:
        for partition, offset in offsets.items():
            self._partitions[partition].committed(offset)

    def has_room(self, size_bytes: int) -> bool:
        """Whether ``size_bytes`` fit, even if all of them went to the fullest partition."""
        fullest = max(pace.outstanding_bytes for pace in self._partitions)
        return fullest + size_bytes <= LIMIT_BYTES
