"""The transforms and predicates of a submitted config, checked all together and ready to be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector import plugins
from connector.config.connector import with_prefix
from connector.config.option import BOOLEAN, CLASS, LIST, STRING, defaulted, non_empty, optional, required
from connector.config.reference import references
from connector.config.schema import Config, unknown_options
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.runtime.pipeline import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connector.config.schema import RawConfig


class _PluginConfig(Config):
    """What stands below every alias."""

    plugin = required("type", CLASS, "The class, by its name in Java or a short one.", validate=non_empty)


class _TransformConfig(_PluginConfig):
    predicate = optional("predicate", STRING, "The alias of the predicate that it applies to records by.")
    negate = defaulted("negate", BOOLEAN, False, "Whether it applies to the other records instead.")


_FRAMEWORK = {"transforms": _TransformConfig, "predicates": _PluginConfig}
_KINDS = {"transforms": PluginKind.TRANSFORM, "predicates": PluginKind.PREDICATE}
_VERSION = "plugin.version"


class _Planned(NamedTuple):
    """A plug-in that can be made."""

    plugin_class: type[Any]
    config: Config

    def make(self) -> Any:
        return self.plugin_class(self.config)


class Steps:
    """The chain of a connector: ``problems`` has every fault of it; with none it can be made."""

    def __init__(self, raw: RawConfig) -> None:
        self._raw = raw
        self.problems: list[Problem] = []
        self._planned: list[tuple[_Planned | None, _Planned | None, bool]] = []
        predicates = {
            alias: self._plugin("predicates", alias, _PluginConfig(self._below("predicates", alias)))
            for alias in aliases(raw, "predicates")
        }
        for alias in aliases(raw, "transforms"):
            own = _TransformConfig(self._below("transforms", alias))
            self._check_predicate(alias, own, predicates)
            transform = self._plugin("transforms", alias, own)
            self._planned.append((transform, predicates.get(own.predicate or ""), own.negate))

    def make(self) -> list[Step]:
        """A new chain."""
        return [
            Step(transform.make(), predicate.make() if predicate else None, negate=negate)
            for transform, predicate, negate in self._planned
            if transform
        ]

    def _plugin(self, section: str, alias: str, own: _PluginConfig) -> _Planned | None:
        prefix = f"{section}.{alias}."
        self.problems += below(prefix, own.problems())
        if own.is_faulty(_PluginConfig.plugin) or own.plugin is None:
            return None
        try:
            plugin_class = plugins.find(_KINDS[section], own.plugin, f"{prefix}type")
        except ConfigError as error:
            self.problems += error.problems
            return None
        config = plugin_class.config_class(self._below(section, alias))
        self.problems += below(prefix, config.problems())
        return _Planned(plugin_class, config)

    def _check_predicate(self, alias: str, own: _TransformConfig, declared: Mapping[str, object]) -> None:
        option, name = f"transforms.{alias}.predicate", own.predicate
        if name is not None and name not in declared:
            text = (
                f"names no predicate: declare {name} in predicates and give predicates.{name}.type"
                if name
                else "is empty: name a predicate, or take the option out"
            )
            self.problems.append(Problem(option, text))
        if name is None and own.is_set(_TransformConfig.negate):
            text = (
                f"Config 'transforms.{alias}.negate' was provided but there is no config"
                f" '{option}' defining a predicate to be negated."
            )
            self.problems.append(Problem(f"transforms.{alias}.type", text))

    def _below(self, section: str, alias: str) -> dict[str, str]:
        return with_prefix(self._raw, f"{section}.{alias}.")


def aliases(raw: RawConfig, section: str) -> list[str]:
    """Each once, whatever else is wrong with the option."""
    found = dict.fromkeys(LIST.parse(raw.get(section, "").strip()))
    return [alias for alias in found if alias and not references(alias)]


def below(prefix: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Faults of options, named by the full keys that the user wrote, as in Connect."""
    for found in problems:
        full = prefix + found.option
        message = found.message
        for before, after in ((f"configuration {found.option}:", full), (f'"{found.option}"', f'"{full}"')):
            message = message.replace(before, before.replace(found.option, after.strip('"')), 1)
        yield Problem(full, message)


def unread_below(raw: RawConfig) -> Iterator[tuple[str, str | None]]:
    """Options of a faultless chain that nothing reads, each with what was probably meant."""
    for section, kind in _KINDS.items():
        # A longer alias may begin with a shorter one and a dot.
        declared = sorted(aliases(raw, section), key=len, reverse=True)
        prefixes = [f"{section}.{alias}." for alias in declared]
        for key in raw:
            if not key.startswith(f"{section}."):
                continue
            prefix = next((each for each in prefixes if key.startswith(each)), None)
            if prefix is None:
                yield key, None
                continue
            plugin_class = plugins.find(kind, raw.get(f"{prefix}type", "").strip(), key)
            yield from unread_of(raw, prefix, key, [plugin_class.config_class, _FRAMEWORK[section]])


def unread_of(
    raw: RawConfig, prefix: str, key: str, configs: Sequence[type[Config]]
) -> Iterator[tuple[str, str | None]]:
    """The key below this prefix, with what was probably meant by it, unless one of these configs reads it."""
    known = {name: option for config in configs for name, option in config.options().items()}
    tolerated = {_VERSION, *(name for config in configs for name in config.tolerated)}
    name = key.removeprefix(prefix)
    if name in tolerated or any(each.endswith(".") and name.startswith(each) for each in tolerated):
        return
    for meant in unknown_options({name: raw[key]}, known).values():
        yield key, meant and prefix + meant
