"""A child process that never outlives the process that started it, not even one that was killed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Holds a pipe open for reading until the parent's end closes, however the parent came to its end. prctl's
# PR_SET_PDEATHSIG would be shorter, but it follows the *thread* that forked: a broker started from a worker
# thread would die with that thread.
_WATCHDOG = 'read -r _; kill -9 "$1" 2>/dev/null'


class ChildProcess:
    """A command that runs in a session of its own, so that Ctrl-C reaches it only through us.

    Args:
        command: The program with its arguments.
        folder: Its working directory.
        log: The file its output is appended to.
        environ: Its variables; those of this process if absent.
    """

    def __init__(
        self, command: list[str], *, folder: Path, log: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - callers pass fixed commands
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watchdog = subprocess.Popen(  # noqa: S603 - a fixed command
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(self._process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        if self._process.poll() is None:
            return True
        self._dismiss_watchdog()
        return False

    def kill(self) -> None:
        """Ends it at once, without a chance to tidy up, and waits until it is gone."""
        self._process.kill()
        self.wait()

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Waits until it has ended.

        Returns:
            Its exit code; negative: the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        code = self._process.wait(timeout_seconds)
        self._dismiss_watchdog()
        return code

    def _dismiss_watchdog(self) -> None:
        # As soon as the child is gone: its number may soon belong to somebody else. Killed before its pipe
        # closes, since that is what it waits for.
        assert self._watchdog.stdin is not None  # noqa: S101 - opened as a pipe
        self._watchdog.kill()
        self._watchdog.wait()
        self._watchdog.stdin.close()

    def log_tail(self, lines: int = 20) -> str:
        """The end of what it wrote, for error messages."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
