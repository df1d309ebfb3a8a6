"""The view as rich draws it in a terminal; pure, from state to something to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from connector.demo import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from connector.demo.example import Change
    from connector.demo.summary import Summary
    from connector.demo.view import Step, View

_FEWEST_STEPS = 2
_OTHER_LINES = 23
"""All but the steps, and the line of the cursor."""
_SPINNER = Spinner("dots", style="cyan")


def panel(view: View, height: int) -> RenderableType:
    """Everything at this moment, in a terminal of ``height`` lines: the oldest steps make room."""
    parts: list[RenderableType] = []
    if view.steps:
        parts = [_steps(view.steps[-max(_FEWEST_STEPS, height - _OTHER_LINES) :])]
    if view.credentials:
        parts += [_heading("Credentials"), _credentials(view)]
    if view.figures.budget_bytes:
        parts += [_heading("Delivery"), _delivery(view)]
    if view.latest:
        parts += [_heading("Objects landing in the bucket"), _objects(view)]
    subtitle = "Ctrl-C ends it" if view.is_live else None
    return Panel(Group(*parts), title="Kafka → S3, on this machine", subtitle=subtitle, border_style="cyan")


def changes_table(changes: Sequence[Change]) -> RenderableType:
    """What the demo had to change in the examples."""
    table = Table(title="config-examples/s3_sink.json and worker.properties, but for", title_justify="left")
    table.add_column("option", style="bold", overflow="fold")
    table.add_column("in the example", style="dim", overflow="fold")
    table.add_column("here", overflow="fold")
    for change in changes:
        table.add_row(*map(Text, change))
    return table


def summary_table(summary: Summary) -> RenderableType:
    """The end."""
    verdict = ("each record exactly once", "green") if summary.adds_up else ("THIS DOES NOT ADD UP", "red")
    table = Table(title=verdict[0], title_style=f"bold {verdict[1]}", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for row in summary.rows():
        table.add_row(*row)
    return table


def _heading(title: str) -> Text:
    return Text(f"\n{title}", style="bold cyan")


def _grid(*styles: str) -> Table:
    grid = Table.grid(padding=(0, 2))
    for style in styles:
        grid.add_column(style=style, no_wrap=True, overflow="ellipsis")
    return grid


def _steps(steps: Sequence[Step]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=1)
    grid.add_column(min_width=max(len(step.text) for step in steps), no_wrap=True, overflow="ellipsis")
    grid.add_column(style="dim", no_wrap=True, overflow="ellipsis")
    for step in steps:
        mark: RenderableType = Text("✓", style="bold green") if step.done else _SPINNER
        grid.add_row(mark, step.text, Text(step.detail))
    return grid


def _credentials(view: View) -> RenderableType:
    grid = _grid("dim", "")
    if found := view.credentials:
        grid.add_row("role", found.role)
        grid.add_row("session", found.session)
        grid.add_row("expires", text.clock(found.expires))
    return grid


def _delivery(view: View) -> RenderableType:
    figures, rates = view.figures, view.rates
    grid = _grid("dim", "", "")
    rate = f"{rates.records:,.0f} records/s · {rates.read_bytes / 1e6:,.1f} MB/s"
    grid.add_row("reading", rate, f"at best {rates.peak_records:,.0f} records/s")
    share = f"{view.found:,} of {view.produced:,}"
    grid.add_row("in the bucket", share, _bar(view.found, view.produced))
    lag = "  ".join(f"{partition}: {records:,}" for partition, records in figures.lag.items())
    grid.add_row("lag by partition", lag, "")
    budget = f"{text.size(figures.buffered_bytes)} of {text.size(figures.budget_bytes)}"
    grid.add_row("memory budget", budget, _bar(figures.buffered_bytes, figures.budget_bytes))
    return grid


def _bar(part: float, whole: float) -> RenderableType:
    return ProgressBar(total=max(whole, 1), completed=part, width=30)


def _objects(view: View) -> RenderableType:
    grid = _grid("", "", "")
    for stored in view.latest:
        records = Text(f"{stored.records:,} records", justify="right")
        # The folders before the name are the same for all of them.
        grid.add_row(
            stored.key.rpartition("/")[2], records, Text(text.size(stored.size_bytes), justify="right")
        )
    grid.add_row(Text(f"{view.objects:,} so far", style="dim"), "", Text(text.size(view.object_bytes)))
    return grid
