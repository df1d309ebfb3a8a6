"""``connector migrate``: the config of another connector as one of ours, and what became of each key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from connector.commands.exit_code import ExitCode
from connector.config.dialect import Fate
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from connector.config.dialect import Line
    from connector.config.schema import RawConfig
    from connector.sinks.base import Sink

_WIDTH = max(len(fate) for fate in Fate)


def run(file: Path, *, worker: Path | None, as_table: bool) -> ExitCode:
    """Print the rewritten config, or the table; explain on stderr.

    Returns:
        ``FAILED`` if a line is to be looked at, ``REFUSED`` if the result is no legal config.

    Raises:
        ConfigError: The file cannot be read, or is of no connector that is known.
    """
    from connector.config.files import parse_file, read_file
    from connector.migration import rewritten

    text = read_file(file)  # once: it may be a pipe
    found = rewritten(parse_file(text, file).config)
    problems = [str(problem) for problem in found.problems] or _faults(found.config, worker)
    told = _with_unread(found.lines, found.config)
    if as_table:
        typer.echo("\n".join(table(told)))
    else:
        typer.echo(json.dumps(_as_submitted(text, found.config), indent=2, ensure_ascii=False))
        for line in lines(told):
            typer.echo(line, err=True)
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    if problems:
        return ExitCode.REFUSED
    return ExitCode.FAILED if any(line.fate is Fate.ATTENTION for line in told) else ExitCode.OK


def lines(found: Iterable[Line]) -> Iterator[str]:
    """A line of text for each key."""
    for line in found:
        others = [key for key in line.becomes if key != line.key]
        becomes = f" -> {', '.join(others)}" if others else ""
        why = f": {line.why}" if line.why else ""
        yield f"{line.fate:{_WIDTH}} {line.key}{becomes}{why}"


def table(found: Iterable[Line]) -> Iterator[str]:
    """The same as a table of Markdown."""
    yield "| Key | What became of it | Here | Why |"
    yield "| --- | --- | --- | --- |"
    for line in found:
        becomes = "<br>".join(f"`{key}`" for key in line.becomes)
        yield f"| `{line.key}` | {line.fate} | {becomes} | {line.why} |"


def _with_unread(found: Sequence[Line], config: RawConfig) -> list[Line]:
    """A key that nobody reads is kept, since it may be meant for somebody; its owner is to look at it."""
    from connector.plugins import PluginKind, find
    from connector.runtime.blueprint import unread

    sink: type[Sink] = find(PluginKind.SINK, config["connector.class"], "connector.class")
    unknown = unread(config, sink.config_class)

    def looked_at(line: Line) -> Line:
        if line.fate is not Fate.KEPT or line.key not in unknown:
            return line
        meant = unknown[line.key]
        why = "nothing reads it" + (f"; did you mean {meant}?" if meant else "")
        return replace(line, fate=Fate.ATTENTION, why=why)

    return [looked_at(line) for line in found]


def _as_submitted(text: str, config: RawConfig) -> object:
    """Flat, or as a request to create it, whichever it was before."""
    try:
        submitted = json.loads(text)
    except ValueError:
        return config
    if not isinstance(submitted.get("config"), dict):
        return config
    return {**submitted, "config": {key: value for key, value in config.items() if key != "name"}}


def _faults(config: RawConfig, worker: Path | None) -> list[str]:
    """As ``connector validate`` finds them."""
    from connector.cluster.plan import plan
    from connector.commands.offline import offline_settings

    try:
        plan([config], offline_settings(worker))
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []
