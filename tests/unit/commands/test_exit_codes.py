"""Every command says with what it exits, and the command line exits so; as processes, where only they can."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from connector.cli import app
from connector.commands.exit_code import ExitCode, declared_exits
from connector.commands.terminal import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [str(Path(sys.executable).parent / "connector")]


def commands(group: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)
        else:
            yield (*words, name), command


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A worker holds signals for its own thread; in this process it would hold those of all later tests."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


COMMANDS = dict(commands(get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_tells_its_exit_codes(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    declared = declared_exits(COMMANDS[words].callback)
    for code, meaning in declared.items():
        assert f"{code.value} if {meaning}" in " ".join(result.stdout.split())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_has_help(words: tuple[str, ...]) -> None:
    assert not [each.name for each in COMMANDS[words].params if not each.help]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_unknown_option_is_a_fault_of_the_command_line(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--no-such-option"])
    assert result.exit_code == ExitCode.USAGE
    assert "No such option" in result.output


FILES = [
    ["validate"],
    ["aws", "check"],
    ["aws", "policy"],
    ["standalone", "-"],
    ["standalone"],
    ["distributed"],
]


@pytest.mark.parametrize("words", FILES, ids=" ".join)
@pytest.mark.parametrize("content", [None, b"", b"\x7fELF\0", "{"], ids=["none", "empty", "program", "half"])
def test_a_file_that_is_none_is_refused(
    words: list[str], content: bytes | str | None, tmp_path: Path
) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = CliRunner().invoke(app, [*words, str(path)], env={"CONNECT_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert result.exit_code == ExitCode.REFUSED, result.output
    assert isinstance(result.exception, SystemExit)


READERS = [
    ["validate"],
    ["validate", "nowhere.json", "--worker"],
    ["migrate"],
    ["apply"],
    ["aws", "check"],
    ["aws", "policy"],
    ["aws", "connection", "create", "main", "--file"],
    ["standalone"],
    ["standalone", "-"],
    ["health"],
    ["offsets", "orders", "--worker"],
    ["status", "--user", "me", "--password-file"],
    ["status", "--token-file"],
    ["status", "--url", "https://127.0.0.1:1", "--ca-file"],
]


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_whether_a_file_may_be_read_is_told_by_who_reads_it(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were it asked beforehand, a file's mode would be a fault of the command line, without code and remedy.
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    path = tmp_path / "file.json"
    path.touch()
    result = CliRunner().invoke(app, [*words, str(path)], env={"CONNECT_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert (result.exit_code, "The file is empty" in result.output) == (ExitCode.REFUSED, True), result.output


@pytest.mark.parametrize("words", [["validate"], ["apply"], ["offsets"]], ids=" ".join)
def test_a_path_that_cannot_be_looked_at_is_refused(words: list[str]) -> None:
    # No system has names so long; the error is of the kind that a folder gives which may not be searched.
    name = "x" * 5000 + ".json"
    result = CliRunner().invoke(app, [*words, name], env={"CONNECT_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert result.exit_code == ExitCode.REFUSED, result.exception


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [*COMMAND, *arguments], stderr=subprocess.PIPE, text=True, check=False, timeout=120, **options
    )


def test_a_reader_that_leaves_is_no_fault() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        result = run("describe", "s3", stdout=nobody)
    assert (result.returncode, result.stderr) == (ExitCode.BROKEN_PIPE, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        result = run("plugins", stdout=full)
    assert result.returncode == ExitCode.REFUSED
    assert result.stderr == "The output cannot be written: No space left on device.\n"


def test_ctrl_c_ends_a_command_without_a_trace(tmp_path: Path) -> None:
    pipe = tmp_path / "orders.json"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*COMMAND, "validate", str(pipe)],
        stderr=subprocess.PIPE,
        text=True,
        # Where a shell runs tests in the background, Ctrl-C is ignored, and all children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads yet
    )
    with pipe.open("w"):  # it has opened the file, so it is at work
        time.sleep(0.1)
        for _ in range(5):  # a signal between two calls of the system waits for the next one
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)  # a second one could meet its end
                break
    _, told = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in told


def test_names_that_a_terminal_cannot_show_stop_nothing(tmp_path: Path) -> None:
    config = {"name": "日本", "connector.class": "s3", "topics": "t", "aws.s3.bucket.name": "bucket"}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(config))
    result = run("validate", str(path), env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (result.returncode, r"connector \u65e5\u672c" in result.stdout) == (0, True)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_ends_as_it_would_though_a_stream_was_closed(closed: str) -> None:
    command = shlex.join([*COMMAND, "explain", "config-invalid"])
    result = subprocess.run(
        ["/bin/sh", "-c", f"{command} {closed}"], check=False, capture_output=True, timeout=60
    )
    assert (result.returncode, result.stderr) == (0, b"")


# ---- terminals ----


def on_a_terminal(*arguments: str, **environ: str) -> str:
    """What a command writes on one."""
    ours, theirs = pty.openpty()
    shown = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=theirs, stderr=theirs, env={**shown, "TERM": "xterm", **environ}
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when nobody writes any more
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    process.wait(timeout=60)
    return written.decode()


def test_colours_are_for_terminals_whose_users_want_them() -> None:
    assert "\x1b[" in on_a_terminal("describe", "string")
    assert "\x1b[" not in on_a_terminal("describe", "string", NO_COLOR="1")
    assert "\x1b[" not in run("describe", "string").stdout


class Terminal:
    """What is on the screen at the end, and in between."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.is_terminal, self.written = is_terminal, ""

    def isatty(self) -> bool:
        return self.is_terminal

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None:
        pass


def test_progress_is_shown_on_a_terminal_and_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal(is_terminal=True)
    with Progress(screen) as progress:  # type: ignore[arg-type]
        progress.tell_of(5, 10, "partitions read")
        assert screen.written.endswith("[##########..........] 5 of 10 partitions read")
    assert re.split(r"\r\x1b\[K", screen.written)[-1] == ""


def test_progress_is_not_for_files() -> None:
    file = Terminal(is_terminal=False)
    with Progress(file) as progress:  # type: ignore[arg-type]
        progress.tell("going on")
    assert file.written == ""


# ---- Tab ----


def completed(*words: str, **environ: str) -> set[str]:
    """What Tab offers behind these words, the last one not finished."""
    asked = {
        "_CONNECTOR_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["connector", *words]),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner().invoke(app, [], env={**asked, **environ}, prog_name="connector")
    return set(result.stdout.split())


def test_tab_completes_commands_options_and_plug_ins() -> None:
    assert completed("va") == {"validate"}
    assert completed("status", "--tr") == {"--trace"}
    assert {"sqs", "sns", "s3"} <= completed("describe", "s")


def test_tab_without_a_worker_offers_nothing_and_does_not_fail() -> None:
    assert completed("status", "o", CONNECTOR_URL="http://127.0.0.1:1") == set()
    assert completed("status", "o", CONNECTOR_URL="no url") == set()


def test_completion_can_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run without any shell above them.
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    script = run("--show-completion").stdout
    assert "_CONNECTOR_COMPLETE" in script
