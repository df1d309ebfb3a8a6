"""The life of a standalone worker process: start, serve, stop on a signal, exit with a code."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import TYPE_CHECKING

import uvloop

from connector import logs
from connector.cluster.standalone import StandaloneHerder, plan
from connector.rest.app import make_app
from connector.rest.secrets import Secrets
from connector.rest.server import RestServer
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint

log = logs.get(__name__)

FORCED = 130
_SAME_SIGNAL_SECONDS = 0.5
"""Supervisors such as timeout(1) signal both the process and its group; that is one request."""
_YOUNG_OBJECTS = 100_000


def run(settings_file: Path | None, environ: Mapping[str, str], raw_configs: Sequence[RawConfig]) -> int:
    """Run until a signal; the exit code.

    Raises:
        ConfigError: Something is wrong before anything ran.
    """
    settings = WorkerSettings.load(settings_file, environ)
    logs.configure(level=settings.log_level, as_json=settings.log_format == "json")
    for option, meant in settings.unknown.items():
        log.warning("unknown worker property", property=option, did_you_mean=meant)
    for option, reason in settings.ignored.items():
        log.info("worker property has no effect", property=option, reason=reason)
    blueprints = plan(raw_configs, settings)
    tune_garbage_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings, blueprints))


async def serve(settings: WorkerSettings, blueprints: Sequence[Blueprint]) -> int:
    stopping = asyncio.Event()
    _on_signals(stopping)
    herder = StandaloneHerder(settings)
    app = make_app(herder, secrets=Secrets(settings.rest_config_secrets), connections=herder.connections)
    rest = await RestServer.start(app, settings.listeners)
    try:
        await herder.start(blueprints)
        log.info("worker started", connectors=herder.connectors(), rest=settings.worker_id)
        await stopping.wait()
        log.info("worker stopping")
    finally:
        await herder.stop()
        await rest.stop()
    log.info("worker stopped")
    return 0


def tune_garbage_collector() -> None:
    """A poll makes ten thousand objects that reference counting frees at once.

    With the default threshold of 700 each poll would run the collector a dozen times, for nothing: about
    a quarter of the CPU time.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 50, 100)


def _on_signals(stopping: asyncio.Event) -> None:
    """The first signal stops gracefully; the second ends the process, and loses nothing.

    Nothing can be lost, because offsets are committed only after the records below them are stored.
    """
    loop = asyncio.get_running_loop()
    first: float | None = None

    def handle() -> None:
        nonlocal first
        if first is None:
            first = loop.time()
            stopping.set()
        elif loop.time() - first > _SAME_SIGNAL_SECONDS:
            log.warning("second signal: ending at once")
            os._exit(FORCED)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle)
