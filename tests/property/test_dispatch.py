"""Whatever a service answers: every record arrives, in the order that was promised, within the limits."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import RecordError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.retry import Backoff
from connector.runtime.context import TaskContext
from connector.sinks.dispatch import (
    DeliveryConfig,
    Entry,
    Limits,
    MessagingSink,
    Prepared,
    Refusal,
    RequestTooLargeError,
    ThrottledError,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST, SECOND = TopicPartition("orders", 0), TopicPartition("orders", 1)
Message = tuple[TopicPartition, int, Any]


@dataclass
class Service:
    """A service in memory that fails as it is told to, by chance; it counts by its own rules."""

    seed: int = 0
    limits: Limits = field(default_factory=lambda: Limits(5, 100, 60))
    trouble: float = 0.0
    poison: frozenset[int] = frozenset()
    true_bytes: int = 100
    most_under_way: int = 0
    stored: list[Message] = field(default_factory=list)
    requests: list[list[Message]] = field(default_factory=list)
    under_way: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        messages: list[Message] = [entry.payload for entry in entries]
        assert 1 <= len(messages) <= self.limits.entries
        size = sum(entry.size_bytes for entry in entries)
        assert size <= self.limits.request_bytes
        keys = [(partition, key) for partition, _, key in messages if key is not None]
        if not self.limits.keeps_order:
            assert len(set(keys)) == len(keys), "two of one key in a request that may reorder them"
        self.requests.append(messages)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self._chance.choice([0, 0, 0.001]))
        self.under_way -= 1
        if size > self.true_bytes:
            raise RequestTooLargeError
        return self._outcome(messages)

    def _outcome(self, messages: list[Message]) -> Mapping[int, Refusal]:
        if self._chance.random() < self.trouble:
            kind = self._chance.choice(["throttled", "before", "after"])
            if kind == "throttled":
                raise ThrottledError("too many requests")
            if kind == "after":
                self.stored += [message for message in messages if message[1] not in self.poison]
            raise RetriableError("no answer")
        refused: dict[int, Refusal] = {}
        blocked: set[Any] = set()
        for position, message in enumerate(messages):
            partition, offset, key = message
            if offset in self.poison:
                refused[position] = Refusal(Verdict.NEVER, "Poison")
            elif (partition, key) in blocked or self._chance.random() < self.trouble:
                refused[position] = Refusal(self._chance.choice([Verdict.RETRY, Verdict.THROTTLED]), "Busy")
                if self.limits.keeps_order:
                    blocked.add((partition, key))
            else:
                self.stored.append(message)
        return refused


class Config(DeliveryConfig):
    @property
    def backoff(self) -> Backoff:
        return Backoff(0.0005, 0.002)


class MemorySink(MessagingSink):
    config_class = Config
    service: Service

    def prepare(self, batch: RecordBatch) -> Prepared:
        return Prepared(
            [
                Entry(
                    record.offset,
                    (batch.topic_partition, record.offset, record.key),
                    record.value,
                    record.key,
                    batch.topic_partition.topic,
                )
                for record in batch
            ]
        )

    async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        assert destination == "orders"
        return await self.service.answer(entries)

    def limits(self, destination: str) -> Limits:
        return self.service.limits


class Context(TaskContext):
    """Of a task that leaves errant records out and remembers them."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        super().__init__("dispatch", 0, executor)
        self.left_out: dict[tuple[TopicPartition, int], RecordError] = {}
        self.reports: list[tuple[TopicPartition, list[int]]] = []

    async def errant(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        self.reports.append((partition, list(failed)))
        self.left_out |= {(partition, offset): error for offset, error in failed.items()}


def batch_of(partition: TopicPartition, start: int, rows: Sequence[tuple[Any, int]]) -> RecordBatch:
    return RecordBatch.of(
        partition, [Record(start + index, key, size) for index, (key, size) in enumerate(rows)]
    )


async def started(
    service: Service, executor: ThreadPoolExecutor, **options: str
) -> tuple[MemorySink, Context]:
    sink = MemorySink(Config.parse({"delivery.linger.ms": "1", **options}))
    sink.service = service
    context = Context(executor)
    await sink.start(context)
    sink.open([FIRST, SECOND])
    return sink, context


rows = st.lists(st.tuples(st.none() | st.sampled_from("abc"), st.integers(1, 60)), min_size=1, max_size=40)
services = st.builds(
    Service,
    seed=st.integers(0, 2**16),
    limits=st.builds(
        Limits, st.integers(1, 7), st.integers(60, 200), st.just(60), st.booleans(), st.booleans()
    ),
    trouble=st.sampled_from([0.0, 0.1, 0.5]),
    poison=st.frozensets(st.integers(0, 60), max_size=3),
    true_bytes=st.integers(60, 200),
)


@settings(max_examples=80)
@given(service=services, batches=st.lists(st.tuples(st.sampled_from([FIRST, SECOND]), rows), max_size=5))
def test_every_record_arrives_in_order_whatever_the_service_answers(
    service: Service, batches: list[tuple[TopicPartition, list[tuple[Any, int]]]]
) -> None:
    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            sink, context = await started(service, executor)
            position = {FIRST: 0, SECOND: 0}
            put: list[Message] = []
            for partition, content in batches:
                batch = batch_of(partition, position[partition], content)
                put += [(partition, record.offset, record.key) for record in batch]
                position[partition] = batch.next_offset
                await sink.put(batch)
                assert_nothing_is_committable_that_is_not_stored(sink, context, service, put)
            async with asyncio.timeout(60):
                await sink.close([FIRST, SECOND])
            assert sink.committable() == {where: offset for where, offset in position.items() if offset}
            assert sink.buffered_bytes == 0
            assert {(where, offset) for where, offset, _ in put} == {
                (where, offset) for where, offset, _ in service.stored
            } | set(context.left_out)
            assert {offset for _, offset in context.left_out} <= service.poison
            assert_order_of_keys(service.stored)
            assert not context.failure.done()
            await context.cancel_background()

    asyncio.run(run())


def assert_nothing_is_committable_that_is_not_stored(
    sink: MemorySink, context: Context, service: Service, put: list[Message]
) -> None:
    stored = {(where, offset) for where, offset, _ in service.stored} | set(context.left_out)
    committable = sink.committable()
    for where, offset, _ in put:
        if offset < committable.get(where, 0):
            assert (where, offset) in stored


def assert_order_of_keys(stored: list[Message]) -> None:
    """The first time that each record is seen, nothing later of its key was seen before."""
    latest: dict[tuple[TopicPartition, Any], int] = {}
    seen: set[tuple[TopicPartition, int]] = set()
    for where, offset, key in stored:
        if key is None or (where, offset) in seen:
            continue
        seen.add((where, offset))
        assert latest.get((where, key), -1) < offset
        latest[where, key] = offset


async def test_only_what_failed_is_sent_again() -> None:
    class OnceBusy(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.requests.append([entry.payload for entry in entries])
            return {1: Refusal(Verdict.RETRY, "Busy")} if len(self.requests) == 1 else {}

    service = OnceBusy()
    with ThreadPoolExecutor(1) as executor:
        sink, _ = await started(service, executor)
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 5))
        await sink.close([FIRST])
    assert [[offset for _, offset, _ in request] for request in service.requests] == [[0, 1, 2, 3, 4], [1]]


async def test_a_key_that_the_service_refuses_holds_no_other_key_up() -> None:
    class BusyForOne(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.stored += [entry.payload for entry in entries if entry.order_key != "stuck"]
            return {
                position: Refusal(Verdict.THROTTLED, "Busy")
                for position, entry in enumerate(entries)
                if entry.order_key == "stuck"
            }

    service = BusyForOne()
    with ThreadPoolExecutor(1) as executor:
        sink, context = await started(service, executor)
        await sink.put(
            batch_of(FIRST, 0, [("free", 1), ("stuck", 1), ("stuck", 1), ("free", 1), ("free", 1)])
        )
        await sink.flush()
        assert [offset for _, offset, _ in service.stored] == [0, 3, 4]
        assert sink.committable() == {FIRST: 1}
        await sink.drop([FIRST])
        await context.cancel_background()


async def test_an_entry_does_not_wait_for_what_another_of_its_request_has_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A throttled shard fails ever again; who fails for the first time beside it is sent again at once."""

    class Patient(MemorySink):
        def prepare(self, batch: RecordBatch) -> Prepared:
            prepared = super().prepare(batch)
            prepared.entries[0].attempts = 30
            return prepared

    class BusyAtFirst(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.requests.append([entry.payload for entry in entries])
            return dict.fromkeys(range(2), Refusal(Verdict.THROTTLED, "Busy")) if len(entries) == 2 else {}

    class Config(DeliveryConfig):
        @property
        def backoff(self) -> Backoff:
            return Backoff(0.0005, 3600)

    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    service = BusyAtFirst()
    with ThreadPoolExecutor(1) as executor:
        sink = Patient(Config.parse({"delivery.linger.ms": "1"}))
        sink.service = service
        context = Context(executor)
        await sink.start(context)
        sink.open([FIRST])
        await sink.put(batch_of(FIRST, 0, [("busy", 1), ("unlucky", 1)]))
        await sink.flush()
        await sink.drop([FIRST])
        await context.cancel_background()
    assert [[offset for _, offset, _ in request] for request in service.requests] == [[0, 1], [1]]


async def test_requests_go_side_by_side_up_to_the_limit() -> None:
    service = Service(limits=Limits(1, 100, 100))
    with ThreadPoolExecutor(1) as executor:
        options = {"delivery.max.requests": "3", "delivery.adaptive": "false"}
        sink, _ = await started(service, executor, **options)
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 20))
        await sink.close([FIRST])
    assert service.most_under_way == 3


async def test_a_record_that_is_refused_for_good_stops_the_task_unless_it_may_be_left_out() -> None:
    service = Service(poison=frozenset({1}))
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("dispatch", 0, executor)
        sink = MemorySink(Config.parse({}))
        sink.service = service
        await sink.start(context)
        sink.open([FIRST])
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 3))
        async with asyncio.timeout(60):
            error = await context.failure
        assert isinstance(error, RecordError)
        assert sink.committable() == {FIRST: 0}
        await context.cancel_background()


async def test_what_one_request_has_refused_of_a_partition_is_reported_at_once_and_in_order() -> None:
    with ThreadPoolExecutor(1) as executor:
        sink, context = await started(
            Service(limits=Limits(6, 600, 60), true_bytes=600, poison=frozenset({0, 1, 2})), executor
        )
        for partition in (FIRST, SECOND):
            await sink.put(batch_of(partition, 0, [(None, 1)] * 3))
        await sink.close([FIRST, SECOND])
        assert sorted(context.reports) == [(FIRST, [0, 1, 2]), (SECOND, [0, 1, 2])]
        assert sink.committable() == {FIRST: 3, SECOND: 3}
        await context.cancel_background()


async def test_a_dropped_partition_is_not_sent_any_more_and_its_answers_change_nothing() -> None:
    gate = asyncio.Event()

    class Gated(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.requests.append([entry.payload for entry in entries])
            await gate.wait()
            return {0: Refusal(Verdict.RETRY, "Busy")}

    service = Gated(limits=Limits(1, 100, 100))
    with ThreadPoolExecutor(1) as executor:
        sink, context = await started(service, executor, **{"delivery.max.requests": "1"})
        await sink.put(batch_of(FIRST, 0, [("k", 1)] * 3))
        async with asyncio.timeout(60):
            while not service.requests:
                await asyncio.sleep(0.001)
        await sink.drop([FIRST])
        sink.open([FIRST])
        gate.set()
        await asyncio.sleep(0.02)
        assert sink.committable() == {}
        assert sink.buffered_bytes == 0
        assert len(service.requests) == 1
        await context.cancel_background()


async def test_a_few_records_wait_for_others_only_as_long_as_they_may_linger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)  # else the machine's standing still would be lingering
    service = Service()
    with ThreadPoolExecutor(1) as executor:
        sink, _ = await started(service, executor, **{"delivery.linger.ms": "30"})
        for offset in range(3):
            await sink.put(batch_of(FIRST, offset, [(None, 1)]))
        now += 0.029
        await settle()
        assert service.requests == []
        now += 0.002
        await settle()
        assert [len(request) for request in service.requests] == [3]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("folded", list(itertools.permutations([1, 3])))
async def test_folded_records_are_committable_only_with_their_entry(folded: tuple[int, ...]) -> None:
    gate = asyncio.Event()

    class Folding(MemorySink):
        def prepare(self, batch: RecordBatch) -> Prepared:
            return Prepared([Entry(0, "slow", 1, folded=sorted(folded)), Entry(2, "fast", 1)])

        async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            if entries[0].payload == "slow":
                await gate.wait()
            return {}

    with ThreadPoolExecutor(1) as executor:
        sink = Folding(Config.parse({"delivery.request.max.entries": "1", "delivery.linger.ms": "0"}))
        sink.service = Service()
        await sink.start(Context(executor))
        sink.open([FIRST])
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 4))
        await asyncio.sleep(0.01)
        assert sink.committable() == {FIRST: 0}
        gate.set()
        await sink.close([FIRST])
        assert sink.committable() == {FIRST: 4}


async def test_a_sink_that_stops_leaves_no_request_under_way() -> None:
    class Silent(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.under_way += 1
            try:
                await asyncio.sleep(60)
            finally:
                self.under_way -= 1
            return {}

    service = Silent()
    with ThreadPoolExecutor(1) as executor:
        sink, context = await started(service, executor, **{"delivery.linger.ms": "0"})
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 3))
        await asyncio.sleep(0.01)
        assert service.under_way == 1
        await sink.drop([FIRST])
        await sink.stop()
        assert service.under_way == 0
        assert not context.failure.done()


async def test_a_key_with_two_destinations_is_sent_to_both() -> None:
    sent: list[tuple[str, int]] = []

    class Routing(MemorySink):
        def prepare(self, batch: RecordBatch) -> Prepared:
            return Prepared(
                [Entry(record.offset, record.offset, 1, "k", f"to-{record.offset % 2}") for record in batch]
            )

        async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            sent.extend((destination, entry.payload) for entry in entries)
            return {}

    with ThreadPoolExecutor(1) as executor:
        sink = Routing(Config.parse({"delivery.linger.ms": "0"}))
        sink.service = Service()
        await sink.start(Context(executor))
        sink.open([FIRST])
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 4))
        await sink.close([FIRST])
        assert sink.committable() == {FIRST: 4}
    assert sorted(sent) == [("to-0", 0), ("to-0", 2), ("to-1", 1), ("to-1", 3)]


async def test_the_half_that_arrived_is_not_sent_again_because_the_other_did_not() -> None:
    class CutInTheMiddle(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.requests.append([entry.payload for entry in entries])
            if len(self.requests) == 1:
                raise RequestTooLargeError
            if len(self.requests) == 3:
                raise RetriableError("no answer")
            return {}

    service = CutInTheMiddle()
    with ThreadPoolExecutor(1) as executor:
        sink, _ = await started(service, executor)
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 4))
        await sink.close([FIRST])
        assert sink.committable() == {FIRST: 4}
    sent = [[offset for _, offset, _ in request] for request in service.requests]
    assert sent == [[0, 1, 2, 3], [0, 1], [2, 3], [2, 3]]


async def test_why_an_entry_is_sent_again_is_told() -> None:
    told: list[str] = []

    class Listening(Context):
        def retried(self, operation: str, error: RetriableError) -> None:
            told.append(str(error))

    class BusyOnce(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            self.requests.append([])
            return {0: Refusal(Verdict.RETRY, "InternalError", "disk")} if len(self.requests) == 1 else {}

    with ThreadPoolExecutor(1) as executor:
        sink = MemorySink(Config.parse({}))
        sink.service = BusyOnce()
        await sink.start(Listening(executor))
        sink.open([FIRST])
        await sink.put(batch_of(FIRST, 0, [(None, 1)] * 2))
        await sink.close([FIRST])
    assert told == ["1 of 2 entries for orders were refused, with InternalError: disk"]


@pytest.mark.parametrize("is_stuck", [False, True])
async def test_what_is_held_takes_no_more_memory_than_is_counted(is_stuck: bool) -> None:
    """Of small records with a key each, of which none is answered, or all but the first."""
    records = 20_000

    class Stuck(Service):
        async def answer(self, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            if not is_stuck:
                await asyncio.sleep(60)
            return {
                position: Refusal(Verdict.RETRY, "Busy")
                for position, entry in enumerate(entries)
                if entry.offset == 0
            }

    class Small(MemorySink):
        def prepare(self, batch: RecordBatch) -> Prepared:
            return Prepared(
                [
                    Entry(offset, b"%0100d" % offset, 100, f"key-{offset:09}", "orders")
                    for offset in batch.offsets
                ]
            )

    with ThreadPoolExecutor(1) as executor:
        sink = Small(DeliveryConfig.parse({"delivery.linger.ms": "0"}))
        sink.service = Stuck(limits=Limits(100, 100_000, 100))
        context = Context(executor)
        await sink.start(context)
        sink.open([FIRST])
        gc.collect()
        tracemalloc.start()
        try:
            for start in range(0, records, 100):
                await sink.put(batch_of(FIRST, start, [(None, 1)] * 100))
            await sink.flush()
            gc.collect()
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert taken < 1.2 * sink.buffered_bytes
        assert sink.committable() == {FIRST: 0}
        await sink.drop([FIRST])
        await sink.stop()


async def test_nothing_is_kept_of_partitions_that_come_and_go_while_the_service_hangs() -> None:
    class Payload:
        """Can be watched."""

    payloads: weakref.WeakSet[Payload] = weakref.WeakSet()

    class Hanging(MemorySink):
        def prepare(self, batch: RecordBatch) -> Prepared:
            prepared = super().prepare(batch)
            for entry in prepared.entries:
                entry.payload = Payload()
                payloads.add(entry.payload)
            return prepared

        async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
            await asyncio.sleep(60)
            return {}

    with ThreadPoolExecutor(1) as executor:
        sink = Hanging(Config.parse({"delivery.linger.ms": "0", "delivery.max.requests": "1"}))
        sink.service = Service(limits=Limits(1, 100, 100))
        await sink.start(Context(executor))
        for _ in range(5):
            sink.open([FIRST])
            await sink.put(batch_of(FIRST, 0, [("k", 1), (None, 1), (None, 1)]))
            await asyncio.sleep(0)
            await sink.drop([FIRST])
        gc.collect()
        assert len(payloads) <= 1, "more is kept than the request under way"
        await sink.stop()
