"""A real worker in a process of its own: started, asked over REST, killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from connector.testing.kafka.broker import free_ports
from connector.testing.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.testing.nursery import Nursery

_WAIT_SECONDS = 60.0
_ANSWER_SECONDS = 20.0
"""For a request whose answer is a fact to a test: on a busy machine a worker may stand still for a while."""
_NO_ANSWER = (OSError, http.client.HTTPException)
"""It does not listen, or ended while it answered."""


class Running(Protocol):
    """What is asked of the process of a worker."""

    @property
    def pid(self) -> int: ...
    def is_running(self) -> bool: ...
    def kill(self) -> None: ...
    def wait(self, timeout_seconds: float | None = None) -> int: ...


class WorkerProcess:
    """``connector standalone`` with one connector, or several, or with none before REST makes some.

    With a ``group.id`` it is one of a cluster: ``connector distributed``.

    Args:
        settings: Worker properties; the listener is a free port unless given.
        connector: The connector's flat config; None to start without.
        environ: Further environment variables.
        others: Connectors that run beside it.
        nursery: What it is forked from, if not from that of all.

    Attributes:
        nursery: What all are forked from which need no variables of their own; without one, each starts
            from nothing, which takes two seconds of CPU.
    """

    nursery: ClassVar[Nursery | None] = None

    def __init__(
        self,
        settings: Mapping[str, str],
        connector: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        others: Sequence[Mapping[str, str]] = (),
        *,
        nursery: Nursery | None = None,
    ) -> None:
        connectors = [*([connector] if connector else []), *others]
        self.name = connector["name"] if connector else ""
        self._folder = tempfile.TemporaryDirectory(prefix="worker-")
        folder = Path(self._folder.name)
        self._port = free_ports(1)[0]
        properties = {"listeners": f"http://127.0.0.1:{self._port}", **settings}
        (folder / "worker.properties").write_text(
            "".join(f"{key}={value}\n" for key, value in properties.items())
        )
        self._files = [f"connector-{number}.json" for number in range(len(connectors))]
        for file, config in zip(self._files, connectors, strict=True):
            (folder / file).write_text(json.dumps(dict(config)))
        self._mode = "distributed" if "group.id" in settings else "standalone"
        self._environ = environ or {}
        self._nursery = nursery
        self._log = folder / "worker.log"
        self._process: Running | None = None

    def start(self) -> Self:
        """Start it; if it was killed, anew, with the same files and port."""
        arguments = [self._mode, "worker.properties", *self._files]
        nursery = self._nursery or self.nursery
        if nursery and not self._environ:
            self._process = nursery.fork(self._log.parent, self._log, arguments)
        else:
            variables = [f"{name}={value}" for name, value in self._environ.items()]
            command = ["/usr/bin/env", *variables, sys.executable, "-m", "connector", *arguments]
            self._process = ChildProcess(command, folder=self._log.parent, log=self._log)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.kill()
        self._folder.cleanup()

    def kill(self) -> None:
        """Kill -9; it may be started again."""
        if self._process is not None:
            self._process.kill()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def terminate(self, timeout_seconds: float = _WAIT_SECONDS) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout_seconds)

    def wait(self, timeout_seconds: float = _WAIT_SECONDS) -> int:
        """The exit code, once it has ended by itself."""
        assert self._process is not None  # noqa: S101 - started before
        return self._process.wait(timeout_seconds)

    @property
    def pid(self) -> int:
        assert self._process is not None  # noqa: S101 - started before
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Also before it was started."""
        return self._process is None or not self._process.is_running()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def url(self) -> str:
        """Where its REST API listens."""
        return f"http://127.0.0.1:{self._port}"

    def get(self, path: str) -> Any:
        """The JSON that REST answers, or None while it does not."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}{path}", timeout=_ANSWER_SECONDS
            ) as answer:
                return json.load(answer)
        except _NO_ANSWER:
            return None

    def ask(
        self, method: str, path: str, body: Any = None, *, timeout_seconds: float = _WAIT_SECONDS
    ) -> tuple[int, Any]:
        """Any request: the status, and the JSON of the answer, None if there is none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)  # noqa: S310 - loopback
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:  # noqa: S310 - as above
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def validate(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A request that validates a named connection: as :meth:`ask`, once that has ended.

        REST answers after ten seconds, however it stands by then.
        """
        status, answer = self.ask(method, path, body)
        where = f"/aws/connections/{quote(answer['name'], safe='')}" if "name" in answer else ""
        deadline = time.monotonic() + _WAIT_SECONDS
        while answer.get("status") == "IN_PROGRESS" and time.monotonic() < deadline:
            time.sleep(0.1)
            answer = self.get(where) or answer
        return status, answer

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels; 0 while there are none."""
        return sum(self.samples(name, **labels), 0.0)

    def samples(self, name: str, **labels: str) -> list[float]:
        """A metric's samples with these labels; none while it does not answer."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}/metrics", timeout=_ANSWER_SECONDS
            ) as answer:
                text = answer.read().decode()
        except _NO_ANSWER:
            return []
        return [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def task_states(self) -> list[str]:
        status = self.get(f"/connectors/{self.name}/status") or {"tasks": []}
        return [task["state"] for task in status["tasks"]]

    def trace(self) -> str:
        """Why tasks failed."""
        status = self.get(f"/connectors/{self.name}/status") or {"tasks": []}
        return "\n".join(task["trace"] for task in status["tasks"] if "trace" in task)

    def wait_until(
        self, condition: Callable[[], object], what: str, timeout_seconds: float = _WAIT_SECONDS
    ) -> None:
        """Wait for something about the worker or the world.

        Raises:
            AssertionError: It did not come true in time; with the end of the worker's log.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError(f"Not in {timeout_seconds} s: {what}\n{self.log[-4000:]}")

    def wait_for_state(self, state: str) -> None:
        """Until every task is in this state."""
        self.wait_until(lambda: set(self.task_states()) == {state}, f"all tasks {state}")

    def wait_for_metric(self, name: str, least: float, timeout_seconds: float = _WAIT_SECONDS) -> None:
        """Until a metric has reached a value; a task that fails meanwhile is an error at once."""

        def reached() -> bool:
            if "FAILED" in self.task_states():
                raise AssertionError(f"A task failed before {name} reached {least}:\n{self.trace()}")
            return self.metric(name) >= least

        self.wait_until(reached, f"{name} reaches {least}", timeout_seconds)

    def wait_for_delivery(self, records: int, timeout_seconds: float = _WAIT_SECONDS) -> None:
        """Until this process has delivered so many records."""
        self.wait_for_metric("connector_records_delivered_total", records, timeout_seconds)
