"""The demo as a user runs it: from the command line, to its end or to Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Demo = subprocess.Popen[str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    running: list[Demo] = []

    def start(*arguments: str) -> Demo:
        process = subprocess.Popen(
            [sys.executable, "-m", "connector", "demo", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with process:
            process.kill()


def read_until(demo: Demo, text: str) -> str:
    output = ""
    assert demo.stdout is not None
    for line in demo.stdout:
        output += line
        if text in line:
            return output
    raise AssertionError(f"The demo ended before it said {text!r}:\n{output}")


def number(label: str, output: str) -> int:
    found = re.search(rf"{re.escape(label)} +([\d,]+)", output)
    assert found, f"no {label} in\n{output}"
    return int(found[1].replace(",", ""))


def assert_nothing_is_left(children: list[psutil.Process], tmp_path: Path) -> None:
    assert len(children) >= 2, "AWS and the worker have processes of their own"
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert not list(tmp_path.glob("connector-demo-*"))


@pytest.mark.timeout(130)
def test_once_finds_every_record_and_ends_by_itself(start: Callable[..., Demo], tmp_path: Path) -> None:
    demo = start("--once", "--records", "20000")
    output = read_until(demo, "The connector runs")
    children = psutil.Process(demo.pid).children(recursive=True)
    output += demo.communicate()[0]
    assert demo.returncode == 0, output
    assert number("records in", output) == number("records found in the bucket", output) == 20_000
    assert number("duplicates", output) == number("missing", output) == 0
    assert number("AssumeRole calls", output) == 1
    assert "AccessDenied" in output, "the role refuses a wrong external id"
    assert "\x1b" not in output
    assert "secret" not in re.sub(r"aws\.secret\.access\.key: \(not set\) -> \[hidden\]", "", output)
    assert_nothing_is_left(children, tmp_path)


@pytest.mark.timeout(130)
def test_the_live_stream_ends_with_ctrl_c_and_delivers_the_rest(
    start: Callable[..., Demo], tmp_path: Path
) -> None:
    demo = start("--records", "5000")
    output = read_until(demo, "The worker listens")
    children = psutil.Process(demo.pid).children(recursive=True)
    said = ""
    while not said or number("produced", said) <= 5_000:  # until there is some of the stream
        said = read_until(demo, "produced ")
        output += said
    demo.send_signal(signal.SIGINT)
    output += demo.communicate()[0]
    assert demo.returncode == 0, output
    assert number("records found in the bucket", output) == number("records in", output) > 5_000
    assert_nothing_is_left(children, tmp_path)


@pytest.mark.timeout(130)
@pytest.mark.parametrize("number_", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_on_the_way_up_leaves_nothing_behind(
    start: Callable[..., Demo], tmp_path: Path, number_: signal.Signals
) -> None:
    demo = start("--once")
    output = read_until(demo, "The worker answers")
    children = psutil.Process(demo.pid).children(recursive=True)
    demo.send_signal(number_)
    output += demo.communicate()[0]
    assert demo.returncode == 130, output
    assert "Interrupted" in output
    assert_nothing_is_left(children, tmp_path)


@pytest.mark.timeout(130)
def test_a_worker_that_dies_ends_the_demo_with_the_end_of_its_log(
    start: Callable[..., Demo], tmp_path: Path
) -> None:
    demo = start("--records", "5000")
    output = read_until(demo, "The worker listens")
    children = psutil.Process(demo.pid).children(recursive=True)
    (worker,) = [child for child in children if "standalone" in child.cmdline()]
    worker.kill()
    output += demo.communicate()[0]
    assert demo.returncode == 1, output
    assert "The worker ended with code -9" in output
    assert "object stored" in output
    assert_nothing_is_left(children, tmp_path)
