"""Which offsets of a task were put and which are committed; pure, the consumer does the committing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from connector.record import RecordBatch, TopicPartition


@dataclass(slots=True)
class _Progress:
    epoch: int
    position: int | None = None
    committed: int | None = None
    """What is committed, or where reading began: an offset that says nothing new is not committed."""


class Offsets:
    """Progress of the partitions that this task owns now.

    Invariants: a partition that is not owned accepts nothing; a position never goes back while the
    partition stays owned; nothing beyond the position is ever committed.
    """

    def __init__(self) -> None:
        self._owned: dict[TopicPartition, _Progress] = {}
        self._epochs = count(1)

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(self._owned)

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._owned

    def own(
        self, partitions: Collection[TopicPartition], positions: Mapping[TopicPartition, int] | None = None
    ) -> None:
        """An assignment starts from nothing, also when the partition was here before.

        Args:
            partitions: Those that are assigned.
            positions: Where reading begins, where that is known.
        """
        for partition in partitions:
            position = (positions or {}).get(partition)
            self._owned[partition] = _Progress(next(self._epochs), position)

    def disown(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._owned.pop(partition, None)

    def epoch(self, partition: TopicPartition) -> int | None:
        """The number of the assignment under which the partition is owned; None if it is not."""
        progress = self._owned.get(partition)
        return progress.epoch if progress else None

    def is_reset(self, batch: RecordBatch, epoch: int | None) -> bool:
        """Whether a batch begins before what was put in the same assignment: only a reset does that."""
        progress = self._owned.get(batch.topic_partition)
        if progress is None or progress.epoch != epoch or progress.position is None or not len(batch):
            return False
        return batch.offsets[0] < progress.position

    def restart(self, partition: TopicPartition) -> None:
        """Begin anew within the assignment, wherever the next batch begins."""
        if progress := self._owned.get(partition):
            progress.position = progress.committed = None

    def take(self, batch: RecordBatch, epoch: int | None) -> RecordBatch | None:
        """What of a batch that was polled in this epoch is to be put; it counts as put from now on.

        None if the partition moved away since, even if it is back: the new assignment reads anew from
        what is committed. Never what was put before: librdkafka drops what it fetched under an earlier
        assignment, and this holds even where it does not.
        """
        progress = self._owned.get(batch.topic_partition)
        if progress is None or progress.epoch != epoch:
            return None
        if progress.position is not None and batch.next_offset <= progress.position:
            return None
        if progress.position is not None and len(batch) and batch.offsets[0] < progress.position:
            seen = sum(offset < progress.position for offset in batch.offsets)
            batch = batch.select(range(seen, len(batch)))
        if progress.committed is None and len(batch):
            progress.committed = batch.offsets[0]
        progress.position = batch.next_offset
        return batch

    def to_commit(self, durable: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The offsets that are durable and not yet committed.

        Raises:
            AssertionError: The sink claims records that it was never given; committing would lose them.
        """
        offsets: dict[TopicPartition, int] = {}
        for partition, offset in durable.items():
            progress = self._owned.get(partition)
            if progress is None or progress.position is None:
                continue
            if offset > progress.position:
                raise AssertionError(
                    f"The sink says that {partition} is durable up to {offset},"
                    f" but was given records up to {progress.position} only"
                )
            if progress.committed is None or offset > progress.committed:
                offsets[partition] = offset
        return offsets

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            if progress := self._owned.get(partition):
                progress.committed = offset

    def position(self, partition: TopicPartition) -> int | None:
        progress = self._owned.get(partition)
        return progress.position if progress else None

    def uncommitted(self, partition: TopicPartition) -> int:
        """Offsets put and not committed; 0 before the first batch."""
        progress = self._owned.get(partition)
        if progress is None or progress.position is None or progress.committed is None:
            return 0
        return progress.position - progress.committed
