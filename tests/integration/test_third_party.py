"""A sink of somebody else's, exactly as the page on plug-ins prints it: installed, tested, run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "connector")
PAGE = ROOT / "docs" / "plugins.md"
FILES = ("lines_sink.py", "pyproject.toml", "lines.json", "test_lines_sink.py")
VALUES = [b"value-%06d" % number for number in range(5000)]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines-sink")
    for name in FILES:
        pattern = rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)^```"
        found = re.search(pattern, PAGE.read_text(), re.MULTILINE | re.DOTALL)
        assert found, name
        (folder / name).write_text(found[1])
    return folder


@pytest.fixture(scope="module")
def site(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package is installed, metadata and all."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--target",
        str(folder),
        str(package),
    ]
    subprocess.run(command, check=True, timeout=150)
    return folder


def environ(site: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_")}
    return {**kept, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}


def test_an_installed_sink_is_listed_under_its_name(site: Path) -> None:
    command = [COMMAND, "plugins"]
    result = subprocess.run(
        command, env=environ(site), capture_output=True, text=True, check=True, timeout=150
    )
    assert "  lines  (lines_sink:LinesSink)" in result.stdout.splitlines()


def test_its_options_are_described_like_those_of_any_sink(site: Path) -> None:
    command = [COMMAND, "describe", "lines"]
    result = subprocess.run(
        command, env=environ(site), capture_output=True, text=True, check=True, timeout=150
    )
    assert "lines.folder  (string; required)" in result.stdout


def test_it_passes_the_contract_suite(site: Path, package: Path, tmp_path: Path) -> None:
    (tmp_path / "test_lines_sink.py").write_text((package / "test_lines_sink.py").read_text())
    options = ["-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "--strict-markers", "-q"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_lines_sink.py"],
        cwd=tmp_path,
        env=environ(site),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) >= 12  # type: ignore[index]


@pytest.fixture
def filled_topic(topic: CreateTopic, produce: Produce) -> str:
    name = topic(4)
    produce(name, VALUES)
    return name


@pytest.mark.kafka
def test_the_worker_delivers_every_record_to_it(
    site: Path, package: Path, tmp_path: Path, kafka: KafkaBroker, filled_topic: str
) -> None:
    folder = tmp_path / "lines"
    folder.mkdir()
    config = json.loads((package / "lines.json").read_text())
    (tmp_path / "lines.json").write_text(
        json.dumps({**config, "topics": filled_topic, "lines.folder": str(folder)})
    )
    worker = start_worker(site, tmp_path, kafka.bootstrap_servers)
    try:
        wait_until(lambda: len(stored(folder)) >= len(VALUES), worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()
    assert sorted(set(stored(folder))) == VALUES


def start_worker(site: Path, folder: Path, bootstrap_servers: str) -> subprocess.Popen[bytes]:
    variables = {
        "CONNECT_BOOTSTRAP_SERVERS": bootstrap_servers,
        "CONNECT_LISTENERS": "http://127.0.0.1:0",
        "CONNECT_CONSUMER_AUTO_OFFSET_RESET": "earliest",
        "CONNECT_OFFSET_FLUSH_INTERVAL_MS": "500",
    }
    command = [COMMAND, "standalone", "-", "lines.json"]
    return subprocess.Popen(command, cwd=folder, env={**environ(site), **variables})


def stored(folder: Path) -> list[bytes]:
    return [line for path in folder.iterdir() for line in path.read_bytes().splitlines()]


def wait_until(is_done: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not is_done():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "not all records arrived"
        time.sleep(0.1)
