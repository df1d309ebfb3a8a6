"""A child process that never outlives the demo and never writes to its terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_KILL_SECONDS = 5.0
_TAIL_LINES = 15
_LOOPBACK = "127.0.0.1"


def isolated(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead away from this machine: AWS and worker settings, proxies."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "CONNECT_"))}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, (environ.get(name), _LOOPBACK)))
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class ChildProcess:
    """A Python program whose errors go to a file; use as an async context manager, which kills it."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._arguments = arguments
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=isolated(os.environ),
                # Ctrl-C reaches the whole group of the terminal; the demo decides who ends when.
                start_new_session=True,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await asyncio.wait_for(self.process.wait(), _KILL_SECONDS)

    @property
    def process(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise AssertionError("The process has not started")
        return self._process

    async def read_line(self) -> str:
        """The next line of its output; empty when it has ended."""
        if self.process.stdout is None:
            raise AssertionError("The output is not piped")
        return (await self.process.stdout.readline()).decode().strip()

    async def wait(self) -> int:
        return await self.process.wait()

    async def terminate(self, seconds: float) -> int | None:
        """Ask it to end; its exit code, or None if it did not in time."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            return None

    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])
