"""How a task waits: with retries, not for what has failed meanwhile, and not beyond the deadline of its stop.

Whatever is waited for may never come: a service is away, what should bring it has failed in the background,
or the task was told to stop and its graceful timeout passes.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from connector.error_codes import ErrorCode
from connector.errors import ConnectorError, RetriableError
from connector.retry import Backoff, retrying

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.runtime.context import TaskContext

T = TypeVar("T")

_RETRY_BACKOFF = Backoff(base_seconds=0.5, cap_seconds=30.0)
OBSERVE_SECONDS = 1.0
"""How long a wait may go on before it looks up."""


class Waiting:
    """The waits of one task, which one stop ends."""

    def __init__(
        self, context: TaskContext, *, shutdown_seconds: float, meanwhile: Callable[[], None]
    ) -> None:
        """Wait for nothing yet.

        Args:
            context: Knows what has failed in the background, and counts retries.
            shutdown_seconds: The graceful timeout, of a revocation or from a stop on.
            meanwhile: Called now and then while something is waited for.
        """
        self._context = context
        self._shutdown_seconds = shutdown_seconds
        self._meanwhile = meanwhile
        self._stopping = asyncio.Event()
        self._deadline: float | None = None

    def stop(self) -> None:
        """The graceful timeout starts now; whoever waits to try again does not."""
        self._deadline = time.monotonic() + self._shutdown_seconds
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def remaining_seconds(self) -> float:
        """Of the one budget that revocation and shutdown share."""
        if self._deadline is None:
            return self._shutdown_seconds
        return max(0.0, self._deadline - time.monotonic())

    @property
    def has_failed(self) -> bool:
        """Whether something in the background has."""
        return self._context.failure.done()

    def raise_failure(self) -> None:
        """Raises what has failed in the background, if anything has."""
        if self._context.failure.done():
            raise self._context.failure.result()

    async def retrying(
        self,
        operation: str,
        attempt: Callable[[], Awaitable[T]],
        backoff: Backoff = _RETRY_BACKOFF,
        most_seconds: float | None = None,
    ) -> T:
        """Repeat what raises RetriableError.

        Args:
            operation: Its name in metrics and logs.
            attempt: What is repeated.
            backoff: The waits in between.
            most_seconds: How long; None is until it succeeds.

        Raises:
            RetriesExhaustedError: The time is over.
            StoppedError: The task is to stop, so it is not tried again.
        """
        first: list[float] = []

        def on_retry(error: RetriableError) -> None:
            self._context.retried(operation, error)
            first.append(time.monotonic())
            if most_seconds is not None and time.monotonic() - first[0] >= most_seconds:
                raise RetriesExhaustedError(operation, error) from error

        try:
            return await retrying(attempt, backoff, on_retry, self._stopping)
        except RetriableError as error:
            raise StoppedError(str(error)) from error

    async def finish(self, work: Awaitable[T]) -> T:
        """Wait for ``work``; a failure in the background ends it, and so does the deadline of a stop."""
        pending = asyncio.ensure_future(work)
        try:
            while not pending.done():
                watched: set[asyncio.Future[Any]] = {pending, self._context.failure}
                await asyncio.wait(
                    watched,
                    timeout=OBSERVE_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self.raise_failure()
                self._meanwhile()
                if self._deadline is not None and time.monotonic() > self._deadline:
                    raise StoppedError("the graceful timeout passed")
            return await pending
        finally:
            pending.cancel()

    async def unless_failed(self, work: Awaitable[T]) -> T:
        """Wait for ``work``, which a failure in the background ends: what it waits for may never come."""
        pending = asyncio.ensure_future(work)
        try:
            watched: set[asyncio.Future[Any]] = {pending, self._context.failure}
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            self.raise_failure()
            return await pending
        finally:
            pending.cancel()

    async def until_set(self, event: asyncio.Event, seconds: float) -> None:
        """Until the event is set, or the task is to stop, or the time is over."""
        await self.finish(_first_of(event, self._stopping, seconds=seconds))


class StoppedError(Exception):
    """The task was told to stop while it waited."""


class RetriesExhaustedError(ConnectorError):
    """What a conversion needs could not be had within errors.retry.timeout."""

    def __init__(self, operation: str, error: RetriableError) -> None:
        super().__init__(
            f"{operation} was given up after errors.retry.timeout, and nothing is committed beyond what was"
            f" delivered: {error}",
            code=ErrorCode.RETRIES_EXHAUSTED,
        )


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    """Until one of them is set, or the time is over."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
