"""The life of a worker process: start, serve, stop on a signal, exit with a code."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Protocol

from connector import logs, signals
from connector.rest.app import make_app
from connector.rest.secrets import Secrets
from connector.rest.server import RestServer
from connector.runtime.task import LEAVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from connector.cluster.checks import ConnectorChecks
    from connector.cluster.connection_service import ConnectionService
    from connector.rest.herder import Herder
    from connector.settings import WorkerSettings

log = logs.get(__name__)

_SPARE_SECONDS = 5.0
_YOUNG_OBJECTS = 100_000


class WorkerHerder(Herder if TYPE_CHECKING else Protocol):  # type: ignore[misc]
    """A herder with what else is served, and an end."""

    checks: ConnectorChecks

    @property
    def connections(self) -> ConnectionService | None: ...

    async def stop(self) -> None: ...
