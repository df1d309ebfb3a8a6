"""Validations of named connections under way: each ends in a status, whoever still waits for it.

What each check found out is kept in memory, and visible while others are still under way.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector import logs
from connector.aws.validation import Examination, config_of
from connector.check import Outcome
from connector.cluster.connections import MOST_CONNECTIONS
from connector.cluster.refusal import ConnectionRefusal
from connector.concealment import conceal
from connector.config.bounds import Bounds
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, RetriableError
from connector.retry import Backoff, retrying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.aws.connection import AwsConfig
    from connector.aws.named import NamedConnection
    from connector.check import Step
    from connector.cluster.connections import ConnectionStore
    from connector.config_providers.resolver import Resolver

log = logs.get(__name__)

GIVE_UP_SECONDS = 300.0
_BACKOFF = Backoff(base_seconds=0.5, cap_seconds=15.0)


class Validations:
    """At most one validation per connection; a newer one ends the older.

    Args:
        store: Where the outcome goes.
        accepted: Called after a connection became READY.
        resolver: Reads what connections refer to.
        bounds: Where they may lead.
        examination: What it consists of.
        give_up_seconds: For how long AWS may keep silent before that is a failure.
    """

    def __init__(
        self,
        store: ConnectionStore,
        accepted: Callable[[NamedConnection], None],
        *,
        resolver: Resolver,
        bounds: Bounds = Bounds(),  # noqa: B008 - it is frozen
        examination: Examination = Examination(),  # noqa: B008 - it has no state
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> None:
        self._store = store
        self._accepted = accepted
        self._resolver = resolver
        self._bounds = bounds
        self._examination = examination
        self._give_up_seconds = give_up_seconds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, _Progress] = {}

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

    def steps(self, connection: NamedConnection) -> Sequence[Step]:
        """What was found out about the connection as it is; nothing if that was another worker, or before.

        The steps are those of its present status: neither of a former definition nor of one that another
        worker has validated since.
        """
        progress = self._progress.get(connection.name)
        if progress is None or connection not in (progress.connection, progress.outcome):
            return ()
        return progress.steps

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
        progress = self._note(connection)
        outcome = progress.outcome = await self._outcome(connection, progress)
        try:
            await asyncio.to_thread(self._store.replace, outcome, connection.version)
        except ConnectionRefusal as error:
            # Changed or deleted meanwhile: the outcome is about something that is no more.
            log.info("outcome of a validation is not kept", connection=connection.name, reason=str(error))
            return
        log.info("connection validated", connection=connection.name, status=outcome.status.value)
        if outcome.validated != connection.validated:
            self._accepted(outcome)

    def _note(self, connection: NamedConnection) -> _Progress:
        """From now on the steps of this validation are shown, not those of a former one."""
        self._progress.pop(connection.name, None)
        while len(self._progress) >= MOST_CONNECTIONS:
            del self._progress[next(iter(self._progress))]
        progress = self._progress[connection.name] = _Progress(connection)
        return progress

    async def _outcome(self, connection: NamedConnection, progress: _Progress) -> NamedConnection:
        try:
            async with asyncio.timeout(self._give_up_seconds):
                config = await asyncio.to_thread(config_of, connection, self._resolver, self._bounds)
                await self._examine(config, connection, progress)
        except TimeoutError:
            said = f": {reason}" if (reason := _reason(progress.steps)) else ""
            reason = f"AWS could not be asked for {self._give_up_seconds:g} s{said}"
        except ConfigError as error:
            reason = "; ".join(map(str, error.problems))
        except Exception as error:  # noqa: BLE001 - whatever it is, the validation ends, and says so
            log.warning("validation failed", connection=connection.name, error=type(error).__name__)
            reason = f"the worker failed to validate it ({type(error).__name__})"
        else:
            reason = _reason(progress.steps)
        if reason:
            return connection.refused(conceal(reason), progress.principal)
        return connection.accepted(dt.datetime.now(dt.UTC), progress.principal)

    async def _examine(self, config: AwsConfig, connection: NamedConnection, progress: _Progress) -> None:
        """Do all checks; anew as long as all that fails may pass by itself."""
        identity = config.identity(connection.name)

        async def attempt() -> None:
            inspection = self._examination.inspect(identity, config.asks_sts)
            done: list[Step] = []
            async for step in inspection.checklist.steps():
                done.append(_without_secrets(step, connection))
                if len(done) >= len(progress.steps):  # a repetition is shown once it is as far
                    progress.steps = tuple(done)
                progress.principal = inspection.principal() or progress.principal
            progress.steps = tuple(done)
            failures = [step for step in done if step.outcome is Outcome.FAILED]
            if failures and all(step.may_pass for step in failures):
                raise RetriableError(_reason(done), code=failures[0].code or ErrorCode.AWS_UNREACHABLE)

        await retrying(attempt, _BACKOFF, lambda _: None)


@dataclass
class _Progress:
    """How far a validation of ``connection`` is, and its outcome when it is over."""

    connection: NamedConnection
    outcome: NamedConnection | None = None
    steps: tuple[Step, ...] = ()
    principal: str | None = None


def _without_secrets(step: Step, connection: NamedConnection) -> Step:
    return replace(
        step,
        detail=connection.without_secrets(step.detail),
        remedy=connection.without_secrets(step.remedy),
    )


def _reason(steps: Sequence[Step]) -> str:
    """What failed and what to do about it; empty if nothing did."""
    failures = [step for step in steps if step.outcome is Outcome.FAILED]
    return "; ".join(f"{step.detail}: {step.remedy}" if step.remedy else step.detail for step in failures)
