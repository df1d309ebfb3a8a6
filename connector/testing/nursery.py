"""Forks workers from a process that has imported all they need: a start then takes no second of CPU.

They are processes like any other, killed and frozen one by one. They end with the nursery, and that with
whoever opened it. Run as a script it is the nursery itself: a request a line on standard input, pids and
exit codes on standard output.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_START_SECONDS = 60.0
_DIE_WITH_PARENT = 1
_LOOK_SECONDS = 0.02


class Child:
    """A worker that was forked, as :class:`connector.testing.worker.Running` asks for it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._code = 0

    @property
    def pid(self) -> int:
        return self._pid

    def is_running(self) -> bool:
        return not self._ended.is_set()

    def ended(self, code: int) -> None:
        self._code = code
        self._ended.set()

    def kill(self) -> None:
        """Ends it at once, and waits until it is gone."""
        if not self._ended.is_set():
            # The nursery has not reaped it, or not told yet: then it is gone already. A pid is not given out
            # anew within that time.
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self.wait()

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Its exit code; negative: the signal that ended it."""
        if not self._ended.wait(timeout_seconds):
            raise subprocess.TimeoutExpired(str(self._pid), timeout_seconds or 0)
        return self._code


class Nursery:
    """The process that forks, started with the first worker; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._born: queue.SimpleQueue[Child] = queue.SimpleQueue()
        self._children: dict[int, Child] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    def fork(self, folder: Path, log: Path, arguments: Sequence[str]) -> Child:
        """Start ``connector`` with these arguments, and with the variables that this process has by now."""
        request = {
            "folder": str(folder),
            "log": str(log),
            "arguments": list(arguments),
            "environ": dict(os.environ),
        }
        log.touch()  # whoever waits for a line reads it before the child has opened it
        with self._lock:
            process = self._process or self._start()
            assert process.stdin is not None  # noqa: S101 - opened as a pipe
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            return self._born.get(timeout=_START_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "connector.testing.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()
        return self._process

    def _read(self) -> None:
        assert self._process is not None  # noqa: S101 - started before
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        for line in self._process.stdout:
            told: Mapping[str, int] = json.loads(line)
            if "born" in told:
                child = self._children[told["born"]] = Child(told["born"])
                self._born.put(child)
            else:
                self._children.pop(told["ended"]).ended(told["code"])


def _tend() -> None:
    """Fork whoever is asked for, tell who has ended; until nobody can ask any more."""
    alive: set[int] = set()
    waiting = b""
    while True:
        if select.select([0], [], [], _LOOK_SECONDS)[0]:
            data = os.read(0, 1 << 16)
            if not data:
                break
            *requests, waiting = (waiting + data).split(b"\n")
            for request in requests:
                alive.add(pid := _fork(json.loads(request)))
                _tell(born=pid)
        for pid in list(alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                alive.remove(pid)
                _tell(ended=pid, code=os.waitstatus_to_exitcode(status))
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _fork(request: Mapping[str, Any]) -> int:
    if pid := os.fork():
        return pid
    code = 1
    try:
        code = _work(request)
    finally:
        os._exit(code)


def _work(request: Mapping[str, Any]) -> int:
    """In the child: be as a process that was started anew."""
    from connector.cli import main  # noqa: PLC0415 - the parent has imported it

    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    gc.enable()
    sys.argv = ["connector", *request["arguments"]]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _import_all() -> None:
    import connector.distributed  # noqa: PLC0415
    import connector.formats.parquet  # noqa: PLC0415
    import connector.rest.app  # noqa: PLC0415
    import connector.sinks.s3.sink  # noqa: PLC0415
    import connector.standalone  # noqa: PLC0415

    assert connector  # noqa: S101 - imported for those that are forked
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    _tend()
