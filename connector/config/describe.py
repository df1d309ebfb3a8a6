"""The options of a sink as text for people, derived from their declarations."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from connector import plugins
from connector.config.connector import ConnectorConfig
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.config.option import Option

_WIDTH = 100


def describe(sink: str) -> str:
    """Every option that a connector of this sink has, group by group.

    Raises:
        ConfigError: No installed sink answers to the name.
    """
    config_class = plugins.find(PluginKind.SINK, sink, "connector.class").config_class
    options = {**ConnectorConfig.options(), **config_class.options()}
    lines: list[str] = []
    # Sorting is stable: within a group the order of declaration stays.
    by_group = sorted(options.values(), key=lambda option: option.group)
    for group, members in groupby(by_group, key=lambda option: option.group):
        lines += [group, *(line for option in members for line in _entry(option)), ""]
    return "\n".join(lines)


def _entry(option: Option[Any]) -> Iterator[str]:
    facts = [option.kind.name.lower()]
    facts.append("required" if option.required else f"default {_shown(option.default)}")
    if option.choices:
        facts.append(f"one of {', '.join(option.choices)}")
    yield f"  {option.name}  ({'; '.join(facts)})"
    yield from textwrap.wrap(option.description, _WIDTH, initial_indent="      ", subsequent_indent="      ")


def _shown(default: Any) -> str:
    match default:
        case None:
            return "none"
        case bool():
            return str(default).lower()
        case list():
            return ",".join(default) or "empty"
    text = str(default) or "empty"
    return text if text.isprintable() else ascii(text)
