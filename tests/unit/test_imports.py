"""The import rule holds, and its check notices when it does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--config", "pyproject.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "connector", tmp_path / "connector", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_one_way() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("sinks/s3/store.py", "from connector.runtime import state"),
        ("sinks/base.py", "from connector.rest import shape"),
        ("sinks/base.py", "from connector.sinks.s3 import zone"),
        ("aws/faults.py", "from connector.cluster import info"),
        ("errors.py", "from connector import metrics"),
        ("converters/json.py", "from connector.converters import string"),
        ("formats/base.py", "from connector.formats import csv"),
        ("transforms/base.py", "from connector.transforms import filter"),
        ("runtime/worker.py", "from connector.cluster import info"),
        ("runtime/worker.py", "from connector.testing import contract"),
        ("standalone.py", "import moto"),
        ("config/option.py", "    from connector.runtime import state"),
    ],
)
def test_an_import_against_the_rule_is_found(copy: Path, module: str, line: str) -> None:
    path = copy / "connector" / module
    lead = "if TYPE_CHECKING:\n" if line.startswith(" ") else ""
    path.write_text(path.read_text() + f"\n{lead}{line}\n")
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout


def test_a_module_without_a_place_in_the_layers_is_found(copy: Path) -> None:
    (copy / "connector" / "misc.py").write_text('"""Anything."""\n')
    result = lint(copy)
    assert result.returncode == 1
    assert "connector.misc" in result.stdout
