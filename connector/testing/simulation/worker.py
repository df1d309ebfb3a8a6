"""A worker of a simulation: the real task with the real sink, between simulated Kafka and S3."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from connector.config.connector import ConnectorConfig
from connector.converters.byte_array import ByteArrayConverter
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.task import Task, TaskSpec
from connector.sinks.s3.sink import S3Sink
from connector.testing.simulation.client import SimulatedClient
from connector.testing.simulation.kafka import SimulatedConsumer
from connector.testing.simulation.setup import SmallPartsConfig

if TYPE_CHECKING:
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.config import S3Config
    from connector.testing.simulation.world import Process, World

_MEMORY_BYTES = 10_000_000
_CONNECTOR = {"name": "simulated", "connector.class": "s3", "topics": "records"}


@lru_cache(maxsize=64)
def _config(options: tuple[tuple[str, str], ...]) -> SmallPartsConfig:
    return SmallPartsConfig.parse(dict(options))


def start_task(world: World, process: Process) -> None:
    """Begin to run a task in a process."""
    process.run = process.loop.started(_run(world, process))


async def _run(world: World, process: Process) -> None:
    setup = world.setup

    def ask(operation: str, content: Any) -> Any:
        return world.ask(process, operation, content)

    def client(_config: S3Config, context: SinkContext) -> Any:
        return SimulatedClient(ask, context)

    def consumer(*args: Any, **options: Any) -> Any:
        made = SimulatedConsumer(world.kafka, ask, *args, **options)
        process.consumers.append(made)
        return made

    config = ConnectorConfig.parse(_CONNECTOR)
    errant = ErrantRecords(config, 0)
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))
    sink = S3Sink(
        _config(tuple(sorted(world.options.items()))), now=world.wall, limits=setup.limits, client=client
    )
    spec = TaskSpec(
        connector=config.name,
        task=0,
        topics=["records"],
        consumer_config={},
        batch_records=setup.batch_records,
        memory_budget_bytes=_MEMORY_BYTES,
        flush_interval_seconds=setup.flush_seconds,
        commit_seconds=5.0,
        shutdown_seconds=30.0,
    )
    task = Task(
        spec,
        sink,
        pipeline=Pipeline(converter, converter, converter, []),
        errant=errant,
        context=TaskContext(config.name, 0, None, errant=errant),  # type: ignore[arg-type] # the loop has its own
        observer=TaskObserver(config.name, 0),
        consumer=partial(consumer),
    )
    process.task = task
    await task.run()
