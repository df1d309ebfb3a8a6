"""Directories that a worker keeps things in: what is wrong with one is said before anything is kept there."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connector.cluster.connections import ConnectionDirectory
from connector.cluster.connector_files import ConnectorDirectory
from connector.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

MOUNTED = """
import sys
from pathlib import Path
from connector.cluster.connector_files import ConnectorDirectory, StoredConnector
directory = ConnectorDirectory(Path(sys.argv[1]))
try:
    directory.prepare()
    directory.write(StoredConnector("a", {"name": "a", "x": "y" * 100_000}))
except Exception as error:
    print(type(error).__name__, error)
"""


def mounted(folder: Path, options: str) -> str:
    """What a process says of a file system of its own at the folder."""
    script = f'mount -t tmpfs -o {options} none "$0" && exec "$1" -c "$2" "$0"'
    unshare = [
        "unshare",
        "--mount",
        "--map-root-user",
        "sh",
        "-c",
        script,
        str(folder),
        sys.executable,
        MOUNTED,
    ]
    found = subprocess.run(unshare, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in found.stderr or "mount:" in found.stderr:
        pytest.skip(f"needs unshare and mount: {found.stderr.strip()}")
    return found.stdout + found.stderr


@pytest.mark.parametrize("directory", [ConnectorDirectory, ConnectionDirectory])
def test_a_directory_below_a_file_is_refused_by_the_name_of_its_property(
    directory: type[ConnectorDirectory | ConnectionDirectory], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"s\.directory: .*/file/x cannot be used \(Not a directory\)"):
        directory(tmp_path / "file" / "x").prepare()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match=f"Permission denied.*uid {os.getuid()}"):
        ConnectorDirectory(tmp_path).prepare()


def test_a_directory_that_is_mounted_read_only_is_refused_at_the_start(tmp_path: Path) -> None:
    said = mounted(tmp_path, "ro,size=1m")
    assert said.startswith("ConfigError")
    assert f"connectors.directory: {tmp_path} cannot be used (Read-only file system)" in said


def test_on_a_full_disk_the_worker_starts_and_refuses_what_it_cannot_keep(tmp_path: Path) -> None:
    said = mounted(tmp_path, "size=16k")
    assert said.startswith("FailedError")
    assert "cannot be written: No space left on device; the connector is as it was before" in said


def test_a_disk_that_is_full_at_the_start_is_warned_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, object]]
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("connector.cluster.atomic_file.os.open", full)
    ConnectorDirectory(tmp_path).prepare()
    assert [line["reason"] for line in logged] == ["No space left on device"]


def test_nothing_is_left_in_a_directory_by_the_look_at_it(tmp_path: Path) -> None:
    ConnectorDirectory(tmp_path / "new").prepare()
    assert list((tmp_path / "new").iterdir()) == []
