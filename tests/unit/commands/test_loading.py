"""No command waits for what only others need."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = "import sys, connector.cli; print(*sys.modules, sep='\\n')"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What is there before any command runs."""
    command = [sys.executable, "-c", PROGRAM]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "aiobotocore",
        "aiohttp",
        "confluent_kafka",
        "connector.commands.apply",
        "connector.commands.worker_client",
        "connector.config.files",
        "connector.plugins",
        "connector.settings",
        "http.client",
        "jproperties",
        "pyarrow",
        "pydantic",
    ],
)
def test_the_command_line_loads_nothing_for_single_commands(loaded: set[str], module: str) -> None:
    assert "connector.cli.app" in loaded
    assert module not in loaded
