"""Options as JSON Schema, with which editors complete, explain and check a connector's file.

It accepts what a connector accepts, and calls what nothing reads a fault, so that editors mark it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.config.connector import ConnectorConfig
from connector.runtime.blueprint import FRAMEWORK_KEYS, FRAMEWORK_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.config.option import Option
    from connector.config.schema import Config

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = r"\$\{[^}]+\}"
"""Of a config provider, which may stand for any value."""

_INTEGER = {"type": ["integer", "string"], "pattern": rf"^\s*[+-]?\d+\s*$|{REFERENCE}"}
_SHAPES: dict[str, dict[str, Any]] = {
    "BOOLEAN": {
        "type": ["boolean", "string"],
        "pattern": rf"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$|{REFERENCE}",
    },
    "INT": _INTEGER,
    "LONG": _INTEGER,
}
_TEXT = {"type": ["string", "number", "boolean"]}
"""Every value is text in the end; numbers and booleans become theirs."""


def connector_schema(name: str, sink: type[Config]) -> dict[str, Any]:
    """Of a connector with this sink: a flat object, or ``{name, config}``."""
    options = {**ConnectorConfig.options(), **sink.options()}
    config = _object(options.values(), sink.tolerated)
    request = {
        "type": "object",
        "properties": {
            "name": _TEXT,
            "config": {"$ref": "#/$defs/config"},
            "initial_state": {"enum": ["RUNNING", "PAUSED", "STOPPED"]},
        },
        "required": ["config"],
        "additionalProperties": False,
    }
    return {
        "$schema": _DIALECT,
        "title": f"A connector with the sink {name}",
        "if": {"properties": {"config": {"type": "object"}}, "required": ["config"]},
        "then": request,
        "else": {"$ref": "#/$defs/config"},
        "$defs": {"config": config},
    }


def plugin_schema(name: str, config: type[Config]) -> dict[str, Any]:
    """Of the options of a plug-in, without what stands before their names in a connector."""
    return {"$schema": _DIALECT, "title": f"Options of {name}", **_object(config.options().values(), ())}


def _object(options: Iterable[Option[Any]], tolerated: Iterable[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    open_prefixes = {*FRAMEWORK_PREFIXES, *(each for each in tolerated if each.endswith("."))}
    needed = []
    for option in options:
        properties[option.name] = _property(option)
        for alias in option.aliases:
            properties[alias] = {**_property(option), "description": f"Another name of {option.name}."}
        if option.names_plugin:
            open_prefixes.add(f"{option.name}.")
        if option.required and option is not ConnectorConfig.name:
            needed.append({"anyOf": [{"required": [each]} for each in (option.name, *option.aliases)]})
    for key in (*FRAMEWORK_KEYS, *(each for each in tolerated if not each.endswith("."))):
        properties.setdefault(key, {})
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": {f"^{re.escape(prefix)}": _TEXT for prefix in sorted(open_prefixes)},
        "additionalProperties": False,
        **({"allOf": needed} if needed else {}),
    }


def _property(option: Option[Any]) -> Mapping[str, Any]:
    found: dict[str, Any] = {"description": option.description, **_SHAPES.get(option.kind.name, _TEXT)}
    if option.default not in (None, [], (), "") and not option.is_secret:
        default = option.default
        found["default"] = ",".join(default) if isinstance(default, list | tuple) else default
    if option.is_secret:
        found["writeOnly"] = True
    if option.choices:
        found |= _choices(option)
    return found


def _choices(option: Option[Any]) -> dict[str, Any]:
    """Only offered where others pass, too: other case, or several with commas."""
    choices = [str(choice) for choice in option.choices]
    if option.kind.name != "STRING" or any(_accepts(option, choice.swapcase()) for choice in choices):
        return {"examples": choices}
    return {"anyOf": [{"enum": choices}, {"pattern": REFERENCE}]}


def _accepts(option: Option[Any], text: str) -> bool:
    try:
        option.parse(text)
    except ValueError:
        return False
    return True
