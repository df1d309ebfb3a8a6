"""What becomes of tasks while somebody waits for their end."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from connector.config.connector import ConnectorConfig
from connector.converters.byte_array import ByteArrayConverter
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.state import State
from connector.runtime.task import Task, TaskSpec
from connector.runtime.worker import RunningConnector
from connector.sinks.base import Sink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.record import RecordBatch, TopicPartition
    from connector.runtime.blueprint import Blueprint
    from connector.sinks.base import SinkContext


class SlowSink(Sink):
    """Takes longer to start than anybody waits."""

    async def start(self, context: SinkContext) -> None:
        await super().start(context)
        await asyncio.Event().wait()

    async def put(self, batch: RecordBatch) -> None: ...

    def committable(self) -> Mapping[TopicPartition, int]:
        return {}


async def test_tasks_end_in_their_own_time_when_whoever_waits_for_them_is_cancelled() -> None:
    config = ConnectorConfig.parse({"name": "orders", "connector.class": "slow", "topics": "orders"})
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))
    with ThreadPoolExecutor(1) as executor:
        task = Task(
            TaskSpec("orders", 0, ["orders"], {}, 100, 1000, 60, 5, shutdown_seconds=0.2),
            SlowSink(None),
            pipeline=Pipeline(converter, converter, converter, []),
            errant=ErrantRecords(config, 0),
            context=TaskContext("orders", 0, executor),
            observer=TaskObserver("orders", 0),
        )
        blueprint: Any = SimpleNamespace(name="orders")
        connector = RunningConnector(cast("Blueprint", blueprint), [task], paused=False)
        await asyncio.sleep(0)
        waiting = asyncio.create_task(connector.stop())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await connector.stop()  # as the worker does, on its way out
    assert task.state is State.STOPPED
