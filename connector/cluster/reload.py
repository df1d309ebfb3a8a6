"""Reads what connectors refer to again and again, and starts those anew whose values changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from connector import logs
from connector.cluster.reading import READ_SECONDS
from connector.concealment import conceal
from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from connector.config_providers.resolver import Resolver
    from connector.runtime.blueprint import Blueprint

log = logs.get(__name__)


class Restart(Protocol):
    """Starts a connector anew with its references as they are now, or raises and lets it go on."""

    def __call__(self, connector: str) -> Coroutine[Any, Any, None]: ...


class Reloads:
    """A loop over the connectors that refer to config providers.

    Args:
        resolver: Reads.
        connectors: What runs at the moment.
        restart: Called for a connector whose values changed.
        interval_seconds: From one look at all of them to the next.
        read_seconds: A provider that takes longer is left behind, until the next look.
    """

    def __init__(
        self,
        resolver: Resolver,
        connectors: Callable[[], Sequence[Blueprint]],
        restart: Restart,
        *,
        interval_seconds: float,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._resolver = resolver
        self._connectors = connectors
        self._restart = restart
        self._interval_seconds = interval_seconds
        self._read_seconds = read_seconds
        self._told: dict[str, str] = {}
        self._loop: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._interval_seconds > 0:
            self._loop = asyncio.create_task(self._run(), name="reload")

    async def stop(self) -> None:
        """End the loop; a restart under way ends by itself: cut short, it would cut off its tasks."""
        under_way = [task for task in (self._loop, self._restarting) if task is not None]
        if self._loop is not None:
            self._loop.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def look(self) -> None:
        """Look at every connector once; whatever goes wrong with one is a warning."""
        for blueprint in list(self._connectors()):
            if not blueprint.read or blueprint.config.config_action_reload != "restart":
                continue
            try:
                await self._look_at(blueprint)
            except (ConnectorError, TimeoutError) as error:
                self._tell(blueprint.name, _reason(error))
            except Exception as error:  # noqa: BLE001 - the next look comes all the same
                self._tell(blueprint.name, f"the worker failed to look ({type(error).__name__})")
            else:
                self._told.pop(blueprint.name, None)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_seconds)
            await self.look()

    async def _look_at(self, blueprint: Blueprint) -> None:
        async with asyncio.timeout(self._read_seconds):
            now = await asyncio.to_thread(self._resolver.read, blueprint.read)
        changed = [each.text for each, value in now.items() if value != blueprint.read[each]]
        if changed:
            log.info("references changed", connector=blueprint.name, references=changed)
            self._restarting = asyncio.create_task(self._restart(blueprint.name))
            await asyncio.shield(self._restarting)

    def _tell(self, connector: str, reason: str) -> None:
        """Once for each reason: a file that is gone is gone at every look."""
        if self._told.get(connector) != reason:
            self._told[connector] = reason
            log.warning("connector goes on with former values", connector=connector, reason=reason)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "config providers took too long: look at where they read"
    if isinstance(error, ConfigError):
        return conceal("; ".join(map(str, error.problems)))
    return conceal(str(error))
