"""With what each command exits: declared beside the command, shown in its help and in ``docs/cli.md``."""

from __future__ import annotations

import inspect
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")


class ExitCode(IntEnum):
    """Every code that a command exits with on purpose."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    """As Kafka Connect's standalone worker exits when a connector cannot be created."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done, and nothing is wrong",
    ExitCode.FAILED: "done, and the answer is no: what is looked at is not as it should be",
    ExitCode.USAGE: "the command line is at fault: an unknown command or option, or a value it cannot take",
    ExitCode.REFUSED: "not done: a config or file is at fault, or nobody answers",
    ExitCode.INTERRUPTED: "ended by Ctrl-C; a worker that did not stop in time, or that got a second signal",
    ExitCode.BROKEN_PIPE: "whoever read the output has gone, such as `head`",
}

_ATTRIBUTE = "exit_codes"


def exits(**meanings: str) -> Callable[[_Command], _Command]:
    """Declare what codes mean for a command, by their names in lower case: ``failed="a step failed"``.

    Those that mean the same for every command need not be named.
    """
    declared = {ExitCode[name.upper()]: meaning for name, meaning in meanings.items()}

    def declare(command: _Command) -> _Command:
        setattr(command, _ATTRIBUTE, declared)
        told = ", ".join(f"{code.value} if {meaning}" for code, meaning in declared.items())
        command.__doc__ = f"{inspect.getdoc(command) or ''}\n\nExits with {told}."
        return command

    return declare


def declared_exits(command: Callable[..., Any]) -> dict[ExitCode, str]:
    """What :func:`exits` said of a command; nothing where it was not used."""
    found: dict[ExitCode, str] = getattr(command, _ATTRIBUTE, {})
    return found
