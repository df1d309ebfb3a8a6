"""Finds plug-ins by entry point; built-in ones are registered the same way as anybody else's.

A plug-in answers to the name of its entry point. Java class names that users have in their configs are
further entry points of the same object; Connect's short forms (the simple class name, with or without
its ``Connector`` or ``Converter`` ending) follow from them.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from connector.config.elsewhere import instead_of
from connector.config.suggest import did_you_mean
from connector.error_codes import ErrorCode
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Container


class PluginKind(StrEnum):
    """The entry-point groups."""

    SINK = "connector.sinks"
    FORMAT = "connector.formats"
    CONVERTER = "connector.converters"
    HEADER_CONVERTER = "connector.header_converters"
    TRANSFORM = "connector.transforms"
    PREDICATE = "connector.predicates"
    CONFIG_PROVIDER = "connector.config_providers"
    CREDENTIALS_PROVIDER = "connector.credentials_providers"


_MOST_LISTED = 20
"""In one message: through more than that nobody looks for a name."""
_SUFFIXES = ("Connector", "HeaderConverter", "Converter", "Transformation", "Predicate")


def find(kind: PluginKind, name: str, option: str) -> type[Any]:
    """The class that ``name``, the value of ``option``, stands for.

    Raises:
        ConfigError: No installed plug-in answers to the name, or it cannot be imported.
    """
    known = _by_name(kind)
    entry_point = known.get(name)
    if entry_point is None:
        raise ConfigError.of(
            option,
            f"Invalid value {name} for configuration {option}: Class {name} could not be found."
            f"{_parts_of(name, known) or instead_of(name) or did_you_mean(name, list(known))}"
            f" {_installed(kind)}",
            code=ErrorCode.PLUGIN_UNUSABLE,
        )
    try:
        plugin: type[Any] = entry_point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError.of(
            option,
            f"The plug-in {name} is installed but cannot be loaded: {error}",
            code=ErrorCode.PLUGIN_UNUSABLE,
        ) from error
    return plugin


def _parts_of(name: str, known: Container[str]) -> str:
    """Kafka's transforms of fields are two classes each, and the name without either is none."""
    if f"{name}$Value" not in known:
        return ""
    return f" Say what it changes: {name}$Value or {name}$Key."


def _installed(kind: PluginKind) -> str:
    found = sorted(names(kind))
    if not found:
        return "None is installed here."
    if len(found) > _MOST_LISTED:
        return f"{len(found)} are installed here: `connector plugins` lists them."
    return f"Installed here: {', '.join(found)}."


def version(kind: PluginKind, name: str) -> str | None:
    """The version of the distribution that brings the plug-in; None if there is no such plug-in."""
    found = _by_name(kind).get(name)
    return found.dist.version if found and found.dist else None


def is_known(kind: PluginKind, name: str) -> bool:
    """Whether an installed plug-in answers to the name; :func:`find` takes longer to say that none does."""
    return name in _by_name(kind)


def is_same(kind: PluginKind, name: str, other: str) -> bool:
    """Whether both are names of one installed plug-in."""
    known = _by_name(kind)
    return name in known and other in known and known[name].value == known[other].value


def classes(kind: PluginKind) -> list[tuple[str, str | None]]:
    """The class names that clients choose from, sorted, with their versions.

    Of a plug-in that stands for Java classes their names, since clients look for them; else its own.
    """
    listed: dict[str, str | None] = {}
    by_value: dict[str, list[EntryPoint]] = {}
    for entry_point in _entry_points(kind):
        by_value.setdefault(entry_point.value, []).append(entry_point)
    for value, found in by_value.items():
        version = found[0].dist.version if found[0].dist else None
        java = [entry_point.name for entry_point in found if "." in entry_point.name]
        listed.update(dict.fromkeys(java or [value.replace(":", ".")], version))
    return sorted(listed.items())


def names(kind: PluginKind) -> dict[str, str]:
    """The shortest name of every installed plug-in, and the object it stands for as ``module:attribute``."""
    shortest: dict[str, str] = {}
    for entry_point in sorted(_entry_points(kind), key=lambda found: len(found.name), reverse=True):
        shortest[entry_point.value] = entry_point.name
    return {name: value for value, name in shortest.items()}


@cache
def class_name(plugin: type[Any]) -> str:
    """The Java class that a plug-in answers to, as users and their tools know it; else its own full name."""
    value = f"{plugin.__module__}:{plugin.__qualname__}"
    known = (found.name for kind in PluginKind for found in _entry_points(kind) if found.value == value)
    return next((name for name in known if "." in name), value.replace(":", "."))


@cache
def _entry_points(kind: PluginKind) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=kind.value))


@cache
def _by_name(kind: PluginKind) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry_point in _entry_points(kind):
        own = entry_point.value.replace(":", ".")
        for name in {entry_point.name, own, *_short_forms(own)}:
            found.setdefault(name, entry_point)
    # Java's classes may share a simple name: it is that of the plug-in whose own class has it.
    for entry_point in _entry_points(kind):
        for name in _short_forms(entry_point.name):
            found.setdefault(name, entry_point)
    return found


def _short_forms(java_name: str) -> set[str]:
    """Connect's aliases of ``org.example.FooConnector``: ``FooConnector`` and ``Foo``."""
    if "." not in java_name:
        return set()
    simple = java_name.rpartition(".")[2]
    return {simple, *(simple.removesuffix(suffix) for suffix in _SUFFIXES if simple.endswith(suffix))}
