"""Validations of named connections under way: each ends in a status, whoever still waits for it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

from connector import logs
from connector.aws.validation import Examination, identity_of
from connector.cluster.refusal import ConnectionRefusal
from connector.concealment import conceal
from connector.errors import ConfigError, ConnectorError
from connector.retry import Backoff, retrying

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.aws.named import NamedConnection
    from connector.cluster.connections import ConnectionStore
    from connector.config_providers.resolver import Resolver
    from connector.errors import RetriableError

log = logs.get(__name__)

GIVE_UP_SECONDS = 300.0
_BACKOFF = Backoff(base_seconds=0.5, cap_seconds=15.0)


class Validations:
    """At most one validation per connection; a newer one ends the older.

    Args:
        store: Where the outcome goes.
        accepted: Called after a connection became READY.
        resolver: Reads what connections refer to.
        examination: What it consists of.
        give_up_seconds: For how long AWS may keep silent before that is a failure.
    """

    def __init__(
        self,
        store: ConnectionStore,
        accepted: Callable[[NamedConnection], None],
        *,
        resolver: Resolver,
        examination: Examination = Examination(),  # noqa: B008 - it has no state
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> None:
        self._store = store
        self._accepted = accepted
        self._resolver = resolver
        self._examination = examination
        self._give_up_seconds = give_up_seconds
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, connection: NamedConnection) -> asyncio.Task[None]:
        """Validate in the background what is stored as IN_PROGRESS."""
        self.cancel(connection.name)
        task = asyncio.create_task(self._run(connection), name=f"validate-{connection.name}")
        self._running[connection.name] = task
        task.add_done_callback(lambda done: self._ended(connection.name, done))
        return task

    def cancel(self, name: str) -> None:
        if task := self._running.pop(name, None):
            task.cancel()

    async def stop(self) -> None:
        """What is under way stays IN_PROGRESS, and begins anew with the next start of the worker."""
        running = list(self._running.values())
        for name in list(self._running):
            self.cancel(name)
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._running.get(name) is task:
            del self._running[name]
        if not task.cancelled() and (error := task.exception()):
            log.error("validation failed to end", connection=name, error=type(error).__name__)

    async def _run(self, connection: NamedConnection) -> None:
        outcome = await self._outcome(connection)
        try:
            await asyncio.to_thread(self._store.replace, outcome, connection.version)
        except ConnectionRefusal as error:
            # Changed or deleted meanwhile: the outcome is about something that is no more.
            log.info("outcome of a validation is not kept", connection=connection.name, reason=str(error))
            return
        log.info("connection validated", connection=connection.name, status=outcome.status.value)
        if outcome.validated != connection.validated:
            self._accepted(outcome)

    async def _outcome(self, connection: NamedConnection) -> NamedConnection:
        last: list[str] = []
        principal: list[str | None] = [connection.principal]

        def on_retry(error: RetriableError) -> None:
            last[:] = [str(error)]

        async def attempt() -> None:
            identity = await asyncio.to_thread(identity_of, connection, self._resolver)
            principal[:] = [await self._examination.principal(identity)]
            await self._examination.check(identity)

        try:
            async with asyncio.timeout(self._give_up_seconds):
                await retrying(attempt, _BACKOFF, on_retry)
        except TimeoutError:
            said = f": {last[0]}" if last else ""
            reason = f"AWS could not be asked for {self._give_up_seconds:g} s{said}"
        except ConfigError as error:
            reason = "; ".join(map(str, error.problems))
        except ConnectorError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the validation ends, and says so
            log.warning("validation failed", connection=connection.name, error=type(error).__name__)
            reason = f"the worker failed to validate it ({type(error).__name__})"
        else:
            return connection.accepted(dt.datetime.now(dt.UTC), principal[0])
        return connection.refused(conceal(reason), principal[0])
