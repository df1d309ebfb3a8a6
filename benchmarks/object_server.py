"""A fast local S3 server to write into: rclone, which hashes and checks signatures as S3 does."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from connector.testing.kafka.broker import free_ports

BUCKET = "bench"
ACCESS_KEY_ID, SECRET_ACCESS_KEY = "benchmark-access-key", "benchmark-secret-key"


class ObjectServer:
    """``rclone serve s3`` on a folder of its own."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="objects-"))
        (self._folder / BUCKET).mkdir()
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        rclone = Path(sys.executable).parent / "rclone"
        self._process = subprocess.Popen(
            [
                str(rclone),
                *("serve", "s3", "--addr", f"127.0.0.1:{port}", "--log-level", "ERROR"),
                *("--auth-key", f"{ACCESS_KEY_ID},{SECRET_ACCESS_KEY}", str(self._folder)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)

    def empty(self) -> None:
        for path in (self._folder / BUCKET).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def objects(self) -> list[Path]:
        """What readers would look at: names that begin with an underscore they pass over."""
        found = (self._folder / BUCKET).rglob("*")
        return [path for path in found if path.is_file() and "/_" not in str(path)]

    def _wait(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=1)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the S3 server did not start within 15 s")
