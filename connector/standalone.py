"""A standalone worker: what is given on its command line, checked before any of it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop

from connector import signals
from connector.cluster.plan import plan
from connector.cluster.standalone import StandaloneHerder
from connector.process import prepare, serve, tune_garbage_collector
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connector.config.files import Submission
    from connector.config.target_state import TargetState
    from connector.runtime.blueprint import Blueprint


def run(settings_file: Path | None, environ: Mapping[str, str], submissions: Sequence[Submission]) -> int:
    """Run until a signal; the exit code.

    Raises:
        ConfigError: Something is wrong before anything ran.
    """
    signals.hold()
    settings = WorkerSettings.load(settings_file, environ)
    prepare(settings)
    blueprints = plan([submission.config for submission in submissions], settings)
    states = {submission.config["name"]: submission.initial_state for submission in submissions}
    tune_garbage_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings, blueprints, states))


async def _run(
    settings: WorkerSettings, blueprints: Sequence[Blueprint], states: Mapping[str, TargetState]
) -> int:
    herder = StandaloneHerder(settings)
    return await serve(settings, herder, lambda: herder.start(blueprints, states))
