"""A second S3 to test against, by other authors than moto: versitygw, in a process of its own.

It checks signatures and checksums, answers NoSuchUpload where moto fails, and refuses lists of parts that are
out of order. It is a Go program: ``make`` builds it where Go is.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from connector.testing.kafka.broker import free_ports
from connector.testing.process import ChildProcess
from connector.testing.s3 import S3Server

if TYPE_CHECKING:
    from types import TracebackType

_START_SECONDS = 60.0
_POLL_SECONDS = 0.05
_HEALTH = "/health"


class VersitygwUnavailableError(Exception):
    """It is not installed here; says what installs it."""


class VersitygwServer(S3Server):
    """Its POSIX backend on a folder; started at once, ends with :meth:`stop`, or with this process.

    Attributes:
        url: Where it listens.
        access_key_id: Of its only user.
        secret_access_key: Without it every request is refused.
    """

    access_key_id = "versitygw"
    secret_access_key = "versitygw-secret"  # noqa: S105 - of a server on the loopback interface

    def __init__(self, folder: Path, *, sidecar: bool | None = None) -> None:
        """Start it, with objects and log in ``folder``.

        Args:
            folder: Exists, and is its own.
            sidecar: Keep metadata in files beside the objects instead of extended attributes; decided by what
                the file system offers if absent.

        Raises:
            VersitygwUnavailableError: It is not installed.
        """
        super().__init__()
        command = Path(sys.prefix) / "versitygw" / "bin" / "versitygw"
        if not command.exists():
            raise VersitygwUnavailableError(
                "versitygw is not installed: run make .venv/.versitygw, which needs Go"
            )
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "versitygw.log"
        beside = not _has_attributes(folder) if sidecar is None else sidecar
        self._process = ChildProcess(
            [
                str(command),
                *("--port", f"127.0.0.1:{port}", "--region", self.region, "--health", _HEALTH, "--quiet"),
                "posix",
                *(("--sidecar", _made(folder / "metadata")) if beside else ()),
                _made(folder / "objects"),
            ],
            folder=folder,
            log=self._log,
            environ={
                **{
                    name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VGW_"))
                },
                "ROOT_ACCESS_KEY_ID": self.access_key_id,
                "ROOT_SECRET_ACCESS_KEY": self.secret_access_key,
            },
        )
        try:
            self._wait()
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

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.is_running():
            try:
                urllib.request.urlopen(self.url + _HEALTH, timeout=1).close()  # noqa: S310 - our own loopback
            except OSError:
                time.sleep(_POLL_SECONDS)
            else:
                return
        raise RuntimeError(f"versitygw did not start:\n{self._process.log_tail()}")


def _made(folder: Path) -> str:
    folder.mkdir()
    return str(folder)


def _has_attributes(folder: Path) -> bool:
    """Whether files can have user attributes, where versitygw keeps ETags and metadata."""
    if sys.platform != "linux":
        return False
    probe = folder / "attribute-probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.probe", b"1")
    except OSError:
        return False
    finally:
        probe.unlink()
    return True
