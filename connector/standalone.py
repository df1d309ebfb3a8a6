"""The life of a standalone worker process: start, serve, stop on a signal, exit with a code."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import uvloop

from connector import logs, signals
from connector.cluster.standalone import StandaloneHerder, plan
from connector.rest.app import make_app
from connector.rest.secrets import Secrets
from connector.rest.server import RestServer
from connector.runtime.task import LEAVE_SECONDS
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connector.config.files import Submission
    from connector.config.target_state import TargetState
    from connector.runtime.blueprint import Blueprint

log = logs.get(__name__)

_SPARE_SECONDS = 5.0
_YOUNG_OBJECTS = 100_000


def run(settings_file: Path | None, environ: Mapping[str, str], submissions: Sequence[Submission]) -> int:
    """Run until a signal; the exit code.

    Raises:
        ConfigError: Something is wrong before anything ran.
    """
    signals.hold()
    settings = WorkerSettings.load(settings_file, environ)
    logs.configure(level=settings.log_level, as_json=settings.log_format == "json")
    for option, meant in settings.unknown.items():
        log.warning("unknown worker property", property=option, did_you_mean=meant)
    for option, reason in settings.ignored.items():
        log.info("worker property has no effect", property=option, reason=reason)
    blueprints = plan([submission.config for submission in submissions], settings)
    states = {submission.config["name"]: submission.initial_state for submission in submissions}
    tune_garbage_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings, blueprints, states))


async def serve(
    settings: WorkerSettings,
    blueprints: Sequence[Blueprint],
    states: Mapping[str, TargetState] | None = None,
) -> int:
    stopping = asyncio.Event()
    stop_seconds = settings.task_shutdown_graceful_timeout_ms / 1000 + LEAVE_SECONDS + _SPARE_SECONDS
    signals.watch(asyncio.get_running_loop(), stopping, stop_seconds)
    herder = StandaloneHerder(settings)
    app = make_app(
        herder,
        secrets=Secrets(settings.rest_config_secrets),
        connections=herder.connections,
        checks=herder.checks,
    )
    rest = await RestServer.start(app, settings.listeners)
    try:
        await herder.start(blueprints, states)
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
