"""The pipeline of a task at work: in a thread if there is much to do, and again where it may yet succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from connector.record import RecordBatch
    from connector.runtime.context import TaskContext
    from connector.runtime.pipeline import Applied, Pipeline
    from connector.runtime.waiting import Waiting

_BASE_SECONDS = 0.3


class Conversion:
    """Converts and transforms batches, all that were polled at once."""

    def __init__(
        self,
        pipeline: Pipeline,
        context: TaskContext,
        waiting: Waiting,
        *,
        delay_seconds: float,
        most_seconds: float | None,
    ) -> None:
        """Convert nothing yet.

        Args:
            pipeline: What is done to a batch.
            context: Has the threads.
            waiting: Repeats.
            delay_seconds: The longest wait between two attempts.
            most_seconds: How long it is repeated; None is as long as it takes.
        """
        self._pipeline = pipeline
        self._context = context
        self._waiting = waiting
        self._backoff = Backoff(_BASE_SECONDS, delay_seconds)
        self._most_seconds = most_seconds

    async def convert(self, batches: Sequence[RecordBatch], columns: Collection[str]) -> list[Applied]:
        """What became of each batch.

        Args:
            batches: As they were polled.
            columns: Those that the sink looks at.

        Raises:
            RetriesExhaustedError: What a converter needs could not be had in time.
        """
        converted: list[Applied] = []
        await self._waiting.finish(
            self._waiting.retrying(
                "convert",
                lambda: self._go_on(batches, columns, converted),
                self._backoff,
                self._most_seconds,
            )
        )
        return converted

    async def _go_on(
        self, batches: Sequence[RecordBatch], columns: Collection[str], converted: list[Applied]
    ) -> None:
        if self._pipeline.only_renames(columns):
            self._convert_the_rest(batches, converted)
        else:
            await self._context.in_thread(self._convert_the_rest, batches, converted)

    def _convert_the_rest(self, batches: Sequence[RecordBatch], converted: list[Applied]) -> None:
        """What is converted stays so when a schema registry answers only some of the batches."""
        for batch in batches[len(converted) :]:
            converted.append(self._pipeline.apply(batch))  # noqa: PERF401 - one by one: the next may fail
