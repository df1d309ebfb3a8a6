"""What a terminal is shown and a pipe is not: colours, and how far something is."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Self, TextIO

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = "  "


def has_colours(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal whose user wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """``text`` in a colour where the standard output, or ``stream``, has any."""
    return typer.style(text, fg=colour) if has_colours(stream or sys.stdout) else text


def bold(text: str) -> str:
    return typer.style(text, bold=True) if has_colours(sys.stdout) else text


def columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cells as wide as their columns, the last one as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1:] = [0]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def table(rows: Sequence[Sequence[str]], colours: Sequence[str | None] | None = None) -> str:
    """Rows below each other, the first one a heading.

    Args:
        rows: Of the same number of cells.
        colours: One for each row.
    """
    lines = [_GAP.join(cells).rstrip() for cells in columns(rows)]
    shown = [bold(lines[0]), *lines[1:]]
    return "\n".join(
        painted(line, colour) if colour else line
        for line, colour in zip(shown, colours or [None] * len(lines), strict=True)
    )


class Progress:
    """One line on the standard error that says how far something is, gone when it is done.

    Nothing is written where nobody looks on: into a file, a pipe, the log of a container.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_shown = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._is_dirty = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def tell(self, text: str) -> None:
        """Replace the line."""
        if self._is_shown:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{text[:width]}")
            self._stream.flush()
            self._is_dirty = True

    def tell_of(self, done: int, total: int, what: str) -> None:
        """A bar: ``done`` of ``total``."""
        width = 20
        filled = width * done // max(total, 1)
        self.tell(f"[{'#' * filled}{'.' * (width - filled)}] {done} of {total} {what}")

    def clear(self) -> None:
        """Make room for a line of output."""
        if self._is_dirty:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_dirty = False
