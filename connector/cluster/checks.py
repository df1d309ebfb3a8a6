"""Checks of connectors on the worker that was asked, with its identity, network and named connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connector import logs
from connector.check import DEADLINE_SECONDS
from connector.cluster.defaults import Defaults
from connector.cluster.refusal import ConnectionsTimedOutError
from connector.error_codes import ErrorCode
from connector.errors import ConnectorError
from connector.runtime.blueprint import draw
from connector.runtime.check import report, steps_of

if TYPE_CHECKING:
    from connector.cluster.connections import ConnectionStore
    from connector.config.schema import RawConfig
    from connector.settings import WorkerSettings

log = logs.get(__name__)

MOST_CHECKS = 4
"""At the same time: what is more is refused, not queued."""
TOTAL_SECONDS = 45.0
"""For all steps of a check; undoing what the last one began may take ten seconds more."""
_NAME = "connector-check"


class TooManyChecksError(ConnectorError):
    """Nobody needs to act: the same again when others are over."""

    code = ErrorCode.REQUEST_REFUSED


class ConnectorChecks:
    """What ``connector aws check`` does, on the worker."""

    def __init__(
        self,
        settings: WorkerSettings,
        store: ConnectionStore | None,
        *,
        step_seconds: float = DEADLINE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._store = store
        self._step_seconds = step_seconds
        self._total_seconds = total_seconds
        self._under_way = 0

    async def check(self, raw: RawConfig) -> dict[str, Any]:
        """Check a connector that need not exist; what was found out, as JSON.

        Raises:
            ConfigError: With every fault of the config, or because its sink has nothing to check.
            TooManyChecksError: There are enough under way.
            ConnectionsTimedOutError: Its named connection cannot be read in time.
        """
        if self._under_way >= MOST_CHECKS:
            raise TooManyChecksError(
                f"{MOST_CHECKS} checks are under way on this worker: try again in a minute"
            )
        self._under_way += 1
        try:
            return await self._check({"name": _NAME, **raw})
        finally:
            self._under_way -= 1

    async def _check(self, raw: RawConfig) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._total_seconds):
                blueprint = await asyncio.to_thread(draw, raw, Defaults(self._settings, self._store))
        except TimeoutError:
            raise ConnectionsTimedOutError(
                f"The config was not read within {self._total_seconds:g} s: look at the disk of the named"
                " connections, then repeat"
            ) from None
        steps = await steps_of(blueprint, step_seconds=self._step_seconds, total_seconds=self._total_seconds)
        found = report(blueprint, steps, self._settings.worker_id)
        log.info("connector checked", connector=blueprint.name, works=found["works"])
        return found
