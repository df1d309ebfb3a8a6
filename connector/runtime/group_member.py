"""A task as a member of its consumer group: it joins, reads, leaves, and joins again as somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.runtime.feed import Feed

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from connector.runtime.consumer import TaskConsumer
    from connector.runtime.observer import TaskObserver

GROUP_SECONDS = 5.0
"""What a rebalance under way may take until it is left: others answer it with their heartbeats.

Less than the task has to let go of everything, its ``LEAVE_SECONDS``.
"""


class GroupMember:
    """The consumer and the feed of a task, which last as long as a membership does.

    Attributes:
        is_unsure: A commit was not answered, and may still land; another member's generation keeps it out.
    """

    def __init__(
        self,
        new_consumer: Callable[[], TaskConsumer],
        topics: Sequence[str] | re.Pattern[str],
        observer: TaskObserver,
    ) -> None:
        """Join no group yet.

        Args:
            new_consumer: Makes what reads Kafka, each time that the group is joined.
            topics: What to read.
            observer: Counts.
        """
        self._new_consumer = new_consumer
        self._topics = topics
        self._observer = observer
        self._consumer: TaskConsumer | None = None
        self._feed: Feed | None = None
        self.is_unsure = False

    @property
    def has_joined(self) -> bool:
        return self._feed is not None

    @property
    def consumer(self) -> TaskConsumer:
        if self._consumer is None:
            raise AssertionError("The task has not started")
        return self._consumer

    @property
    def feed(self) -> Feed:
        if self._feed is None:
            raise AssertionError("The task has not started")
        return self._feed

    async def join(self) -> None:
        self._consumer = self._new_consumer()
        await self._consumer.subscribe(self._topics)
        self._feed = Feed(self._consumer, self._observer)

    async def rejoin(self) -> None:
        """As another member, which knows what it has."""
        await self.feed.stop()
        await self.consumer.close(GROUP_SECONDS)
        self.is_unsure = False
        await self.join()

    async def leave(self, remaining_seconds: Callable[[], float]) -> None:
        """Partitions that are still assigned are revoked on the way.

        Args:
            remaining_seconds: What finishing them may take, asked when nothing is read any more.
        """
        if self._feed is not None:
            await self._feed.stop()
        if self._consumer is not None:
            await self._consumer.close(remaining_seconds() + GROUP_SECONDS)
