"""What is wrong with worker properties, in words for whoever wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import plugins
from connector.config.masking import looks_secret
from connector.config.suggest import closest, did_you_mean
from connector.environment import variable_name
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import ValidationError

    from connector.settings.declaration import WorkerProperties
    from connector.settings.source import Source

_CONVERTER_KINDS = {
    "key.converter": PluginKind.CONVERTER,
    "value.converter": PluginKind.CONVERTER,
    "header.converter": PluginKind.HEADER_CONVERTER,
}


def value_problems(
    error: ValidationError, source: Source, settings: type[WorkerProperties]
) -> Iterator[Problem]:
    for fault in error.errors(include_url=False, include_input=False, include_context=True):
        name = str(fault["loc"][0])
        is_missing = fault["type"] == "missing"
        message = (
            _missing(name, source, settings) if is_missing else _bad_value(name, fault, source, settings)
        )
        yield Problem(source.spelled(name), message)


def converter_problems(values: Mapping[str, str]) -> Iterator[Problem]:
    """Of converters that are not installed; connectors that name their own would not tell."""
    for name, kind in _CONVERTER_KINDS.items():
        written = values.get(name)
        if written and not plugins.is_known(kind, written):  # which loads none
            try:
                plugins.find(kind, written, name)
            except ConfigError as error:
                yield from error.problems


def _missing(name: str, source: Source, settings: type[WorkerProperties]) -> str:
    unknown = [written for written in source.values if written not in settings.names()]
    found = closest(name, unknown)
    hint = f' Did you mean it by "{source.spelled(found)}"?' if found else ""
    if other := source.others.get(name):
        hint = f" {other} is what another image calls it."
    return (
        f'Missing required configuration "{name}" which has no default value. Set it in the worker file, or'
        f" {variable_name(name)} in the environment.{hint}"
    )


def _bad_value(name: str, fault: Any, source: Source, settings: type[WorkerProperties]) -> str:
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    value = source.values[name]
    shown = "" if looks_secret(name) else f" {value}"
    default = next(field.default for field in settings.model_fields.values() if field.alias == name)
    remedy = "Remove it." if default in (None, ()) else f"The default is {default}."
    reason = fault["msg"].replace("Input should be", "It should be")
    choices = fault.get("ctx", {}).get("expected", "")
    hint = did_you_mean(value, [choice.strip("'") for choice in choices.replace(" or ", ", ").split(", ")])
    return f"Invalid value{shown} for configuration {name}: {reason}.{hint} {remedy}"
