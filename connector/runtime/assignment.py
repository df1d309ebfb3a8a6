"""The partitions that are a task's: taken over, finished, released or lost, and begun anew while they stay.

Rebalances are told by the consumer, whose thread waits meanwhile. Partitions that stay begin anew when their
topic was made again, and when a sink of two phases asks for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from connector.record import TopicPartition
    from connector.runtime.commits import Commits
    from connector.runtime.consumer import TaskConsumer
    from connector.runtime.observer import TaskObserver
    from connector.runtime.offsets import Offsets
    from connector.runtime.waiting import Waiting
    from connector.sinks.base import Committed, OffsetAndMetadata, Sink, TwoPhase

log = logs.get(__name__)

PREPARE_SECONDS = 5.0
"""Beyond the graceful timeout, for the commit of what was finished within it."""


class Assignment:
    """Keeps offsets, sink and commits in step; the consumer's listener, and what the sink's context asks."""

    def __init__(
        self,
        sink: Sink,
        offsets: Offsets,
        commits: Commits,
        observer: TaskObserver,
        waiting: Waiting,
        *,
        consumer: Callable[[], TaskConsumer],
    ) -> None:
        """Own nothing yet.

        Args:
            sink: Opens, closes and drops partitions.
            offsets: Which partitions are owned, and since when.
            commits: The one place from which the task commits.
            observer: Counts.
            waiting: Knows how long a revocation may take.
            consumer: The task's, which may be another one after a while.
        """
        self._sink = sink
        self._offsets = offsets
        self._commits = commits
        self._observer = observer
        self._waiting = waiting
        self._consumer = consumer
        self._revoking: set[TopicPartition] = set()
        self._is_abandoned = False

    def abandon(self) -> None:
        """The task has failed: partitions go as they are, and nothing more of them is committed."""
        self._is_abandoned = True

    # ---- rebalances: called while the consumer's thread waits ----

    async def assigned(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        self._observer.rebalanced("assigned", partitions)
        return self._own(partitions)

    def _own(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        two_phase = self._sink.two_phase
        if two_phase is None:
            self._offsets.own(partitions)
            self._sink.open(partitions)
            return {}
        positions = two_phase.resume(partitions)
        self._offsets.own(partitions, {where: at for where, at in positions.items() if at >= 0})
        return positions

    async def revoked(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """What can be finished before the deadline is committed; the rest is read again elsewhere."""
        if self._revoking.isdisjoint(partitions):
            self._revoking.update(partitions)
            self._observer.rebalanced("revoked", partitions)
        if self._is_abandoned:
            return {}
        offsets: Mapping[TopicPartition, OffsetAndMetadata] = {}
        try:
            async with asyncio.timeout(self._waiting.remaining_seconds()):
                await self._waiting.unless_failed(self._sink.close(partitions))
        except TimeoutError:
            log.warning("not everything was finished in time; it will be read again")
        except Exception as error:  # noqa: BLE001 - the partitions go, whatever the sink says
            log.warning("closing partitions failed; they will be read again", error=error)
        try:
            async with asyncio.timeout(self._waiting.remaining_seconds() + PREPARE_SECONDS):
                offsets = await self._waiting.unless_failed(self._commits.to_commit(partitions))
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("nothing is committed of the partitions", error=error)
        return {} if self._waiting.has_failed else offsets

    async def committed(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        await self._commits.accepted(offsets)
        if two_phase := self._sink.two_phase:
            try:
                async with asyncio.timeout(self._waiting.remaining_seconds()):
                    await self._waiting.unless_failed(two_phase.settle(list(offsets)))
            except Exception as error:  # noqa: BLE001 - whoever comes next does it
                log.warning("left to the next owner", error=error)

    async def released(self, partitions: Collection[TopicPartition]) -> None:
        self._revoking.difference_update(partitions)
        await self._forget(partitions)

    async def lost(self, partitions: Collection[TopicPartition]) -> None:
        self._observer.rebalanced("lost", partitions)
        await self._forget(partitions)

    async def forget_all(self) -> None:
        """What is owned is owned no more, and was not committed."""
        await self._forget(list(self._offsets))

    async def _forget(self, partitions: Collection[TopicPartition]) -> None:
        self._offsets.disown(partitions)
        self._observer.forget(partitions)
        await self._sink.drop(partitions)

    # ---- partitions that stay, and whose offsets went back ----

    async def begin_anew(self, partition: TopicPartition) -> None:
        """The topic was made again, or truncated."""
        log.warning("partition begins anew: made again or truncated", at=str(partition))
        if self._sink.two_phase:
            await self._waiting.finish(self._renew(partition, self._sink.two_phase))
            return
        self._offsets.restart(partition)
        await self._waiting.finish(self._close([partition]))
        await self._sink.drop([partition])
        self._sink.open([partition])

    async def _close(self, partitions: Collection[TopicPartition]) -> None:
        """Finish and commit what is put; while the partitions stay."""
        await self._sink.close(partitions)
        await self._commits.commit()

    async def _renew(self, partition: TopicPartition, two_phase: TwoPhase) -> None:
        """No commit comes in between that says something of the earlier topic."""
        async with self._commits.lock:
            epoch = self._offsets.epoch(partition)
            now = await self._committed(partition)
            if self._offsets.epoch(partition) == epoch:
                self._offsets.restart(partition)
                await two_phase.renew(partition, now.topic_id)

    # ---- what a two-phase sink may ask for ----

    def request_commit(self) -> None:
        self._commits.request()

    async def restart_partition(self, partition: TopicPartition) -> None:
        async with self._commits.lock:
            if partition not in self._offsets:
                return
            self._offsets.own([partition])
            epoch = self._offsets.epoch(partition)
            await self._sink.drop([partition])
            committed = await self._committed(partition)

            async def begin() -> int | None:
                return self._own({partition: committed}).get(partition)

            await self._consumer().seek(partition, lambda: self._offsets.epoch(partition) == epoch, begin)

    async def rewind_partition(self, partition: TopicPartition, offset: int) -> None:
        async with self._commits.lock:
            if partition not in self._offsets:
                return
            epoch = self._offsets.epoch(partition)

            async def begin() -> int:
                self._offsets.own([partition], {partition: offset})
                return offset

            await self._consumer().seek(partition, lambda: self._offsets.epoch(partition) == epoch, begin)

    async def _committed(self, partition: TopicPartition) -> Committed:
        return await self._waiting.retrying("committed", lambda: self._consumer().committed(partition))
