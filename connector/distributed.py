"""A distributed worker: one of several that share the connectors submitted to any of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop

from connector import signals
from connector.cluster.distributed import DistributedHerder
from connector.cluster.settings import DistributedSettings
from connector.process import prepare, serve, tune_garbage_collector

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run(settings_file: Path | None, environ: Mapping[str, str]) -> int:
    """Run until a signal; the exit code.

    Raises:
        ConfigError: Something is wrong before anything ran.
    """
    signals.hold()
    settings = DistributedSettings.load(settings_file, environ)
    prepare(settings)
    tune_garbage_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings))


async def _run(settings: DistributedSettings) -> int:
    herder = DistributedHerder(settings)
    return await serve(settings, herder, herder.start)
