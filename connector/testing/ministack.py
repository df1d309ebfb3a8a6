"""A second AWS to test against, by other authors than moto: MiniStack, in a process of its own.

It knows what moto does not: entries that fail one by one, deduplication ids that outlive their message, order
of FIFO topics. Its dependencies contradict those of the worker, so ``make`` installs it apart.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from connector.testing.client import ClientFactory
from connector.testing.kafka.broker import free_ports
from connector.testing.process import ChildProcess

if TYPE_CHECKING:
    from types import TracebackType

ACCOUNT = "000000000000"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.1


class MinistackUnavailableError(Exception):
    """It is not installed here; says what installs it."""


class MinistackServer(ClientFactory):
    """Started at once; ends with :meth:`stop`, or with this process.

    Attributes:
        url: Where it listens.
        access_key_id: Any will do.
        secret_access_key: Any will do.
    """

    access_key_id = "test"
    secret_access_key = access_key_id

    def __init__(self, folder: Path) -> None:
        """Start it, with its files and log in ``folder``.

        Raises:
            MinistackUnavailableError: It is not installed.
        """
        super().__init__()
        command = Path(sys.prefix) / "ministack" / "bin" / "ministack"
        if not command.exists():
            raise MinistackUnavailableError("MiniStack is not installed: run make .venv/.ministack")
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "ministack.log"
        self._process = ChildProcess(
            [str(command)],
            folder=folder,
            log=self._log,
            environ={
                **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "MINISTACK_HOST": "127.0.0.1",
                "STATE_DIR": str(folder / "state"),
            },
        )
        try:
            self._wait(port)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self._process.is_running():
                break
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(_POLL_SECONDS)
            else:
                return
        raise RuntimeError(f"MiniStack did not start:\n{self._log.read_text()[-2000:]}")
