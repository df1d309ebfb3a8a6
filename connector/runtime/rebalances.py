"""Partitions that come and go: the client tells the consumer's thread, which waits for the task's part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from connector import logs
from connector.errors import AccessError, RetriableError
from connector.runtime.partitions import from_kafka
from connector.sinks.base import Committed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from confluent_kafka import Consumer
    from confluent_kafka import TopicPartition as KafkaTopicPartition

    from connector.record import TopicPartition
    from connector.runtime.consumer_thread import ConsumerThread
    from connector.sinks.base import OffsetAndMetadata

log = logs.get(__name__)

_REVOKE_COMMITS = 3
"""What is open is announced, what was announced becomes visible, and that is committed: two, and one more."""


class RebalanceListener(Protocol):
    """What a task does when its partitions change, on the event loop, while the consumer's thread waits.

    A revocation is ``revoked`` · commit · ``committed``, as often as there is something new to commit, and
    ``released`` in the end; the task's own deadline ends it sooner.
    """

    async def assigned(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        """Take partitions over; what is committed is told only to those that asked for it.

        Returns:
            Where to read from, for partitions that do not go on at the committed offset.
        """
        ...

    async def revoked(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Finish what is to be finished; the offsets returned are committed."""
        ...

    async def committed(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Kafka took what :meth:`revoked` returned."""
        ...

    async def released(self, partitions: Collection[TopicPartition]) -> None:
        """They are nobody's from now on."""
        ...

    async def lost(self, partitions: Collection[TopicPartition]) -> None: ...


class Rebalances:
    """The client's callbacks.

    Attributes:
        topics: Every one that was ever assigned: a poll may still bring what was fetched before a rebalance.
    """

    def __init__(
        self,
        listener: RebalanceListener,
        thread: ConsumerThread,
        *,
        commit: Callable[[Mapping[TopicPartition, OffsetAndMetadata]], None],
        committed: Callable[[Collection[TopicPartition]], Mapping[TopicPartition, Committed]] | None,
        is_paused: Callable[[], bool],
    ) -> None:
        """No partition yet.

        Args:
            listener: Does the task's part.
            thread: The consumer's, on which the callbacks come.
            commit: Commits what was finished of partitions that go.
            committed: Tells what is committed of partitions that come; None if the listener does not ask.
            is_paused: Whether partitions that come are not to be read yet.
        """
        self.topics: set[str] = set()
        self._listener = listener
        self._thread = thread
        self._commit = commit
        self._committed = committed
        self._is_paused = is_paused

    def on_assign(self, consumer: Consumer, partitions: list[KafkaTopicPartition]) -> None:
        found: Mapping[TopicPartition, Committed] = {from_kafka(each): Committed() for each in partitions}
        if self._committed and partitions:
            found = self._committed(list(found))
        positions = self._thread.wait_for(self._listener.assigned(found))
        self.topics.update(partition.topic for partition in partitions)
        for each in partitions:
            each.offset = positions.get(from_kafka(each), each.offset)
        consumer.incremental_assign(partitions)
        # librdkafka remembers a pause beyond the assignment that it was for: a partition that was lost while
        # paused would come back paused.
        (consumer.pause if self._is_paused() else consumer.resume)(partitions)

    def on_revoke(self, consumer: Consumer, partitions: list[KafkaTopicPartition]) -> None:
        if not partitions:
            return
        revoked = list(map(from_kafka, partitions))
        try:
            for _ in range(_REVOKE_COMMITS):
                offsets = self._thread.wait_for(self._listener.revoked(revoked))
                if not offsets:
                    break
                self._commit(offsets)
                self._thread.wait_for(self._listener.committed(offsets))
        except (AccessError, RetriableError) as error:
            # The next owner goes on from the last commit: nothing is lost.
            log.warning("commit on revocation failed", error=error, partitions=len(partitions))
        self._thread.wait_for(self._listener.released(revoked))
        consumer.incremental_unassign(partitions)

    def on_lost(self, consumer: Consumer, partitions: list[KafkaTopicPartition]) -> None:
        self._thread.wait_for(self._listener.lost(list(map(from_kafka, partitions))))
        consumer.incremental_unassign(partitions)
