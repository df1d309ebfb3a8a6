"""The life of a worker process: prepare, serve, stop on a signal, exit with a code."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from connector import logs, signals, tracing
from connector.rest.listeners import RestListeners
from connector.runtime.task import LEAVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.cluster.distributed import DistributedHerder
    from connector.cluster.standalone import StandaloneHerder
    from connector.settings import WorkerSettings

log = logs.get(__name__)

_SPARE_SECONDS = 5.0
_YOUNG_OBJECTS = 100_000


def prepare(settings: WorkerSettings) -> None:
    """Log as the operator wants it, and say what of the properties has no effect."""
    logs.configure(level=settings.log_level, as_json=settings.log_format == "json")
    for option, meant in settings.unknown.items():
        log.warning("unknown worker property", property=option, did_you_mean=meant)
    for option, reason in settings.ignored.items():
        log.info("worker property has no effect", property=option, reason=reason)


async def serve(
    settings: WorkerSettings,
    herder: StandaloneHerder | DistributedHerder,
    start: Callable[[], Awaitable[None]],
) -> int:
    """Run the herder and its REST API until a signal; the exit code."""
    stopping = asyncio.Event()
    stop_seconds = settings.task_shutdown_graceful_timeout_ms / 1000 + LEAVE_SECONDS + _SPARE_SECONDS
    signals.watch(asyncio.get_running_loop(), stopping, stop_seconds)
    if settings.tracing_enable:
        tracing.start(settings.worker_id)
    rest = await RestListeners.start(settings, herder)
    try:
        await start()
        log.info("worker started", connectors=herder.connectors(), rest=settings.worker_id)
        await stopping.wait()
        log.info("worker stopping")
    finally:
        await herder.stop()
        await rest.stop()
        await asyncio.to_thread(tracing.stop)
    log.info("worker stopped")
    return 0


def tune_garbage_collector() -> None:
    """A poll makes ten thousand objects that reference counting frees at once.

    With the default threshold of 700 each poll would run the collector a dozen times, for nothing: about
    a quarter of the CPU time.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 50, 100)
