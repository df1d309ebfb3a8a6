"""Where the keys of a config stand in its file, so that a fault can name the line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from connector.errors import ConfigError
from connector.properties import parse_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

Lines = dict[str, list[int]]
"""Of each key the lines in which it is given, the first line being 1."""

_CONFIG_DEPTH = 2
"""Keys are at the top, or one object deeper where a file holds ``{name, config}``."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]', re.DOTALL)
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\$")


def lines_of_keys(text: str) -> Lines:
    """The lines of all keys in JSON or properties; of what is not well-formed, those before the fault."""
    found: Lines = {}
    is_json = text.lstrip().startswith(("{", "["))
    for key, line in _json_keys(text) if is_json else _property_names(text):
        found.setdefault(key, []).append(line)
    return found


def _json_keys(text: str) -> Iterator[tuple[str, int]]:
    """A scan rather than a parser: what is no JSON has been refused already, or is about to be."""
    depth = line = 0
    counted_to = 0
    previous: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        symbol = token[0]
        if symbol == ":" and previous is not None and depth <= _CONFIG_DEPTH:
            line += text.count("\n", counted_to, previous.start())
            counted_to = previous.start()
            try:
                yield str(json.loads(previous[0], strict=False)), line + 1
            except ValueError:
                return
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(symbol, 0)
        previous = token if symbol.startswith('"') else None


def _property_names(text: str) -> Iterator[tuple[str, int]]:
    logical: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not logical and line.lstrip()[:1] in {"", "#", "!"}:
            continue
        logical.append(line)
        if _CONTINUED.search(line):
            continue
        try:
            names = parse_properties("\n".join(logical), source="")
        except ConfigError:
            return
        yield from ((name, number - len(logical) + 1) for name in names)
        logical = []
