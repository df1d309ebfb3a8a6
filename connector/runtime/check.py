"""Checks a connector that does not run: its sink's own checks, or else those of its AWS identity."""

from __future__ import annotations

import asyncio
import math
import socket
from typing import TYPE_CHECKING, Any, TypeVar

from connector.aws.check import IdentityCheck
from connector.aws.connection import AwsConfig
from connector.check import DEADLINE_SECONDS, Checklist, Outcome
from connector.errors import ConfigError
from connector.sinks.base import Checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector.check import Step
    from connector.errors import RecordError, RetriableError
    from connector.record import TopicPartition
    from connector.runtime.blueprint import Blueprint

T = TypeVar("T")


async def steps_of(
    blueprint: Blueprint,
    show: Callable[[Step], None] = lambda _: None,
    *,
    step_seconds: float = DEADLINE_SECONDS,
    total_seconds: float = math.inf,
) -> list[Step]:
    """Do every check; each has ``step_seconds``, all have ``total_seconds``.

    Raises:
        ConfigError: The sink has nothing to check.
    """
    context = CheckContext(blueprint.name, blueprint.topics)
    done = []
    try:
        async for step in _checklist(blueprint, context).steps(step_seconds, total_seconds):
            show(step)
            done.append(step)
    finally:
        await context.cancel_background()
    return done


def works(steps: Sequence[Step]) -> bool:
    return all(step.outcome is not Outcome.FAILED for step in steps)


def report(blueprint: Blueprint, steps: Sequence[Step], worker: str | None = None) -> dict[str, Any]:
    """What was found out, as JSON has it; ``worker`` is the address of the one that did it, if one did."""
    return {
        "checked_on": socket.gethostname(),
        "worker": worker,
        "connector": blueprint.name,
        "sink": blueprint.sink_class_name,
        "works": works(steps),
        "steps": [step.shown() for step in steps],
    }


class CheckContext:
    """The :class:`~connector.sinks.base.SinkContext` of a check, which counts nothing.

    Anybody may check a connector of any name: as a label of metrics it would be kept for ever.
    """

    task = 0
    ends_for_good = False

    def __init__(self, connector: str, topics: Sequence[str]) -> None:
        self.connector = connector
        self.topics = topics
        self._background: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        return task

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.to_thread(function, *args)

    def delivered(self, records: int, size_bytes: int) -> None:
        """Nothing is."""

    def passed_over(self, reason: str, records: int) -> None:
        """A check puts no records."""

    async def errant(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        """A check puts no records."""

    def request_commit(self) -> None:
        """A check commits nothing."""

    def restart(self, partition: TopicPartition) -> None:
        """A check has no partitions."""

    async def rewind(self, partition: TopicPartition, offset: int) -> None:
        """A check has no partitions."""

    def retried(self, operation: str, error: RetriableError) -> None:
        """The steps tell."""

    async def cancel_background(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)


def _checklist(blueprint: Blueprint, context: CheckContext) -> Checklist:
    sink = blueprint.make_sink()
    if isinstance(sink, Checkable):
        return sink.checklist(context, blueprint.topics)
    if isinstance(sink.config, AwsConfig):
        found = IdentityCheck(sink.config.identity(blueprint.name, task=0), sts_matters=sink.config.asks_sts)
        return Checklist(found.checks(), found.hide)
    raise ConfigError.of(
        "connector.class",
        f"{blueprint.sink_class_name} has nothing to check: it neither uses AWS nor brings checks.",
    )
