"""When to try again: exponential backoff with full jitter, for everything that raises RetriableError."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential
from tenacity.stop import stop_never

from connector.errors import RetriableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """The n-th wait is random between 0 and ``base * 2^n`` seconds, at most ``cap`` seconds."""

    base_seconds: float = 0.1
    cap_seconds: float = 20.0


async def retrying(
    attempt: Callable[[], Awaitable[T]],
    backoff: Backoff,
    on_retry: Callable[[RetriableError], None],
    stopping: asyncio.Event | None = None,
) -> T:
    """Call ``attempt`` until it does not raise RetriableError; every other error passes at once.

    Without ``stopping`` it goes on until it is cancelled. Once ``stopping`` is set, a wait ends at once
    and the last RetriableError is raised.
    """
    sleep = _sleep_unless(stopping)
    try:
        # What succeeds at once, as nearly everything does, pays nothing for the rest.
        return await attempt()
    except RetriableError as error:
        if stopping is not None and stopping.is_set():
            raise
        on_retry(error)
        await sleep(random.uniform(0, backoff.base_seconds))  # noqa: S311 - jitter, not a secret

    def before_sleep(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RetriableError):
            on_retry(error)

    controller = AsyncRetrying(
        retry=retry_if_exception_type(RetriableError),
        wait=wait_random_exponential(multiplier=2 * backoff.base_seconds, max=backoff.cap_seconds),
        stop=_StopWhenSet(stopping) if stopping else stop_never,
        sleep=sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    async for trial in controller:
        with trial:
            return await attempt()
    raise AssertionError("unreachable: the last RetriableError is raised")


class _StopWhenSet:
    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def __call__(self, _: RetryCallState) -> bool:
        return self._event.is_set()


def _sleep_unless(stopping: asyncio.Event | None) -> Callable[[float], Awaitable[None]]:
    if stopping is None:
        return asyncio.sleep

    async def sleep(seconds: float) -> None:
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            return

    return sleep
