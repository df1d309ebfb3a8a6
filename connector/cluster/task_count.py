"""How many tasks a connector has that leaves it to a config provider: read once for each of its configs.

Workers may read different values, say of their own variables; so whose turn it is to place the connector
decides, and the others go by what was placed (:mod:`connector.cluster.caretaker`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector import logs
from connector.config.connector import ConnectorConfig
from connector.config.reference import references

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from connector.cluster.config_state import StoredConfig
    from connector.config_providers.resolver import Resolution

log = logs.get(__name__)

OPTION = ConnectorConfig.tasks_max.name


def written_count(config: Mapping[str, str]) -> int | None:
    """What the config itself says; None if a config provider is to tell. What is no number, one task says."""
    if references(config.get(OPTION, "")):
        return None
    found = ConnectorConfig(config)
    return 1 if found.is_faulty(ConnectorConfig.tasks_max) else found.tasks_max


class TaskCounts:
    """Asks config providers, each config's once.

    Args:
        resolve: Puts values in the place of references; blocks.
        told: Called on the event loop when an answer is there.
        seconds: How long to wait for one; then the connector has one task, which fails with the reason.
    """

    def __init__(
        self,
        resolve: Callable[[Mapping[str, str]], Resolution],
        told: Callable[[], None],
        *,
        seconds: float,
    ) -> None:
        self._resolve = resolve
        self._told = told
        self._seconds = seconds
        self._asked: dict[str, tuple[int, asyncio.Task[int]]] = {}

    def of(self, name: str, stored: StoredConfig) -> int | None:
        """None while nobody has answered; ``told`` is called then."""
        offset, asked = self._asked.get(name, (None, None))
        if asked is None or offset != stored.offset:
            asked = asyncio.create_task(self._read(name, stored.config), name=f"task-count-{name}")
            asked.add_done_callback(lambda _: self._told())
            self._asked[name] = stored.offset, asked
        return asked.result() if asked.done() and not asked.cancelled() else None

    def keep(self, names: Collection[str]) -> None:
        """Forget all other connectors."""
        for name in self._asked.keys() - names:
            self._asked.pop(name)[1].cancel()

    async def stop(self) -> None:
        tasks = [task for _, task in self._asked.values()]
        self._asked.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, name: str, config: Mapping[str, str]) -> int:
        try:
            async with asyncio.timeout(self._seconds):
                found = await asyncio.to_thread(self._resolve, {OPTION: config[OPTION]})
        except Exception as error:  # noqa: BLE001 - a provider is a plug-in; the task says what is wrong
            log.warning("tasks.max is not known", connector=name, error=type(error).__name__)
            return 1
        return 1 if found.problems else written_count(found.values) or 1
