"""What ``connector describe`` does: the options of a plug-in, for people, scripts and editors."""

from __future__ import annotations

import json
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from connector import plugins
from connector.commands.json_schema import connector_schema, plugin_schema
from connector.commands.terminal import bold, painted
from connector.config.connector import ConnectorConfig
from connector.config.suggest import did_you_mean
from connector.errors import ConfigError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.config.option import Option
    from connector.config.schema import Config

_WIDTH = 100
PREFIXES = {
    PluginKind.SINK: "",
    PluginKind.CONVERTER: "key.converter. or value.converter.",
    PluginKind.HEADER_CONVERTER: "header.converter.",
    PluginKind.TRANSFORM: "transforms.NAME.",
    PluginKind.PREDICATE: "predicates.NAME.",
    PluginKind.CONFIG_PROVIDER: "config.providers.NAME.param.",
}
"""The kinds that have options, and what stands before their names."""


def run(name: str, search: str = "", *, as_schema: bool = False) -> None:
    """Print every option that a connector with this sink has, or that another plug-in adds.

    Args:
        name: Of the plug-in.
        search: Only options that have this in name or text.
        as_schema: A JSON Schema instead.

    Raises:
        ConfigError: No plug-in answers to the name, or no option has what is searched for.
    """
    kind, plugin = _found(name)
    config: type[Config] = plugin.config_class
    if as_schema:
        schema = connector_schema(name, config) if kind is PluginKind.SINK else plugin_schema(name, config)
        typer.echo(json.dumps(schema, indent=2, ensure_ascii=False))
        return
    known = {**ConnectorConfig.options(), **config.options()} if kind is PluginKind.SINK else config.options()
    options = [option for option in known.values() if _is_about(option, search.lower())]
    if not options:
        raise ConfigError.of(name, f"has no option about {search}" if search else "has no options")
    if PREFIXES[kind]:
        typer.echo(f"A {_words(kind)}; its options stand behind {PREFIXES[kind]}\n")
    typer.echo("\n".join(_text(options)))


def _words(kind: PluginKind) -> str:
    return kind.value.removeprefix("connector.").removesuffix("s").replace("_", " ")


def _found(name: str) -> tuple[PluginKind, Any]:
    """A name that is both a sink and another thing is the sink."""
    for kind in PREFIXES:
        if plugins.version(kind, name) is not None:
            return kind, plugins.find(kind, name, _words(kind))
    known = [name for kind in PREFIXES for name in plugins.names(kind)]
    raise ConfigError.of(
        name, f"There is no such plug-in.{did_you_mean(name, known)} connector plugins lists all."
    )


def _is_about(option: Option[Any], searched: str) -> bool:
    return any(searched in text.lower() for text in (option.name, option.description, *option.aliases))


def _text(options: Iterable[Option[Any]]) -> Iterator[str]:
    # Sorting is stable: within a group the order of declaration stays.
    by_group = sorted(options, key=lambda option: option.group)
    for group, members in groupby(by_group, key=lambda option: option.group):
        yield from (bold(group), *(line for option in members for line in _entry(option)), "")


def _entry(option: Option[Any]) -> Iterator[str]:
    facts = [option.kind.name.lower()]
    facts.append("required" if option.required else f"default {_shown(option.default)}")
    if option.choices:
        facts.append(f"one of {', '.join(option.choices)}")
    if option.aliases:
        facts.append(f"also {', '.join(option.aliases)}")
    yield f"  {painted(option.name, 'cyan')}  ({'; '.join(facts)})"
    yield from textwrap.wrap(option.description, _WIDTH, initial_indent="      ", subsequent_indent="      ")


def _shown(default: Any) -> str:
    match default:
        case None:
            return "none"
        case bool():
            return str(default).lower()
        case list() | tuple():
            return ",".join(map(str, default)) or "empty"
    text = str(default) or "empty"
    return text if text.isprintable() else ascii(text)
