"""AWS for threads that have no event loop: of config providers, schema registries, Kafka clients.

There is one loop for them all, on a thread of its own, where nothing else runs: a role is then assumed once
and refreshed, not anew with every look, and nobody waits for a loop that waits for them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import UNSIGNED

from connector.aws.credentials import signing_fault, signing_session
from connector.aws.identity import Anonymous
from connector.aws.refresh import elapsed
from connector.aws.transport import client_settings
from connector.errors import ConnectorError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from aiobotocore.session import AioSession

    from connector.aws.identity import Identity

T = TypeVar("T")

DEADLINE_SECONDS = 20.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5


class BlockingClient:
    """Asks one service as whoever an identity says, within ``DEADLINE_SECONDS``.

    Args:
        service: botocore's name.
        noun: What is read, for messages.
    """

    def __init__(self, service: str, noun: str) -> None:
        self.service = service
        self._noun = noun
        self._signer: tuple[Identity, AioSession] | None = None

    def ask(self, identity: Identity, endpoint: str | None, question: Callable[[Any], Awaitable[T]]) -> T:
        """The answer to a question, which is given a client, and anew if a fault may pass.

        Raises:
            ConnectorError: What the fault of the last attempt means; unknown ones are raised as they are.
            TimeoutError: There was no answer.
        """
        return on_loop(self._ask(identity, endpoint, question), DEADLINE_SECONDS)

    async def _ask(
        self, identity: Identity, endpoint: str | None, question: Callable[[Any], Awaitable[T]]
    ) -> T:
        options = {"signature_version": UNSIGNED} if isinstance(identity.base, Anonymous) else {}
        if self._signer is None or self._signer[0] != identity:
            self._signer = identity, signing_session(identity)
        session = self._signer[1]
        async with session.create_client(
            self.service,
            region_name=identity.region,
            endpoint_url=endpoint,
            **client_settings(identity.transport, **options),
        ) as client:
            return await self._repeated(session, lambda: question(client))

    async def _repeated(self, session: AioSession, attempt: Callable[[], Awaitable[T]]) -> T:
        for number in range(1, _ATTEMPTS + 1):
            since = elapsed()
            try:
                return await attempt()
            except (ConnectorError, ValueError):
                raise  # the answer's own meaning
            except Exception as error:
                fault = await signing_fault(session, error, "reading", f"a {self._noun}", since=since)
                if fault is None:
                    raise
                if not isinstance(fault, RetriableError) or number == _ATTEMPTS:
                    raise fault from error
            await asyncio.sleep(_PAUSE_SECONDS * number)
        raise AssertionError("unreachable: the last attempt returns or raises")


def is_absent(error: Exception, *codes: str) -> bool:
    """Whether an error of botocore says that there is no such thing."""
    response = getattr(error, "response", None) or {}
    return response.get("Error", {}).get("Code") in codes


def on_loop(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What the work comes to; blocks.

    Raises:
        TimeoutError: It took longer; it is cancelled.
    """
    with _starting:
        loop = _started_loop()
    running = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return running.result(seconds)
    except concurrent.futures.TimeoutError:
        running.cancel()
        raise TimeoutError from None


_starting = threading.Lock()


@cache
def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="blocking-clients", daemon=True).start()
    return loop
