"""Checks submitted configs, for answers that list every option and for those that only say what is wrong.

What is wrong is found by :func:`~connector.runtime.blueprint.draw`; here each fault is put to its option.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connector import plugins
from connector.cluster.request_error import BadRequestError
from connector.config.client import CLIENT_NAMES
from connector.config.connector import ConnectorConfig
from connector.config.definition import config_info, key_infos, undefined
from connector.config.info import ConfigInfo, ConfigInfos, KeyInfo
from connector.config.option import BOOLEAN, CLASS, STRING, Option, defaulted, required
from connector.config.schema import Config
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.runtime.blueprint import ROLES, draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from connector.config.info import SubmittedConfig
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint, WorkerDefaults

CLASS_OPTION = ConnectorConfig.connector_class.name
_NULL = "Null value can not be supplied as the configuration value."
_NO_TOPICS = "Must configure one of topics or topics.regex"
_ENDPOINT = "`/connector-plugins/{connectorType}/config/validate`"
_OVERRIDE = "consumer.override."


def checked(submitted: SubmittedConfig, worker: WorkerDefaults) -> Blueprint:
    """What the connector is made of; blocks while config providers read.

    Raises:
        BadRequestError: With every fault, in the words of Kafka Connect's 400.
    """
    _find_class(submitted)
    blueprint, problems = _drawn(submitted, worker)
    if problems or blueprint is None:
        raise BadRequestError(refusal(problems))
    return blueprint


def refusal(problems: list[Problem]) -> str:
    """The text of Kafka Connect's 400 for faults of a config."""
    lines = [
        found.message if found.option in found.message else f"{found.option}: {found.message}"
        for found in problems
    ]
    return "\n".join(
        [
            f"Connector configuration is invalid and contains the following {len(lines)} error(s):",
            *lines,
            f"You can also find the above list of errors at the endpoint {_ENDPOINT}",
        ]
    )


def infos(submitted: SubmittedConfig, worker: WorkerDefaults) -> ConfigInfos:
    """Every option that the connector has, with its value and what is wrong with it; blocks.

    Raises:
        BadRequestError: No ``connector.class``, or none that is installed: there are no options to show.
    """
    sink = _find_class(submitted)
    _, problems = _drawn(submitted, worker)
    errors: dict[str, list[str]] = {}
    for problem in problems:
        errors.setdefault(problem.option, []).append(problem.message)
    defined = list(_numbered(_defined(submitted, sink, worker)))
    known = {each.key.name for each in defined}
    configs = [undefined(name, texts) for name, texts in errors.items() if name not in known]
    configs += [each.info(submitted, errors) for each in defined]
    groups = dict.fromkeys(each.key.group for each in defined if each.key.group)
    return ConfigInfos(submitted[CLASS_OPTION] or "", tuple(groups), tuple(configs))


def plugin_keys(kind: PluginKind, plugin: type[Any]) -> list[KeyInfo]:
    """The options of a plug-in: its own, and of a sink then those of every connector."""
    config_class: type[Config] = getattr(plugin, "config_class", Config)
    own = config_class.options()
    if kind is not PluginKind.SINK:
        return key_infos(own.values())
    return key_infos({**own, **ConnectorConfig.options()}.values())


# ---- what there is ----


@dataclass(frozen=True, slots=True)
class _Defined:
    key: KeyInfo
    option: Option[Any]

    def info(self, submitted: SubmittedConfig, errors: Mapping[str, list[str]]) -> ConfigInfo:
        aliases = (self.key.name, *self.option.aliases)
        text = next((submitted[name] for name in aliases if submitted.get(name) is not None), None)
        return config_info(self.key, self.option, text, errors.get(self.key.name, ()))


def _defined(submitted: SubmittedConfig, sink: type[Any], worker: WorkerDefaults) -> Iterator[_Defined]:
    """In Kafka Connect's order: of every connector, transforms, predicates, the sink's, converters'."""
    base = {**ConnectorConfig.options(), **{option.name: option for option in _ACCEPTED}}
    defaults = {f"{role}.converter": worker.converter_class(role) for role in ROLES}
    yield from _pairs(base.values(), defaults=defaults)
    yield from _chain(submitted, "transforms", PluginKind.TRANSFORM)
    yield from _chain(submitted, "predicates", PluginKind.PREDICATE)
    config_class: type[Config] = sink.config_class
    yield from _pairs(option for name, option in config_class.options().items() if name not in base)
    overrides = [name.removeprefix(_OVERRIDE) for name in submitted if name.startswith(_OVERRIDE)]
    for name in overrides:
        if name in CLIENT_NAMES:
            text = "An option of the connector's consumers."
            client = [Option[Any](name, STRING, text, group="Consumer")]
            yield from _pairs(client, prefix=_OVERRIDE)
    for role in ROLES:
        kind = PluginKind.HEADER_CONVERTER if role == "header" else PluginKind.CONVERTER
        yield from _below(submitted, f"{role}.converter", kind, f"{role}.converter.", "Converters")


def _numbered(defined: Iterable[_Defined]) -> Iterator[_Defined]:
    """Through the whole list: a sink may add to groups of every connector."""
    orders: dict[str | None, int] = {}
    for each in defined:
        order = orders[each.key.group] = orders.get(each.key.group, 0) + 1
        yield replace(each, key=replace(each.key, order=order))


def _chain(submitted: SubmittedConfig, section: str, kind: PluginKind) -> Iterator[_Defined]:
    """The transforms, or the predicates, with the options of each."""
    for alias in dict.fromkeys(item.strip() for item in (submitted.get(section) or "").split(",")):
        if not alias:
            continue
        prefix = f"{section}.{alias}."
        group = f"{section.capitalize()}: {alias}"
        yield from _pairs(_LINK if section == "transforms" else _LINK[:1], prefix=prefix, group=group)
        yield from _below(submitted, f"{prefix}type", kind, prefix, group)


def _below(
    submitted: SubmittedConfig, option: str, kind: PluginKind, prefix: str, group: str
) -> Iterator[_Defined]:
    """The options of the plug-in that ``option`` names; none if it is not given, or there is none."""
    name = submitted.get(option)
    if not name:
        return
    try:
        plugin = plugins.find(kind, name, option)
    except ConfigError:
        return
    own = [each for each in plugin.config_class.options().values() if each.name != "type"]
    yield from _pairs(own, prefix=prefix, group=group)


_ACCEPTED: tuple[Option[Any], ...] = (
    defaulted("tasks.max.enforce", BOOLEAN, True, "Accepted without effect: there are never more tasks."),
    *(
        Option[Any](f"{prefix}plugin.version", STRING, "Accepted without effect: a worker has one version.")
        for prefix in ("connector.", *(f"{role}.converter." for role in ROLES))
    ),
)
_LINK: tuple[Option[Any], ...] = (
    required("type", CLASS, "The class, by short name or by the Java class name."),
    defaulted("predicate", STRING, "", "The alias of a predicate; the transform applies where it holds."),
    defaulted("negate", STRING, "false", "true: the transform applies where the predicate does not hold."),
)


def _pairs(
    options: Any, *, prefix: str = "", group: str | None = None, defaults: Mapping[str, str] | None = None
) -> Iterator[_Defined]:
    listed = list(options)
    keys = key_infos(listed, prefix=prefix, group=group, defaults=defaults)
    for key, option in zip(keys, listed, strict=True):
        yield _Defined(key, option)


# ---- what is wrong ----


def _find_class(submitted: SubmittedConfig) -> type[Any]:
    name = submitted.get(CLASS_OPTION)
    if name is None:
        # Kafka Connect quotes the whole config here, with its secrets.
        raise BadRequestError("Connector config contains no connector type: give it a connector.class")
    try:
        return plugins.find(PluginKind.SINK, name, CLASS_OPTION)
    except ConfigError as error:
        installed = ", ".join(sorted(plugins.names(PluginKind.SINK)))
        raise BadRequestError(
            "Failed to find any class that implements Connector and which name matches"
            f" {name}, available connectors are: {installed}. {_load_failure(error)}".rstrip(". ")
        ) from error


def _load_failure(error: ConfigError) -> str:
    text = error.problems[0].message
    return text if "cannot be loaded" in text else ""


def _drawn(submitted: SubmittedConfig, worker: WorkerDefaults) -> tuple[Blueprint | None, list[Problem]]:
    nulls = [
        Problem(key, f"Invalid value null for configuration {key}: {_NULL}")
        for key, value in submitted.items()
        if value is None
    ]
    raw: RawConfig = {key: value for key, value in submitted.items() if value is not None}
    blueprint, problems = None, []
    try:
        blueprint = draw(raw, worker)
    except ConfigError as error:
        # A null that is required is no value that is missing.
        told = {found.option for found in nulls}
        problems = [found for found in error.problems if found.option not in told]
    problems += [Problem("topics.regex", found.message) for found in problems if found.message == _NO_TOPICS]
    return blueprint, nulls + problems
