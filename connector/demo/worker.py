"""The real worker, as a user starts it: ``connector standalone`` in a process of its own.

Everything that is known about it comes from its REST API and ``/metrics``.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from connector.demo.errors import DemoError
from connector.demo.example import properties
from connector.demo.figures import Figures, read_figures
from connector.demo.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

_HOST = "127.0.0.1"
_PREFERRED_PORT = 8083
_ATTEMPTS = 10
_REQUEST_SECONDS = 5.0
_POLL_SECONDS = 0.1
_END_SECONDS = 2.0


@contextmanager
def free_port() -> Iterator[int]:
    """Kafka Connect's own port if it is free, else another; no second demo is given it meanwhile.

    Until the worker listens the port looks free to others. So it is marked by the same number of UDP, which
    nothing else here uses.
    """
    for port in (_PREFERRED_PORT, *(_probe(0) for _ in range(_ATTEMPTS))):
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind((_HOST, port))
            _probe(port)
        except OSError:
            mark.close()
            continue
        with mark:
            yield port
        return
    raise DemoError(f"No port is free on {_HOST} for the worker's REST API")


def _probe(port: int) -> int:
    """Raises OSError if somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((_HOST, port))
        return int(probe.getsockname()[1])


class WorkerProcess:
    """A worker with one connector; use as an async context manager, which kills what is left of it."""

    def __init__(self, folder: Path, settings: Mapping[str, str], config: Mapping[str, str]) -> None:
        self.url = settings["listeners"]
        self.connector = config["name"]
        worker, connector = folder / "worker.properties", folder / "connector.json"
        _write_private(worker, properties(settings))
        _write_private(connector, json.dumps(config, indent=2))
        arguments = ["-m", "connector", "standalone", str(worker), str(connector)]
        self._process = ChildProcess(arguments, folder / "worker.log")
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._resources.enter_async_context(self._process)
        timeout = aiohttp.ClientTimeout(_REQUEST_SECONDS)
        self._http = await self._resources.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._resources.aclose()

    async def answering(self) -> None:
        """Wait until REST does."""
        while True:
            with suppress(aiohttp.ClientConnectionError):
                await self._request("/")
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def running(self) -> None:
        """Wait until the connector's tasks do.

        Raises:
            DemoError: One failed.
        """
        while not await self._is_running():  # noqa: ASYNC110 - another process has no event to set
            await asyncio.sleep(_POLL_SECONDS)

    async def check(self) -> None:
        """Raises DemoError when a task has failed."""
        await self._is_running()

    async def config(self) -> dict[str, str]:
        """The connector's config as REST shows it."""
        config: dict[str, str] = json.loads(await self._get(f"/connectors/{self.connector}/config"))
        return config

    async def figures(self) -> Figures:
        return read_figures(await self._get("/metrics"))

    async def ended(self) -> None:
        """Wait for the process, which should not end by itself.

        Raises:
            DemoError: It did.
        """
        raise DemoError(f"The worker ended with code {await self._process.wait()}")

    async def stop(self, seconds: float) -> None:
        """Ask it to finish, commit and leave, as an operator would.

        Raises:
            DemoError: It did not within the time, or not with code 0.
        """
        code = await self._process.terminate(seconds)
        if code is None:
            raise DemoError(f"The worker did not stop within {seconds:.0f} s of SIGTERM")
        if code:
            raise DemoError(f"The worker stopped with code {code}")

    def log_tail(self) -> str:
        return self._process.log_tail()

    async def _is_running(self) -> bool:
        status: dict[str, Any] = json.loads(await self._get(f"/connectors/{self.connector}/status", 404))
        tasks = status.get("tasks", [])
        for task in tasks:
            if task["state"] == "FAILED":
                raise DemoError(f"Task {task['id']} of the connector failed:\n{_end_of_trace(task)}")
        return bool(tasks) and all(task["state"] == "RUNNING" for task in tasks)

    async def _get(self, path: str, *accepted: int) -> str:
        """Ask a worker that has answered before.

        Raises:
            DemoError: It ended, or does not answer.
        """
        try:
            return await self._request(path, *accepted)
        except aiohttp.ClientConnectionError as error:
            with suppress(TimeoutError):
                # A connection breaks a moment before the end of the process is known.
                async with asyncio.timeout(_END_SECONDS):
                    await self.ended()
            raise DemoError(f"The worker does not answer: {error}") from error

    async def _request(self, path: str, *accepted: int) -> str:
        async with self._http.get(self.url + path) as answer:
            if answer.status not in accepted:
                answer.raise_for_status()
            return await answer.text()


def _write_private(path: Path, text: str) -> None:
    """The file may hold keys."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _end_of_trace(task: dict[str, Any]) -> str:
    """The message, and where to look."""
    return "\n".join(str(task.get("trace", "")).strip().splitlines()[-2:])
