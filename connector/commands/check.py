"""What ``connector aws check`` does: the steps of a connector's checklist, as text or JSON."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import typer

from connector import logs
from connector.aws.check import IdentityCheck
from connector.aws.connection import AwsConfig
from connector.check import Checklist, Outcome
from connector.cluster.standalone import plan
from connector.commands.offline import offline_settings
from connector.concealment import conceal
from connector.config.files import read_connector
from connector.errors import ConfigError
from connector.runtime.context import TaskContext
from connector.sinks.base import Checkable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.check import Step
    from connector.runtime.blueprint import Blueprint

_INDENT = " " * 9


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
        steps = asyncio.run(_steps(blueprint, deadline_seconds, lambda _: None))
        typer.echo(json.dumps(_report(blueprint, steps), indent=2))
    else:
        typer.echo(_heading(blueprint))
        steps = asyncio.run(_steps(blueprint, deadline_seconds, lambda step: typer.echo(_lines(step))))
        typer.echo(_summary(steps))
    return _works(steps)


async def _steps(blueprint: Blueprint, deadline_seconds: float, show: Callable[[Step], None]) -> list[Step]:
    done = []
    with ThreadPoolExecutor(1) as executor:
        checklist = _checklist(blueprint, TaskContext(blueprint.name, 0, executor))
        async for step in checklist.steps(deadline_seconds):
            told = replace(step, detail=conceal(step.detail), remedy=conceal(step.remedy))
            show(told)
            done.append(told)
    return done


def _checklist(blueprint: Blueprint, context: TaskContext) -> Checklist:
    sink = blueprint.make_sink()
    if isinstance(sink, Checkable):
        return sink.checklist(context, blueprint.config.topics)
    if isinstance(sink.config, AwsConfig):
        found = IdentityCheck(sink.config.identity(blueprint.name))
        return Checklist(found.checks(), found.hide)
    raise ConfigError.of(
        "connector.class",
        f"{blueprint.sink_class_name} has nothing to check: it neither uses AWS nor brings checks.",
    )


def _works(steps: list[Step]) -> bool:
    return all(step.outcome is not Outcome.FAILED for step in steps)


def _heading(blueprint: Blueprint) -> str:
    return (
        f"Run on this machine, {socket.gethostname()}: this worker must reach the endpoints.\n"
        f"Connector {blueprint.name}, sink {blueprint.sink_class_name}\n"
    )


def _lines(step: Step) -> str:
    first = f"{step.outcome.value:<8} {step.name}: {step.detail}"
    if step.outcome in {Outcome.OK, Outcome.WARNING, Outcome.FAILED}:
        first += f" [{step.seconds:.2f} s]"
    return f"{first}\n{_INDENT}to do: {step.remedy}." if step.remedy else first


def _summary(steps: list[Step]) -> str:
    counts = Counter(step.outcome for step in steps)
    told = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
    return f"\n{'Nothing failed' if _works(steps) else 'This connector would not work'}: {told}."


def _report(blueprint: Blueprint, steps: list[Step]) -> dict[str, object]:
    return {
        "checked_on": socket.gethostname(),
        "connector": blueprint.name,
        "sink": blueprint.sink_class_name,
        "works": _works(steps),
        "steps": [{**asdict(step), "seconds": round(step.seconds, 3)} for step in steps],
    }
