"""What ``connector status`` does: what connectors and their tasks do, as a worker tells it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from connector.commands.terminal import table
from connector.error_codes import CODE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.commands.worker_client import WorkerClient

_COLOURS = {
    "RUNNING": "green",
    "FAILED": "red",
    "PAUSED": "yellow",
    "STOPPED": "yellow",
    "UNASSIGNED": "yellow",
    "RESTARTING": "yellow",
}
_FAILED = "FAILED"


def run(client: WorkerClient, connector: str | None, *, as_json: bool, with_traces: bool = False) -> bool:
    """Print the state of a connector, or of all.

    Returns:
        Whether nothing has failed.

    Raises:
        WorkerRefusedError: There is no such connector, or no worker answers.
    """
    if connector is None:
        expanded = client.ask("GET", ["connectors"], query=[("expand", "status"), ("expand", "info")])
        found = [_one(each["status"], each["info"]) for _, each in sorted(expanded.items())]
    else:
        status = client.ask("GET", ["connectors", connector, "status"])
        found = [_one(status, client.ask("GET", ["connectors", connector]))]
    if as_json:
        typer.echo(json.dumps(found if connector is None else found[0], indent=2, ensure_ascii=False))
    elif not found:
        typer.echo("There are no connectors.")
    else:
        typer.echo(_connectors(found) if connector is None else _tasks(found[0]))
        for line in _faults(found, with_traces=with_traces):
            typer.echo(line)
    return not any(_has_failed(each) for each in found)


def _one(status: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a connector as scripts get it."""
    return {**status, "sink": info.get("config", {}).get("connector.class", "").rpartition(".")[2]}


def _has_failed(found: Mapping[str, Any]) -> bool:
    return _FAILED in {found["connector"]["state"], *(task["state"] for task in found["tasks"])}


def _connectors(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [["CONNECTOR", "SINK", "STATE", "TASKS", "WORKER"]]
    for each in found:
        workers = sorted({task["worker_id"] for task in each["tasks"]} or {each["connector"]["worker_id"]})
        state = each["connector"]["state"]
        rows.append([each["name"], each["sink"], state, _counted(each["tasks"]), ", ".join(workers)])
    return table(rows, [None, *(_COLOURS.get(_worst(each)) for each in found)])


def _tasks(found: Mapping[str, Any]) -> str:
    parts = [("connector", found["connector"]), *((f"task {task['id']}", task) for task in found["tasks"])]
    rows = [[found["name"], "STATE", "WORKER"]]
    rows += [[name, part["state"], part["worker_id"]] for name, part in parts]
    return table(rows, [None, *(_COLOURS.get(part["state"]) for _, part in parts)])


def _worst(found: Mapping[str, Any]) -> str:
    return _FAILED if _has_failed(found) else str(found["connector"]["state"])


def _counted(tasks: Sequence[Mapping[str, Any]]) -> str:
    """``3 running, 1 failed``, what is most first."""
    counts = Counter(str(task["state"]).lower() for task in tasks)
    return ", ".join(f"{count} {state}" for state, count in counts.most_common()) or "none"


def _faults(found: Sequence[Mapping[str, Any]], *, with_traces: bool) -> list[str]:
    """Why something failed; of a trace only what happened, unless where is asked for, too."""
    lines = []
    for each in found:
        parts = [
            (each["name"], each["connector"]),
            *((f"{each['name']}, task {task['id']}", task) for task in each["tasks"]),
        ]
        for name, part in parts:
            trace = str(part.get("trace") or "").strip()
            if trace:
                lines += ["", f"{name}: {trace if with_traces else what_happened(trace)}"]
    return lines


def what_happened(trace: str) -> str:
    """From the last line that is not indented: in Python it ends the trace, in Java frames come behind it.

    The code of the error, which our workers write below, goes along.
    """
    lines = [line for line in trace.splitlines() if not line.startswith("\tat ") and line.strip()]
    begins = (
        number for number, line in enumerate(lines) if not line[0].isspace() and not line.startswith(CODE)
    )
    last = max(begins, default=0)
    return "\n".join(lines[last:])
