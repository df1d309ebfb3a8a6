"""Where the view appears: a live panel in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from connector.demo import panel, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import TextIO

    from connector.demo.example import Change
    from connector.demo.summary import Summary
    from connector.demo.view import View

_PROGRESS_SECONDS = 1.0


class Screen(Protocol):
    """Something to show the demo on; a context manager."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def refresh(self, view: View) -> None:
        """Show the view as it is now; called several times a second."""
        ...

    def say(self, title: str, lines: Sequence[str]) -> None:
        """Show something that stays."""
        ...

    def changes(self, changes: Sequence[Change]) -> None: ...
    def summary(self, summary: Summary) -> None: ...


def screen_for(stream: TextIO = sys.stdout) -> Screen:
    """A live panel where the cursor can be moved, else lines."""
    console = Console(file=stream)
    if stream.isatty() and not console.is_dumb_terminal:
        return LiveScreen(console)
    return PlainScreen(stream)


class LiveScreen:
    """A panel that is drawn again and again; what stays scrolls away above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=True, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def refresh(self, view: View) -> None:
        self._live.update(panel.panel(view, self._console.height))

    def say(self, title: str, lines: Sequence[str]) -> None:
        self._console.print(Text(f"\n{title}", style="bold cyan"))
        for line in lines:
            self._console.print(Text(f"  {line}"))

    def changes(self, changes: Sequence[Change]) -> None:
        self._console.print(panel.changes_table(changes))

    def summary(self, summary: Summary) -> None:
        self._console.print(panel.summary_table(summary))


class PlainScreen:
    """Lines for logs and pipes: each step once, progress every second, no cursor control."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: set[int] = set()
        self._next_progress = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def refresh(self, view: View) -> None:
        for number, step in enumerate(view.steps):
            if step.done and number not in self._shown:
                self._shown.add(number)
                self._print(f"[ok] {step.text}{f': {step.detail}' if step.detail else ''}")
        if view.figures.budget_bytes and time.monotonic() >= self._next_progress:
            self._next_progress = time.monotonic() + _PROGRESS_SECONDS
            self._print(progress(view))

    def say(self, title: str, lines: Sequence[str]) -> None:
        self._print(f"\n{title}")
        for line in lines:
            self._print(f"  {line}")

    def changes(self, changes: Sequence[Change]) -> None:
        lines = [f"{change.option}: {change.before} -> {change.after}" for change in changes]
        self.say("config-examples/s3_sink.json and worker.properties, but for", lines)

    def summary(self, summary: Summary) -> None:
        verdict = "each record exactly once" if summary.adds_up else "THIS DOES NOT ADD UP"
        rows = summary.rows()
        width = max(len(label) for label, _ in rows)
        self.say(f"Summary: {verdict}", [f"{label:<{width}}  {value}" for label, value in rows])

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def progress(view: View) -> str:
    """The moment in one line."""
    figures = view.figures
    parts = [
        f"produced {view.produced:,}",
        f"in the bucket {view.found:,}",
        f"{view.rates.records:,.0f} records/s",
        f"{view.rates.read_bytes / 1e6:,.1f} MB/s",
        f"lag {sum(figures.lag.values()):,}",
        f"budget {text.size(figures.buffered_bytes)} of {text.size(figures.budget_bytes)}",
        f"{view.objects:,} objects",
    ]
    if view.latest:
        newest = view.latest[-1]
        parts.append(f"newest {newest.key} ({newest.records:,} records, {text.size(newest.size_bytes)})")
    return " | ".join(parts)
