"""Kafka as far as a task sees it: logs, a group that fences members (not owners), and the task's consumer.

As measured (Kafka 4.1, classic group, librdkafka 2.16): a commit is taken from whoever is a member, with the
generation that it had when it was sent, for any partition. A member that was thrown out is refused until it
has served the loss of its partitions.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from connector.errors import RetriableError
from connector.record import COLUMNS, RecordBatch, TopicPartition
from connector.runtime.consumer import Polled
from connector.runtime.faults import UnansweredError
from connector.sinks.base import BEGINNING, Committed, OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence

    from connector.runtime.consumer import Observer
    from connector.runtime.rebalances import RebalanceListener

T = TypeVar("T")

_REVOKE_COMMITS = 3


class Entry(NamedTuple):
    """A record in a log."""

    key: bytes | None
    value: bytes
    timestamp: int


@dataclass(slots=True)
class Log:
    """A partition."""

    records: list[Entry] = field(default_factory=list)
    start: int = 0


class CommitRequest(NamedTuple):
    """What goes to the coordinator, with what fences it."""

    offsets: Mapping[TopicPartition, OffsetAndMetadata]
    member: int
    generation: int


class RefusedError(Exception):
    """The coordinator does not take a commit."""


class Kafka:
    """Brokers: one topic, one group.

    Attributes:
        logs: Of every partition.
        topic_id: Of the topic as it is now.
        committed: The group's offsets.
        owners: The member that owns a partition.
        revoking: Partitions that their owner is to give up at its next poll.
        on_commit: Is told what is about to be taken.
    """

    def __init__(self, logs: Mapping[TopicPartition, Log]) -> None:
        self.logs = dict(logs)
        self.topic_id = "topic-1"
        self.committed: dict[TopicPartition, OffsetAndMetadata] = {}
        self.members: dict[int, SimulatedConsumer] = {}
        self.generation = 0
        self.owners: dict[TopicPartition, int | None] = dict.fromkeys(self.logs)
        self.revoking: set[TopicPartition] = set()
        self.on_commit: Callable[[TopicPartition, OffsetAndMetadata], None] = lambda _where, _found: None
        self.size_of_poll: Callable[[int], int] = lambda most: most
        self._last_member = 0

    # ---- the group ----

    def join(self, consumer: SimulatedConsumer) -> int:
        self._last_member += 1
        self.members[self._last_member] = consumer
        self._rebalance()
        return self._last_member

    def expel(self, member: int) -> None:
        """It left, or its session is over."""
        if self.members.pop(member, None) is None:
            return
        for partition, owner in self.owners.items():
            if owner == member:
                self.owners[partition] = None
                self.revoking.discard(partition)
        self._rebalance()

    def release(self, member: int, partitions: Collection[TopicPartition]) -> None:
        """A member has given partitions up; somebody else gets them, if there is anybody."""
        for partition in partitions:
            if self.owners[partition] == member:
                self.owners[partition] = None
                self.revoking.discard(partition)
        self._rebalance(without=member)

    def _rebalance(self, without: int | None = None) -> None:
        self.generation += 1
        free = [partition for partition, owner in self.owners.items() if owner is None]
        for partition in free:
            takers = [member for member in self.members if member != without] or list(self.members)
            if takers:
                self.owners[partition] = min(takers, key=lambda member: (len(self.owned(member)), -member))
        for member in self.members:
            spare = [where for where in self.owned(member) if where not in self.revoking]
            if self.members and len(spare) > 1 + min(len(self.owned(other)) for other in self.members):
                self.revoking.add(spare[-1])

    def owned(self, member: int) -> list[TopicPartition]:
        return [partition for partition, owner in self.owners.items() if owner == member]

    # ---- requests ----

    def commit(self, request: CommitRequest) -> None:
        """Raises RefusedError."""
        if request.member not in self.members or request.generation != self.generation:
            raise RefusedError
        for partition, found in request.offsets.items():
            self.on_commit(partition, found)
            self.committed[partition] = found

    def fetched(self, partition: TopicPartition, position: int, most: int) -> tuple[int, list[Entry]]:
        """Records from a position on; out of range is the beginning (auto.offset.reset=earliest)."""
        log = self.logs[partition]
        end = log.start + len(log.records)
        if not log.start <= position <= end:
            position = log.start
        begin = position - log.start
        return position, log.records[begin : begin + most]

    def end(self, partition: TopicPartition) -> int:
        log = self.logs[partition]
        return log.start + len(log.records)


class SimulatedConsumer:
    """Has the methods of ``TaskConsumer``, and its order: one thing after the other, as on its thread.

    Attributes:
        positions: Where it reads, of the partitions that are assigned.
        member: Its number in the group; 0 if it is in none.
    """

    def __init__(
        self,
        kafka: Kafka,
        ask: Callable[[str, Any], Coroutine[Any, Any, Any]],
        config: Mapping[str, Any],
        listener: RebalanceListener,
        observer: Observer,
        *,
        epoch_of: Callable[[TopicPartition], int | None] = lambda _: None,
        columns: Collection[str] = COLUMNS,
        batch_records: int = 10_000,
        asks_committed: bool = False,
    ) -> None:
        """Args: ``ask`` sends a request on its way; the others are those of ``TaskConsumer``."""
        self.positions: dict[TopicPartition, int] = {}
        self.member = 0
        self._kafka = kafka
        self._ask = ask
        self._listener = listener
        self._epoch_of = epoch_of
        self._batch_records = batch_records
        self._asks_committed = asks_committed
        self._loop = asyncio.get_running_loop()
        self._thread = asyncio.Lock()
        self._paused = False
        self._closed = False

    # ---- as TaskConsumer ----

    async def subscribe(self, topics: Sequence[str]) -> None:
        await self._run(self._subscribe)

    async def poll(self, timeout_seconds: float) -> list[Polled]:
        return await self._run(self._poll, timeout_seconds)

    async def commit(
        self,
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
        is_current: Callable[[TopicPartition], bool],
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        return await self._run(self._commit_current, offsets, is_current)

    async def committed(self, partition: TopicPartition) -> Committed:
        return (await self._run(self._committed, [partition]))[partition]

    async def seek(
        self,
        partition: TopicPartition,
        is_current: Callable[[], bool],
        begin: Callable[[], Coroutine[Any, Any, int | None]],
    ) -> None:
        await self._run(self._seek, partition, is_current, begin)

    async def pause(self) -> None:
        self._paused = True

    async def resume(self) -> None:
        self._paused = False

    async def close(self, seconds: float = 5.0) -> None:
        if not self._closed:
            self._closed = True
            await self._run(self._close)

    def end_offset(self, partition: TopicPartition) -> int | None:
        return self._kafka.end(partition)

    async def _run(self, work: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        running = self._loop.create_task(self._in_turn(work, *args))
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(running)

    async def _in_turn(self, work: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        async with self._thread:
            return await work(*args)

    # ---- on its thread ----

    async def _subscribe(self) -> None:
        self.member = self._kafka.join(self)

    async def _poll(self, timeout_seconds: float) -> list[Polled]:
        await self._serve()
        if not self._readable():
            await asyncio.sleep(timeout_seconds)
            await self._serve()
            return []
        await self._ask("poll", None)
        polled = []
        for partition in self._readable():
            most = self._kafka.size_of_poll(self._batch_records)
            at, records = self._kafka.fetched(partition, self.positions[partition], most)
            if not records:
                continue
            offsets = range(at, at + len(records))
            columns: dict[str, Sequence[Any]] = {
                "offsets": offsets,
                "values": [record.value for record in records],
                "keys": [record.key for record in records],
                "timestamps": [record.timestamp for record in records],
                "headers": [[] for _ in records],
            }
            size = sum(len(record.value) for record in records)
            batch = RecordBatch(partition, columns, offsets[-1] + 1, size)
            self.positions[partition] = batch.next_offset
            polled.append(Polled(batch, self._epoch_of(partition)))
        return polled

    def _readable(self) -> list[TopicPartition]:
        """Partitions with records that are not read yet."""
        if self._paused:
            return []
        return [where for where, at in self.positions.items() if self._kafka.fetched(where, at, 1)[1]]

    async def _serve(self) -> None:
        """What a rebalance has brought."""
        if self._closed:
            return
        if self.member not in self._kafka.members:
            await self._lose()
            self.member = self._kafka.join(self)
        owned = self._kafka.owned(self.member)
        if going := [where for where in self.positions if where in self._kafka.revoking]:
            await self._revoke(going)
        for where in self._kafka.revoking & set(owned) - set(self.positions):
            self._kafka.release(self.member, [where])
        coming = [where for where in self._kafka.owned(self.member) if where not in self.positions]
        if coming:
            await self._assign(coming)

    async def _assign(self, partitions: Collection[TopicPartition]) -> None:
        found: Mapping[TopicPartition, Committed] = {where: Committed() for where in partitions}
        if self._asks_committed:
            found = await self._committed(partitions)
        positions = await self._await(self._listener.assigned(found))
        for where in partitions:
            committed = found[where].found
            self._place(where, positions.get(where, committed.offset if committed else 0))

    async def _revoke(self, partitions: Collection[TopicPartition]) -> None:
        try:
            for _ in range(_REVOKE_COMMITS):
                offsets = await self._await(self._listener.revoked(partitions))
                if not offsets:
                    break
                await self._commit(offsets)
                await self._await(self._listener.committed(offsets))
        except RetriableError:
            pass
        await self._await(self._listener.released(partitions))
        for where in partitions:
            self.positions.pop(where, None)
        self._kafka.release(self.member, partitions)

    async def _lose(self) -> None:
        if self.positions:
            await self._await(self._listener.lost(list(self.positions)))
        self.positions.clear()

    async def _committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        while True:
            try:
                answer: Mapping[TopicPartition, OffsetAndMetadata] = await self._ask("committed", None)
            except RetriableError:
                continue
            return {where: Committed(answer.get(where), self._kafka.topic_id) for where in partitions}

    async def _commit_current(
        self,
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
        is_current: Callable[[TopicPartition], bool],
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        current = {where: offset for where, offset in offsets.items() if is_current(where)}
        await self._commit(current)
        return current

    async def _commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        if not offsets:
            return
        try:
            await self._ask("commit", CommitRequest(dict(offsets), self.member, self._kafka.generation))
        except RefusedError as error:
            raise RetriableError("Kafka refused the offsets") from error
        except RetriableError as error:
            raise UnansweredError("Kafka did not say that it took the offsets") from error

    async def _seek(
        self,
        partition: TopicPartition,
        is_current: Callable[[], bool],
        begin: Callable[[], Coroutine[Any, Any, int | None]],
    ) -> None:
        if partition in self.positions and is_current():
            offset = await self._await(begin())
            self._place(partition, 0 if offset is None else offset)

    def _place(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = self._kafka.logs[partition].start if offset == BEGINNING else offset

    async def _close(self) -> None:
        if self.member in self._kafka.members:
            if self.positions:
                await self._revoke_all()
            self._kafka.expel(self.member)
        else:
            await self._lose()

    async def _revoke_all(self) -> None:
        await self._revoke(list(self.positions))

    async def _await(self, work: Coroutine[Any, Any, T]) -> T:
        """On the event loop, while the thread waits."""
        return await self._loop.create_task(work)
