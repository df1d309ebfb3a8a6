"""A worker that things are done to: running, frozen, on its way out, or not there."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.testing.worker import WorkerProcess

_EXIT_SECONDS = 40.0
"""A worker ends itself after 19.5 s (``task.shutdown.graceful.timeout.ms`` is 4 s)."""
_KEPT_METRICS = ("connector_upload_bytes_resumed_total", "connector_upload_bytes_repeated_total")


class Life:
    """One worker, through all its processes."""

    def __init__(self, number: int, process: WorkerProcess) -> None:
        self.number = number
        self.process = process
        self.metrics = dict.fromkeys(_KEPT_METRICS, 0.0)
        self._is_started = self._is_frozen = self._is_leaving = False
        self._deaths: list[str] = []
        self.restarts = 0

    @property
    def is_running(self) -> bool:
        """It takes part, or will."""
        return self._is_started and not self._is_leaving and not self._is_frozen

    def start(self) -> None:
        self.wait_for_exit()
        self.look_after()
        if not self._is_started:
            self.process.start()
            self._is_started = True
            self.restarts += 1

    def kill(self) -> None:
        if self._is_started:
            self._keep_metrics()
            self.process.kill()
        self._is_started = self._is_frozen = self._is_leaving = False

    def terminate(self) -> None:
        if self.is_running:
            self._keep_metrics()
            self._signal(signal.SIGTERM)
            self._is_leaving = self._is_started

    def wait_for_exit(self) -> None:
        """If it was told to leave."""
        if not self._is_leaving:
            return
        self.thaw()
        try:
            self.process.wait(_EXIT_SECONDS)
            self._is_started = self._is_leaving = False
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"worker {self.number} did not leave in {_EXIT_SECONDS} s") from None

    def freeze(self) -> None:
        if self._is_started and not self._is_frozen:
            self._keep_metrics()
            self._signal(signal.SIGSTOP)
            self._is_frozen = self._is_started

    def thaw(self) -> None:
        if self._is_frozen:
            self._signal(signal.SIGCONT)
            self._is_frozen = False

    def _signal(self, number: signal.Signals) -> None:
        if self.look_after():
            return
        with suppress(ProcessLookupError):  # it was leaving, and is gone
            self.process.signal(number)

    def look_after(self) -> bool:
        """Whether it has ended though nobody ended it, as a worker does that finds no broker at its start."""
        if self._is_leaving or not self._is_started or not self.process.has_ended:
            return False
        self.kill()
        last_words = self.log[-1500:]
        if "no broker of" not in last_words:
            self._deaths.append(f"worker {self.number} ended by itself: {last_words}")
        return True

    def close(self) -> None:
        self.kill()
        self.process.__exit__()

    @property
    def failures(self) -> list[str]:
        """The log lines of tasks that failed, and the ends of processes that nobody ended."""
        return self._deaths + [line for line in self.log.splitlines() if "task failed" in line]

    @property
    def complaints(self) -> list[str]:
        """What was logged as an error of the program, whether or not it did harm."""
        return [line for line in self.log.splitlines() if "[error" in line and "[librdkafka]" not in line]

    @property
    def log(self) -> str:
        """Of all its lives."""
        try:
            return self.process.log
        except FileNotFoundError:
            return ""  # it was never started, or killed before its first word

    def _keep_metrics(self) -> None:
        """Before it may end: counters do not outlive the process."""
        if not self._is_frozen and not self.process.has_ended:
            for name in _KEPT_METRICS:
                self.metrics[name] += self.process.metric(name)
