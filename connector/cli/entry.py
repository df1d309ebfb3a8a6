"""The process of the command: what it does with signals, with output that nobody takes, and how it ends."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import typer

from connector import logs
from connector.cli.app import app
from connector.commands.exit_code import ExitCode

_STANDARD_ERROR = 2


def main() -> None:
    if os.getpid() == 1:
        # The first process of a container gets no signal that it does not ask for; a worker asks later.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    _open_streams()
    # What a name holds must not stop a command on a terminal that cannot show it.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logs.configure()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            _end_of_output()
            sys.exit(ExitCode.BROKEN_PIPE)
        raise
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _end_of_output()
        with suppress(OSError):
            typer.echo(f"The output cannot be written: {error.strerror}.", err=True)
        sys.exit(ExitCode.REFUSED)


def _open_streams() -> None:
    """Whoever closed one for us would have it taken by the next file or connection that is opened."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open to the end


def _end_of_output() -> None:
    """Nothing more can be written, by the interpreter's own last flush neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
