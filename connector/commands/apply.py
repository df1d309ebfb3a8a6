"""``connector apply``: makes the connectors of a running cluster those of some files, over REST.

Repeating it is harmless: what is as it should be is left alone. Nothing is undone when a step fails; the next
run goes on.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from connector.commands.reconciliation import Deed, Present, Step, named, plan
from connector.commands.status import what_happened
from connector.commands.worker_client import WorkerRefusedError
from connector.config.files import connector_files, read_submission
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from connector.commands.worker_client import WorkerClient

_PAUSE_SECONDS = 1.0
_MOMENTARY = frozenset({0, 409, 429, 500, 502, 503, 504})
"""No answer yet, a rebalance, too many changes, a worker that starts: worth asking again."""
_VERBS = {"RUNNING": "resume", "PAUSED": "pause", "STOPPED": "stop"}
_ON_THE_WAY = frozenset({"UNASSIGNED", "RESTARTING", ""})


def run(
    files: Sequence[Path],
    connect: Callable[[], WorkerClient],
    *,
    owner: str,
    prune: bool,
    dry_run: bool,
    wait: bool,
    timeout_seconds: float,
) -> bool:
    """Tell and do what makes the connectors of a cluster those of the files.

    Args:
        files: Or folders of them.
        connect: Makes the client once the files are read.
        owner: Whose connectors they are; everybody's if empty.
        prune: Delete those that no file has.
        dry_run: Only tell.
        wait: For connectors and tasks to be in the wanted state.
        timeout_seconds: For all of it.

    Returns:
        Whether all is well.

    Raises:
        ConnectorError: A config is at fault, or no worker answers.
    """
    deadline = time.monotonic() + timeout_seconds
    if not files and not (prune and owner):
        raise ConfigError.of("FILES", "Name files of connectors, or folders of them.")
    wanted = named(_submissions(files), owner)
    cluster = Cluster(connect(), deadline)
    steps = plan(wanted, cluster.connectors(), owner=owner, prune=prune)
    if dry_run:
        for line in _told(steps):
            typer.echo(line)
        return True
    failures = cluster.take(steps) or (cluster.failures(steps) if wait else [])
    for line in failures:
        typer.echo(line, err=True)
    return not failures


class Cluster:
    """A running cluster, asked again until the deadline when it cannot answer at the moment; blocks."""

    def __init__(self, client: WorkerClient, deadline: float) -> None:
        self._client = client
        self._deadline = deadline

    def connectors(self) -> dict[str, Present]:
        """All, by name; waits for a worker that starts."""
        infos = self._ask("GET", ["connectors"], query=[("expand", "info")])
        statuses = self._statuses()
        return {
            name: Present(info["info"]["config"], _state(statuses.get(name, {})))
            for name, info in infos.items()
        }

    def take(self, steps: Sequence[Step]) -> list[str]:
        """Take all steps, telling each; what was refused, which keeps no other from being taken."""
        refused = []
        for step in steps:
            try:
                self._take(step)
            except WorkerRefusedError as error:
                refused.append(f"{step.name}: {error}")
            else:
                typer.echo(f"{step.name}: {_PAST[step.deed]}")
        return refused

    def failures(self, steps: Iterable[Step]) -> list[str]:
        """Wait for connectors and tasks that are on their way; what does not run, in lines."""
        stay = {step.name for step in steps if step.deed is not Deed.DELETE}
        while stay:
            statuses = self._statuses()
            on_the_way = [name for name in stay if _is_on_the_way(statuses.get(name, {}))]
            if not on_the_way or time.monotonic() > self._deadline:
                return [line for name in sorted(stay) for line in _faults(name, statuses.get(name, {}))]
            time.sleep(_PAUSE_SECONDS)
        return []

    def _take(self, step: Step) -> None:
        path = ["connectors", step.name]
        match step.deed:
            case Deed.CREATE if step.state != "RUNNING":
                body = {"name": step.name, "config": step.config, "initial_state": step.state}
                self._ask("POST", ["connectors"], body)
                return
            case Deed.CREATE | Deed.UPDATE:
                # Other than POST it may be repeated when its answer is lost.
                self._ask("PUT", [*path, "config"], step.config)
            case Deed.DELETE:
                self._ask("DELETE", path)
            case Deed.LEAVE:
                pass
        if step.state and step.deed is not Deed.CREATE:
            self._ask("PUT", [*path, _VERBS[step.state]])

    def _statuses(self) -> Mapping[str, Any]:
        found = self._ask("GET", ["connectors"], query=[("expand", "status")])
        return {name: each["status"] for name, each in found.items()}

    def _ask(
        self, method: str, path: Sequence[str], body: Any = None, query: Sequence[tuple[str, str]] = ()
    ) -> Any:
        return self._until_answered(lambda: self._client.ask(method, path, body, query))

    def _until_answered(self, ask: Callable[[], Any]) -> Any:
        told = ""
        while True:
            try:
                return ask()
            except WorkerRefusedError as error:
                is_over = time.monotonic() + _PAUSE_SECONDS > self._deadline
                if error.status not in _MOMENTARY or is_over or "already exists" in str(error):
                    raise
                if told != (told := str(error)):
                    typer.echo(f"waiting: {told}", err=True)
            time.sleep(_PAUSE_SECONDS)


_PAST = {
    Deed.CREATE: "created",
    Deed.UPDATE: "updated",
    Deed.LEAVE: "unchanged",
    Deed.DELETE: "deleted",
}


def _submissions(paths: Sequence[Path]) -> dict[Path, Any]:
    found = {}
    problems: list[Problem] = []
    for path in connector_files(paths):
        try:
            found[path] = read_submission(path)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def _told(steps: Sequence[Step]) -> Iterable[str]:
    for step in steps:
        state = f", then {_VERBS[step.state]}" if step.state and step.deed is not Deed.CREATE else ""
        blind = " (it has secrets, which cannot be compared)" if step.is_blind else ""
        yield f"{step.name}: {step.deed}{state}{blind}"


def _state(status: Mapping[str, Any]) -> str:
    return str(status.get("connector", {}).get("state", ""))


def _is_on_the_way(status: Mapping[str, Any]) -> bool:
    state = _state(status)
    tasks = [task["state"] for task in status.get("tasks", ())]
    return state in _ON_THE_WAY or (state == "RUNNING" and (not tasks or bool(_ON_THE_WAY & set(tasks))))


def _faults(name: str, status: Mapping[str, Any]) -> Iterable[str]:
    tasks = {f"{name}, task {task['id']}": task for task in status.get("tasks", ())}
    for what, found in {name: status.get("connector", {"state": "not there"}), **tasks}.items():
        if found["state"] in {"FAILED", "not there", *_ON_THE_WAY}:
            trace = str(found.get("trace") or "").strip()
            yield f"{what} is {found['state']}{': ' if trace else ''}{what_happened(trace)}"
