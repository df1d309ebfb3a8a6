"""The second S3 of tests: what make says where it cannot be built, and what tests say where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connector.testing.versitygw import VersitygwServer, VersitygwUnavailableError

ROOT = Path(__file__).parents[3]
GO_THAT_INSTALLS = '#!/bin/sh\n[ "$1" = install ] && mkdir -p "$GOBIN" && echo "$2" >"$GOBIN/versitygw"\n'
GO_THAT_FAILS = "#!/bin/sh\necho 'go: needs a newer Go' >&2\nexit 1\n"


def make(folder: Path, go: str | None) -> subprocess.CompletedProcess[str]:
    """Make the target in an environment of its own, with this ``go`` and what make itself needs."""
    programs, venv = folder / "programs", folder / "venv"
    shutil.rmtree(programs, ignore_errors=True)
    programs.mkdir()
    venv.mkdir(exist_ok=True)
    (venv / ".made").touch()
    for name in ("bash", "sh", "make", "mkdir", "tail", "touch"):
        found = shutil.which(name)
        if not found:
            pytest.skip(f"{name} is missing")
        (programs / name).symlink_to(found)
    if go:
        (programs / "go").write_text(go)
        (programs / "go").chmod(0o755)
    return subprocess.run(
        ["make", f"VENV={venv}", f"{venv}/.versitygw"],
        cwd=ROOT,
        env={"PATH": str(programs), "HOME": os.environ.get("HOME", "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_without_go_make_says_so_and_goes_on(tmp_path: Path) -> None:
    result = make(tmp_path, None)
    assert result.returncode == 0, result.stderr
    assert "Go is missing" in result.stderr
    assert not (tmp_path / "venv" / ".versitygw").exists()


def test_a_build_that_fails_is_shown_and_make_goes_on(tmp_path: Path) -> None:
    result = make(tmp_path, GO_THAT_FAILS)
    assert result.returncode == 0, result.stderr
    assert "needs a newer Go" in result.stderr
    assert "could not be built" in result.stderr
    assert not (tmp_path / "venv" / ".versitygw").exists()


def test_a_pinned_version_is_built_into_the_environment_once(tmp_path: Path) -> None:
    result = make(tmp_path, GO_THAT_INSTALLS)
    assert (result.returncode, result.stderr) == (0, "")
    built = (tmp_path / "venv" / "versitygw" / "bin" / "versitygw").read_text()
    assert built.startswith("github.com/versity/versitygw/cmd/versitygw@v1.")
    assert "up to date" in make(tmp_path, GO_THAT_FAILS).stdout


def test_where_it_is_missing_the_reason_says_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(VersitygwUnavailableError, match=r"make \.venv/\.versitygw, which needs Go"):
        VersitygwServer(tmp_path)
