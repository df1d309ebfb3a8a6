"""What ``connector aws check`` does: the steps of a connector's checklist, as text or JSON."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

import typer

from connector import logs
from connector.cluster.plan import plan
from connector.commands.check_text import counted, lines
from connector.commands.offline import offline_settings
from connector.commands.terminal import Progress
from connector.config.files import read_connector
from connector.runtime.check import report, steps_of, works

if TYPE_CHECKING:
    from pathlib import Path

    from connector.check import Step
    from connector.runtime.blueprint import Blueprint

_GOING_ON = "{} steps done, the next one is under way …"


def run(path: Path, *, worker: Path | None = None, as_json: bool, deadline_seconds: float) -> bool:
    """Check one connector and print what was found.

    Returns:
        Whether no step failed.

    Raises:
        ConfigError: The config is at fault, or its sink has nothing to check.
    """
    (blueprint,) = plan([read_connector(path)], offline_settings(worker))
    # The steps tell it better, and standard error should hold only what is wrong with the command.
    logs.configure(level="CRITICAL")
    if as_json:
        steps = asyncio.run(steps_of(blueprint, step_seconds=deadline_seconds))
        typer.echo(json.dumps(report(blueprint, steps), indent=2))
    else:
        typer.echo(_heading(blueprint))
        with Progress() as progress:
            progress.tell(_GOING_ON.format(0))
            show = _Show(progress)
            steps = asyncio.run(steps_of(blueprint, show, step_seconds=deadline_seconds))
        typer.echo(_summary(steps))
    return works(steps)


class _Show:
    """Each step as soon as it is done, and that there are more."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0

    def __call__(self, step: Step) -> None:
        self._done += 1
        self._progress.clear()
        typer.echo(lines(step.shown()))
        self._progress.tell(_GOING_ON.format(self._done))


def _heading(blueprint: Blueprint) -> str:
    return (
        f"Run on this machine, {socket.gethostname()}: this worker must reach the endpoints.\n"
        f"Connector {blueprint.name}, sink {blueprint.sink_class_name}\n"
    )


def _summary(steps: list[Step]) -> str:
    verdict = "Nothing failed" if works(steps) else "This connector would not work"
    return f"\n{verdict}: {counted(step.shown() for step in steps)}."
