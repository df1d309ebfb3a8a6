"""What a task does when its partitions move away, or when it goes away itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from connector.config.connector import ConnectorConfig
from connector.converters.byte_array import ByteArrayConverter
from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.consumer import Polled
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.state import State
from connector.runtime.task import Task, TaskSpec
from connector.sinks.base import Committed, Sink
from connector.testing.simulation.kafka import Entry, Kafka, Log, SimulatedConsumer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from connector.sinks.base import SinkContext

ORDERS = TopicPartition("orders", 0)


class RefusedSink(Sink):
    """Is refused in the background, so that closing waits for what never comes."""

    async def start(self, context: SinkContext) -> None:
        await super().start(context)
        context.spawn(self._deliver())

    async def _deliver(self) -> None:
        await asyncio.sleep(0)
        raise AccessError("the queue refuses")

    async def put(self, batch: RecordBatch) -> None: ...

    def committable(self) -> Mapping[TopicPartition, int]:
        return {ORDERS: 1}

    async def close(self, partitions: Collection[TopicPartition]) -> None:
        await asyncio.Event().wait()


async def test_a_revocation_does_not_wait_for_a_sink_that_has_failed_and_commits_nothing() -> None:
    config = ConnectorConfig.parse({"name": "orders", "connector.class": "refused", "topics": "orders"})
    errant = ErrantRecords(config, 0)
    sink = RefusedSink(None)
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("orders", 0, executor)
        spec = TaskSpec("orders", 0, ["orders"], {}, 100, 1000, 60, 5, shutdown_seconds=60)
        task = Task(
            spec,
            sink,
            pipeline=Pipeline(converter, converter, converter, []),
            errant=errant,
            context=context,
            observer=TaskObserver("orders", 0),
        )
        await task._assignment.assigned({ORDERS: Committed()})
        await task._put([Polled(RecordBatch.of(ORDERS, [Record(0, None, b"v", 1, [])]), 1)])
        await sink.start(context)
        async with asyncio.timeout(30):
            assert await task._assignment.revoked([ORDERS]) == {}


class BrokenSink(Sink):
    """Has stored the first record when it meets an error of its own."""

    is_stopped = False

    async def put(self, batch: RecordBatch) -> None:
        raise ZeroDivisionError

    def committable(self) -> Mapping[TopicPartition, int]:
        return {ORDERS: 1}

    async def close(self, partitions: Collection[TopicPartition]) -> None: ...

    async def stop(self) -> None:
        self.is_stopped = True


class HangingConsumer(SimulatedConsumer):
    """Does not get out of its group, as while others are waited for."""

    async def close(self, seconds: float = 5.0) -> None:
        await asyncio.Event().wait()


class FailingConsumer(SimulatedConsumer):
    async def close(self, seconds: float = 5.0) -> None:
        raise ZeroDivisionError


@contextmanager
def reading(
    kafka: Kafka, sink: Sink, consumer: type[SimulatedConsumer] = SimulatedConsumer
) -> Iterator[Task]:
    """A task with its sink, which reads the simulated Kafka."""
    config = ConnectorConfig.parse({"name": "orders", "connector.class": "broken", "topics": "orders"})
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))

    async def ask(operation: str, content: Any) -> Any:
        return kafka.commit(content) if operation == "commit" else None

    with ThreadPoolExecutor(1) as executor:
        yield Task(
            TaskSpec("orders", 0, ["orders"], {}, 100, 1000, 60, 5, shutdown_seconds=0),
            sink,
            pipeline=Pipeline(converter, converter, converter, []),
            errant=ErrantRecords(config, 0),
            context=TaskContext("orders", 0, executor),
            observer=TaskObserver("orders", 0),
            consumer=lambda *args, **options: cast("Any", consumer(kafka, ask, *args, **options)),
        )


def two_orders() -> Kafka:
    return Kafka({ORDERS: Log([Entry(None, b"v", 1), Entry(None, b"w", 2)])})


async def test_a_task_that_failed_commits_nothing_while_it_leaves_its_group() -> None:
    kafka = two_orders()
    with reading(kafka, BrokenSink(None)) as task:
        async with asyncio.timeout(30):
            await task.run()
    assert task.state is State.FAILED
    assert kafka.owners[ORDERS] is None
    assert not kafka.committed


class StoringSink(BrokenSink):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.has_stored = asyncio.Event()
        self.dropped: list[TopicPartition] = []

    async def put(self, batch: RecordBatch) -> None:
        self.has_stored.set()

    async def drop(self, partitions: Collection[TopicPartition]) -> None:
        assert not self.is_stopped
        self.dropped += partitions


@pytest.mark.parametrize("consumer", [HangingConsumer, FailingConsumer])
async def test_a_group_that_is_not_left_keeps_no_sink_from_letting_go_and_gets_no_commit(
    consumer: type[SimulatedConsumer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.runtime.task.LEAVE_SECONDS", 3.2)
    kafka, sink = two_orders(), StoringSink(None)
    with reading(kafka, sink, consumer) as task:
        async with asyncio.timeout(30):
            running = asyncio.ensure_future(task.run())
            await sink.has_stored.wait()
            task.stop()
            await running
            assert sink.is_stopped
            assert sink.dropped == [ORDERS]
            assert await task._assignment.revoked([ORDERS]) == {}
    assert task.state is State.STOPPED


class UnstoppableSink(BrokenSink):
    async def stop(self) -> None:
        await super().stop()
        raise ZeroDivisionError


async def test_a_sink_that_cannot_stop_does_not_keep_its_task_from_ending() -> None:
    kafka = two_orders()
    with reading(kafka, UnstoppableSink(None)) as task:
        async with asyncio.timeout(30):
            await task.run()
    assert kafka.owners[ORDERS] is None
