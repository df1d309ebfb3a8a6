"""How long a conversion waits for what it needs, and that nothing is put or skipped for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from connector.config.connector import ConnectorConfig
from connector.converters.base import Converter
from connector.converters.byte_array import ByteArrayConverter
from connector.errors import ConfigError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.consumer import Polled
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.task import Task, TaskSpec
from connector.runtime.waiting import RetriesExhaustedError
from connector.sinks.base import Committed, Sink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ORDERS = TopicPartition("orders", 0)


class AwayConverter(Converter):
    """What it needs is away for some attempts."""

    def __init__(self, attempts: int) -> None:
        super().__init__(None)
        self.left = attempts

    def convert(self, data: bytes | None) -> Any:
        self.left -= 1
        if self.left >= 0:
            raise RetriableError("the registry does not answer")
        return data


class NoSink(Sink):
    async def put(self, batch: RecordBatch) -> None: ...

    def committable(self) -> Mapping[TopicPartition, int]:
        return {}

    async def close(self, partitions: Collection[TopicPartition]) -> None: ...


async def converted(attempts: int, most_seconds: float | None) -> list[Polled]:
    config = ConnectorConfig.parse(
        {"name": "c", "connector.class": "none", "topics": "orders", "errors.tolerance": "all"}
    )
    errant = ErrantRecords(config, 0)
    raw = ByteArrayConverter(ByteArrayConverter.config_class({}))
    with ThreadPoolExecutor(1) as executor:
        task = Task(
            TaskSpec(
                "c", 0, [], {}, 100, 1000, 60, 5, shutdown_seconds=60, convert_seconds=most_seconds,
                convert_delay_seconds=0.01,
            ),
            NoSink(None),
            pipeline=Pipeline(raw, AwayConverter(attempts), raw, []),
            errant=errant,
            context=TaskContext("c", 0, executor),
            observer=TaskObserver("c", 0),
        )  # fmt: skip
        await task._assignment.assigned({ORDERS: Committed()})
        batch = RecordBatch.of(ORDERS, [Record(0, None, b"v", 0, [])])
        async with asyncio.timeout(60):
            return await task._convert([Polled(batch, task._offsets.epoch(ORDERS))])


async def test_a_conversion_is_repeated_as_long_as_it_takes_and_nothing_is_skipped() -> None:
    ((batch, _),) = await converted(5, None)
    assert list(batch.values) == [b"v"]


@pytest.mark.parametrize("most_seconds", [0, 0.1])
async def test_after_errors_retry_timeout_the_task_fails_whatever_is_tolerated(most_seconds: float) -> None:
    with pytest.raises(RetriesExhaustedError, match=r"errors.retry.timeout.* the registry does not answer"):
        await converted(10**6, most_seconds)


def test_a_dead_letter_topic_may_not_be_one_that_is_read() -> None:
    raw = {"name": "c", "connector.class": "s3", "errors.deadletterqueue.topic.name": "orders.dead"}
    for topics in ({"topics": "a,orders.dead"}, {"topics.regex": r"orders\..*"}):
        with pytest.raises(ConfigError, match=r"The DLQ topic 'orders.dead' may not be included"):
            ConnectorConfig.parse({**raw, **topics})
    assert ConnectorConfig.parse({**raw, "topics.regex": "orders"}).dead_letter_topic == "orders.dead"
