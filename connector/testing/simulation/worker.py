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
from connector.testing.simulation.process import ProcessLoop
from connector.testing.simulation.setup import SmallPartsConfig

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.config import S3Config
    from connector.testing.simulation.kafka import Kafka
    from connector.testing.simulation.setup import Setup

_MEMORY_BYTES = 10_000_000
_CONNECTOR = {"name": "simulated", "connector.class": "s3", "topics": "records"}


@lru_cache(maxsize=64)
def _config(options: tuple[tuple[str, str], ...]) -> SmallPartsConfig:
    return SmallPartsConfig.parse(dict(options))


class Process:
    """With one task."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self.name = name
        self.loop = ProcessLoop(now)
        self.is_alive = True
        self.is_frozen = False
        self.is_stopping = False
        self.task: Task | None = None
        self.run: asyncio.Task[None] | None = None
        self.consumers: list[Any] = []

    def __str__(self) -> str:
        return self.name

    @property
    def runs(self) -> bool:
        return self.is_alive and not self.is_frozen

    @property
    def has_ended(self) -> bool:
        return self.run is not None and self.run.done()


def start_task(
    process: Process,
    setup: Setup,
    *,
    options: Mapping[str, str],
    kafka: Kafka,
    ask: Callable[[str, Any], Any],
    now: Callable[[], float],
) -> None:
    """Begin to run a task in a process.

    Args:
        process: Where it runs.
        setup: What the run is about.
        options: Of the sink.
        kafka: What it reads.
        ask: Sends a request of the process on its way.
        now: The wall's clock.
    """
    process.run = process.loop.started(_run(process, setup, options=options, kafka=kafka, ask=ask, now=now))


async def _run(
    process: Process,
    setup: Setup,
    *,
    options: Mapping[str, str],
    kafka: Kafka,
    ask: Callable[[str, Any], Any],
    now: Callable[[], float],
) -> None:
    def client(_config: S3Config, context: SinkContext) -> Any:
        return SimulatedClient(ask, context)

    def consumer(*args: Any, **kwargs: Any) -> Any:
        made = SimulatedConsumer(kafka, ask, *args, **kwargs)
        process.consumers.append(made)
        return made

    config = ConnectorConfig.parse(_CONNECTOR)
    errant = ErrantRecords(config, 0)
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))
    sink = S3Sink(_config(tuple(sorted(options.items()))), now=now, limits=setup.limits, client=client)
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
