"""What ``connector validate`` does: every fault of a file with its line, as compilers tell them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from connector import plugins
from connector.cluster.plan import plan
from connector.commands.terminal import painted
from connector.config.connector import ConnectorConfig
from connector.config.files import parse_file, read_file
from connector.config.position import lines_of_keys
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.runtime.blueprint import unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from connector.config.position import Lines
    from connector.config.schema import Config, RawConfig
    from connector.runtime.blueprint import Blueprint
    from connector.settings import WorkerSettings

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def run(files: Iterable[Path], settings: WorkerSettings) -> bool:
    """Check files and print what is found; whether all of them can be run."""
    names: dict[str, Path] = {}
    results = [_validate(path, settings, names) for path in files]
    return all(results)


def _validate(path: Path, settings: WorkerSettings, names: dict[str, Path]) -> bool:
    lines: Lines = {}
    try:
        text = read_file(path)
        lines = lines_of_keys(text)
        raw = parse_file(text, path).config
        named = _named_alike(path, raw, names)
        problems, blueprint = _drawn(raw, settings)
    except ConfigError as error:
        _tell_problems(path, error.problems, lines, {})
        return False
    if blueprint is None or named:
        sink_config = _sink_config(raw)
        _tell_problems(path, [*named, *problems], lines, _aliases(sink_config))
        if sink_config is not None:
            _tell_unread(path, unread(raw, sink_config), lines)
        return False
    typer.echo(
        f"{path}: {painted('ok', 'green')}: connector {blueprint.name}, sink {blueprint.sink_class_name}"
    )
    for note in blueprint.notes:
        _tell(path, None, "note", note)
    _tell_unread(path, blueprint.unknown, lines)
    return True


def _drawn(raw: RawConfig, settings: WorkerSettings) -> tuple[Sequence[Problem], Blueprint | None]:
    try:
        (blueprint,) = plan([raw], settings)
    except ConfigError as error:
        return error.problems, None
    return (), blueprint


def _named_alike(path: Path, raw: RawConfig, names: dict[str, Path]) -> list[Problem]:
    """A worker would refuse the second connector of a name, and `connector apply` both."""
    option = ConnectorConfig.name.name
    name = raw.get(option)
    if name is None or (first := names.setdefault(name, path)) == path:
        return []
    return [Problem(option, f"{first} has another connector {name}: give each a name of its own.")]


def _tell_problems(
    path: Path, problems: Iterable[Problem], lines: Lines, aliases: Mapping[str, list[str]]
) -> None:
    found = [(_line(problem, lines, aliases), problem) for problem in problems]
    for line, problem in sorted(found, key=lambda each: each[0] or 0):
        text = problem.message if problem.option == str(path) else str(problem)
        earlier = lines.get(problem.option, [])[:-1]
        also = f" (Also in line {', '.join(map(str, earlier))}.)" if earlier else ""
        _tell(path, line, "error", text + also + _code(problem))


def _code(problem: Problem) -> str:
    """For the runbook, where it knows more than that an option is at fault."""
    return "" if problem.code is ErrorCode.CONFIG_INVALID else f" [{problem.code}]"


def _tell_unread(path: Path, unknown: Mapping[str, str | None], lines: Lines) -> None:
    for option, meant in unknown.items():
        hint = f"; did you mean {meant}?" if meant else ""
        line = lines.get(option, [None])[-1]
        _tell(path, line, "warning", f"{option} is not read by anything{hint}")


def _tell(path: Path, line: int | None, severity: str, text: str) -> None:
    where = str(path) if line is None else f"{path}:{line}"
    typer.echo(f"{where}: {painted(severity, _COLOURS[severity], sys.stderr)}: {text}", err=True)


def _line(problem: Problem, lines: Lines, aliases: Mapping[str, list[str]]) -> int | None:
    """Of a key that is given twice the last, which is the one that a reader should look at."""
    if problem.line is not None:
        return problem.line
    names = [problem.option, *aliases.get(problem.option, ())]
    return next((lines[name][-1] for name in names if name in lines), None)


def _aliases(sink_config: type[Config] | None) -> dict[str, list[str]]:
    options = {**ConnectorConfig.options(), **(sink_config.options() if sink_config else {})}
    return {option.name: list(option.aliases) for option in options.values()}


def _sink_config(raw: RawConfig) -> type[Config] | None:
    option = ConnectorConfig.connector_class.name
    try:
        found: type[Config] = plugins.find(PluginKind.SINK, raw.get(option, ""), option).config_class
    except ConfigError:
        return None
    return found
