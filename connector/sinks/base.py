"""The sink contract: a sink owns its destination; polling, offsets, retries and time are the runtime's.

A sink that writes a batch and then knows it is stored needs :class:`WriteThroughSink` (or, with a
blocking client, :class:`BlockingSink`) and nothing else. ``connector.testing.contract`` checks any of them.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, TypeVar, runtime_checkable

from connector.config.schema import Config
from connector.record import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
    from typing import Any

    from connector.check import Checklist
    from connector.errors import Problem, RecordError, RetriableError
    from connector.record import RecordBatch, TopicPartition

T = TypeVar("T")


class OffsetAndMetadata(NamedTuple):
    """A committed offset and the string that Kafka keeps with it, written in one go."""

    offset: int
    metadata: str = ""


BEGINNING = -2
"""The first offset that there is, whatever is committed; librdkafka's number for it."""


class Committed(NamedTuple):
    """What Kafka says of a partition when it is assigned.

    Attributes:
        found: None if nothing is committed.
        topic_id: Of the topic as it is now; empty where the broker does not tell.
    """

    found: OffsetAndMetadata | None = None
    topic_id: str = ""


class SinkContext(Protocol):
    """What the runtime lends to one task's sink."""

    @property
    def connector(self) -> str: ...
    @property
    def task(self) -> int: ...
    @property
    def topics(self) -> Sequence[str]:
        """The connector's topics; none if it has only a pattern of them."""
        ...

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run ``work`` beside the data path; if it fails, the task fails, without committing."""
        ...

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Run CPU work off the event loop; worth it above about a tenth of a millisecond."""
        ...

    def delivered(self, records: int, size_bytes: int) -> None:
        """Count records that became durable, and the bytes that it took at the destination."""
        ...

    def retried(self, operation: str, error: RetriableError) -> None:
        """Count one retry that the sink makes on its own; logged once a second for each operation."""
        ...

    def passed_over(self, reason: str, records: int) -> None:
        """Count records that are not delivered because the config says so; ``reason`` is of a closed set."""
        ...

    @property
    def ends_for_good(self) -> bool:
        """The connector is stopped, deleted or changed: what is open is to be finished, not left open."""
        ...

    def request_commit(self) -> None:
        """Ask for a commit soon; of two-phase sinks only."""
        ...

    def restart(self, partition: TopicPartition) -> None:
        """Begin the assignment of a partition again from what is committed, soon; of two-phase sinks only."""
        ...

    async def rewind(self, partition: TopicPartition, offset: int) -> None:
        """Read a partition again from this offset; batches that were read before do not come any more."""
        ...

    async def errant(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        """Records that were put and turn out to be undeliverable, by offset (KIP-610).

        When this returns, the runtime has dealt with them, and the sink counts them as delivered.

        Raises:
            ConnectorError: They may not be left out; the task ends without committing them.
        """
        ...


@runtime_checkable
class Checkable(Protocol):
    """A sink that can tell beforehand whether it would work; ``connector aws check`` asks it to."""

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        """What to find out, without anything that stays at the destination.

        Args:
            context: Of a task that does not run.
            topics: The connector's topics; none if it has only a pattern of them.
        """
        ...


@runtime_checkable
class OffsetListener(Protocol):
    """A sink that has something to tidy up when somebody changes committed offsets over REST (KIP-875)."""

    async def offsets_moved(
        self, context: SinkContext, former: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> None:
        """The connector is stopped, and what was committed is replaced or gone.

        Args:
            context: Of a task that does not run.
            former: What was committed for the partitions that changed.
        """
        ...


class TwoPhase(Protocol):
    """A sink whose commit record is Kafka's own: an offset and a string, in one write.

    The sink prepares, Kafka commits, and only what Kafka has accepted becomes visible. So ``accepted`` is
    the only place from which anything irreversible may follow, and a sink whose partitions are dropped
    forgets what it has prepared: the next owner goes on from what is committed.
    """

    def resume(self, committed: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        """Take partitions over, instead of ``open``.

        Returns:
            Where to read from, for those that do not go on as any consumer would; ``BEGINNING`` is legal.

        Raises:
            ConnectorError: What is committed cannot be read; says what to do.
        """
        ...

    async def prepare(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """What to commit now, of partitions that have something new."""
        ...

    async def accepted(self, committed: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Kafka has taken it; what it announced may happen, in the background."""
        ...

    async def settle(self, partitions: Collection[TopicPartition]) -> None:
        """Wait for what accepted commits have announced; the runtime sets the deadline."""
        ...

    async def renew(self, partition: TopicPartition, topic_id: str) -> None:
        """The offsets of the partition begin anew: its topic was made again, or truncated.

        Args:
            partition: Of the topic.
            topic_id: Of the topic as it is now; empty where the broker does not tell.
        """
        ...


class Sink(ABC):
    """One task's way to a destination. All methods run on the worker's event loop.

    Life of a sink: ``start`` · ``open`` partitions · ``put`` batches, ``flush`` now and then ·
    ``close`` partitions that move away, or ``drop`` those that were lost · ``stop``.

    Calls overlap in one way only: ``close`` and ``drop`` may come while a ``put`` or ``flush`` waits.
    """

    config_class: ClassVar[type[Config]] = Config
    """The options of this sink; the runtime validates them before the sink is made."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def two_phase(self) -> TwoPhase | None:
        """The sink's other contract, if it delivers exactly once through Kafka's commits."""
        return None

    @classmethod
    def check_topics(cls, config: Any, names: Mapping[str, str]) -> Iterator[Problem]:  # noqa: ARG003
        """What is wrong with the names that transforms give to topics, where they can be told in advance.

        Args:
            config: The sink's own.
            names: By topic the name that its records will go by.
        """
        yield from ()

    @property
    def columns(self) -> Collection[str]:
        """The columns of a batch that this sink looks at; reading fewer is faster."""
        return COLUMNS

    async def start(self, context: SinkContext) -> None:
        """Connect; fail here rather than at the first record.

        Raises:
            AccessError: The destination refuses or is not there, with what to grant or create.
            RetriableError: Not reachable now; the runtime calls ``start`` again later.
        """
        self.context = context

    def open(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions are this task's from now on."""

    @abstractmethod
    async def put(self, batch: RecordBatch) -> None:
        """Take a batch: the records are now the sink's, in memory or further.

        Batches of one partition come in offset order; a batch may be empty and then only moves the
        position to ``batch.next_offset``.

        Raises:
            RetriableError: Nothing of the batch was taken; the runtime waits and puts the same again.
            BatchError: The named records can never succeed. Nothing was taken: the runtime deals with
                them and puts the others again.
        """

    async def flush(self) -> None:
        """A commit is due: make what was put durable, as far as the sink's policy asks for it now.

        Raises:
            RetriableError: Nothing is lost; the runtime waits and flushes again.
        """

    async def relieve(self) -> None:
        """The memory budget is spent: make ``buffered_bytes`` fall, by waiting or by finishing early."""
        await self.flush()

    @abstractmethod
    def committable(self) -> Mapping[TopicPartition, int]:
        """For each open partition the offset below which every record is durable (exclusive)."""

    async def close(self, partitions: Collection[TopicPartition]) -> None:
        """Finish what was put for these partitions; the runtime then commits and drops them.

        The runtime sets the deadline and cancels this call when it passes.
        """

    async def drop(self, partitions: Collection[TopicPartition]) -> None:
        """Forget these partitions at once, finished or not; they may be somebody else's already."""

    async def stop(self) -> None:
        """Release connections; every partition has been dropped before."""

    @property
    def buffered_bytes(self) -> int:
        """Bytes taken and not yet durable; over the task's budget the runtime pauses the partitions."""
        return 0


class WriteThroughSink(Sink):
    """A sink whose ``write`` returns only when the batch is stored."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._durable: dict[TopicPartition, int] = {}
        self._openings: dict[TopicPartition, object] = {}

    def open(self, partitions: Collection[TopicPartition]) -> None:
        for topic_partition in partitions:
            self._openings[topic_partition] = object()

    @abstractmethod
    async def write(self, batch: RecordBatch) -> None:
        """Store the batch; raises as :meth:`Sink.put` does."""

    async def put(self, batch: RecordBatch) -> None:
        opening = self._openings.get(batch.topic_partition)
        if len(batch):
            await self.write(batch)
            self.context.delivered(len(batch), 0)
        # A write that ends after its partition was dropped says nothing about the partition's next life.
        if opening is not None and self._openings.get(batch.topic_partition) is opening:
            self._durable[batch.topic_partition] = batch.next_offset

    def committable(self) -> Mapping[TopicPartition, int]:
        return self._durable

    async def drop(self, partitions: Collection[TopicPartition]) -> None:
        for topic_partition in partitions:
            self._durable.pop(topic_partition, None)
            self._openings.pop(topic_partition, None)


class BlockingSink(WriteThroughSink):
    """A sink for a client that blocks: ``write_blocking`` runs in a thread, one batch at a time."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        # Not the worker's threads for CPU work: a client that waits would hold up every other task.
        self._thread = ThreadPoolExecutor(1, type(self).__name__)

    @abstractmethod
    def write_blocking(self, batch: RecordBatch) -> None:
        """Store the batch; raises as :meth:`Sink.put` does."""

    async def write(self, batch: RecordBatch) -> None:
        # A thread cannot be cancelled: a deadline lets it run on, and its batch counts as not stored.
        await asyncio.get_running_loop().run_in_executor(self._thread, self.write_blocking, batch)

    async def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
