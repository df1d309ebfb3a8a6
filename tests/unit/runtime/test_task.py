"""What a task does when its partitions move away, or when it goes away itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Collection, Mapping

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

    async def put(self, batch: RecordBatch) -> None:
        raise ZeroDivisionError

    def committable(self) -> Mapping[TopicPartition, int]:
        return {ORDERS: 1}

    async def close(self, partitions: Collection[TopicPartition]) -> None: ...


async def test_a_task_that_failed_commits_nothing_while_it_leaves_its_group() -> None:
    config = ConnectorConfig.parse({"name": "orders", "connector.class": "broken", "topics": "orders"})
    errant = ErrantRecords(config, 0)
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))
    kafka = Kafka({ORDERS: Log([Entry(None, b"v", 1), Entry(None, b"w", 2)])})

    async def ask(operation: str, content: Any) -> Any:
        return kafka.commit(content) if operation == "commit" else None

    def consumer(*args: Any, **options: Any) -> Any:
        return SimulatedConsumer(kafka, ask, *args, **options)

    with ThreadPoolExecutor(1) as executor:
        task = Task(
            TaskSpec("orders", 0, ["orders"], {}, 100, 1000, 60, 5, shutdown_seconds=60),
            BrokenSink(None),
            pipeline=Pipeline(converter, converter, converter, []),
            errant=errant,
            context=TaskContext("orders", 0, executor),
            observer=TaskObserver("orders", 0),
            consumer=consumer,
        )
        async with asyncio.timeout(30):
            await task.run()
    assert task.state is State.FAILED
    assert kafka.owners[ORDERS] is None
    assert not kafka.committed
