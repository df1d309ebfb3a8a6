"""Puts values in the place of references, and keeps these values out of what is said about them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector import plugins
from connector.concealment import SHORTEST, SHORTEST_SECRET, conceal, remember
from connector.config.masking import looks_secret
from connector.config.reference import references, replaced
from connector.config.schema import unknown_options
from connector.config.suggest import did_you_mean
from connector.config_providers.base import UnavailableError
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from connector.config.reference import Reference
    from connector.config_providers.base import ConfigProvider, ConnectionOptions

PROPERTY = "config.providers"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Options with their references resolved; both sides hold secrets, and are in no repr.

    Attributes:
        values: The options; one that cannot be resolved has its reference still.
        read: What each reference stood for.
        referenced: The options that have references, and these.
        problems: References that cannot be resolved.
    """

    values: dict[str, str] = field(repr=False)
    read: Mapping[Reference, str] = field(default_factory=dict, repr=False)
    referenced: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def and_(self, other: Resolution) -> Resolution:
        """Both together; ``other`` wins."""
        return Resolution(
            {**self.values, **other.values},
            {**self.read, **other.read},
            {**self.referenced, **other.referenced},
            (*self.problems, *other.problems),
        )

    def concealed(
        self, problems: Iterable[Problem], names: Mapping[str, str] | None = None
    ) -> Iterator[Problem]:
        """The problems without resolved values in them, those of unresolved references first.

        Args:
            problems: What was found with the resolved options.
            names: The option that problems are about, by the alias that the user wrote.
        """
        by_name = {(names or {}).get(key, key): found for key, found in self.referenced.items()}
        unresolved = {(names or {}).get(problem.option, problem.option) for problem in self.problems}
        yield from self.problems
        for problem in problems:
            # With a reference in place of its value, whatever else is said of the option is wrong.
            if problem.option not in unresolved:
                yield self._concealed(problem, by_name.get(problem.option, ()))

    def _concealed(self, problem: Problem, own: tuple[Reference, ...]) -> Problem:
        message = problem.message
        for found in sorted(self.read, key=lambda found: (found not in own, -len(self.read[found]))):
            if len(self.read[found]) >= (SHORTEST_SECRET if found in own else SHORTEST):
                message = message.replace(self.read[found], found.text)
        message = conceal(message)
        told = message.replace(problem.option, "")
        if own and any(_shares(told, self.read[found], SHORTEST_SECRET) for found in own):
            return Problem(
                problem.option,
                f"Invalid value for configuration {problem.option}: what {_all(own)} stands for is not"
                " accepted, and not shown since it may be secret. Correct it there; connector describe tells"
                " what the option may be.",
            )
        if quoted := [found for found, value in self.read.items() if _shares(told, value, SHORTEST)]:
            return Problem(
                problem.option,
                f"is at fault together with what {_all(quoted)} stands for, which is not shown since it may"
                " be secret: check both",
            )
        return Problem(problem.option, message, code=problem.code)


class Resolver:
    """The config providers of a worker, by the names that references use."""

    def __init__(self, providers: Mapping[str, ConfigProvider] | None = None) -> None:
        self._providers = dict(providers or {})

    @classmethod
    def configured(cls, properties: Mapping[str, str]) -> Resolver:
        """The providers that a worker's properties name.

        Raises:
            ConfigError: With every fault of ``config.providers`` and of what is below it.
        """
        problems: list[Problem] = []
        found = {}
        for name in provider_names(properties):
            try:
                found[name] = _provider(name, properties)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        return cls(found)

    def use_connections(self, options: ConnectionOptions) -> None:
        """How providers find the named connections that they are to use."""
        for provider in self._providers.values():
            provider.use_connections(options)

    def resolve(self, options: Mapping[str, str]) -> Resolution:
        """Put values in the place of all references; blocks while providers look.

        Other than in Kafka, a reference to a provider or key that is not there is a fault: left as it is,
        it would reach AWS or the brokers as text.
        """
        referenced = {key: found for key, text in options.items() if (found := references(text))}
        if not referenced:
            return Resolution(dict(options))
        read, faults = self._read({each for found in referenced.values() for each in found})
        for key, found in referenced.items():
            for each in found:
                if each in read:
                    remember(read[each], each.text, is_secret=looks_secret(key))
        values = {
            key: replaced(text, lambda each: read.get(each, each.text)) if key in referenced else text
            for key, text in options.items()
        }
        problems = tuple(
            Problem(key, faults[each], code=ErrorCode.CONFIG_REFERENCE_UNRESOLVED)
            for key, found in referenced.items()
            for each in dict.fromkeys(found)
            if each in faults
        )
        return Resolution(values, read, referenced, problems)

    def read(self, wanted: Iterable[Reference]) -> dict[Reference, str]:
        """What the references stand for now; blocks.

        Raises:
            ConfigError: Of those that cannot be resolved.
        """
        read, faults = self._read(set(wanted))
        if faults:
            unresolved = ErrorCode.CONFIG_REFERENCE_UNRESOLVED
            raise ConfigError([Problem(each.text, fault, code=unresolved) for each, fault in faults.items()])
        return read

    def _read(self, wanted: set[Reference]) -> tuple[dict[Reference, str], dict[Reference, str]]:
        """The values that there are, and why the others are not."""
        places: dict[tuple[str, str], list[Reference]] = defaultdict(list)
        for each in sorted(wanted, key=str):
            places[each.provider, each.path].append(each)
        read: dict[Reference, str] = {}
        faults: dict[Reference, str] = {}
        for (name, path), here in places.items():
            values, fault = self._ask(name, path, here)
            for each in here:
                if each.key in values:
                    read[each] = values[each.key]
                else:
                    faults[each] = f"refers to {each}, {fault or _absent(each)}"
        return read, faults

    def _ask(self, name: str, path: str, here: list[Reference]) -> tuple[Mapping[str, str], str]:
        provider = self._providers.get(name)
        if provider is None:
            return {}, self._unknown(name)
        try:
            values = provider.get(path, frozenset(each.key for each in here))
        except UnavailableError as error:
            return {}, f"but {error}"
        except Exception as error:  # noqa: BLE001 - anybody's code; its text may quote what it read
            return {}, f"but config provider {name} failed ({type(error).__name__}): look at what it needs"
        return {key: value for key, value in values.items() if isinstance(value, str)}, ""

    def _unknown(self, name: str) -> str:
        if not self._providers:
            return f"but the worker has no config providers: set its property {PROPERTY}"
        return (
            f"but the worker has no config provider {name}.{did_you_mean(name, list(self._providers))} Add it"
            f" to {PROPERTY}, or use one of {', '.join(sorted(self._providers))}"
        )


def provider_names(properties: Mapping[str, str]) -> list[str]:
    """The names in ``config.providers``, each once."""
    names = (name.strip() for name in properties.get(PROPERTY, "").split(","))
    return list(dict.fromkeys(name for name in names if name))


def _provider(name: str, properties: Mapping[str, str]) -> ConfigProvider:
    option, prefix = f"{PROPERTY}.{name}.class", f"{PROPERTY}.{name}.param."
    written = properties.get(option)
    if written is None:
        raise ConfigError.of(
            option,
            f'Missing required configuration "{option}" which has no default value. {name} in {PROPERTY}'
            " needs it.",
        )
    provider_class: type[ConfigProvider] = plugins.find(PluginKind.CONFIG_PROVIDER, written, option)
    params = {key.removeprefix(prefix): value for key, value in properties.items() if key.startswith(prefix)}
    config = provider_class.config_class(params)
    problems = [Problem(prefix + found.option, found.message, code=found.code) for found in config.problems()]
    # A misspelt restriction would restrict nothing.
    for key, meant in unknown_options(params, provider_class.config_class.options()).items():
        hint = f' Did you mean "{prefix}{meant}"?' if meant else ""
        problems.append(Problem(prefix + key, f"is no parameter of {written}.{hint} Correct or remove it."))
    if problems:
        raise ConfigError(problems)
    return provider_class(config)


def _absent(reference: Reference) -> str:
    where = f" in {reference.path}" if reference.path else ""
    return f"but there is no {reference.key}{where}: add it there, or correct the reference"


def _shares(message: str, value: str, characters: int) -> bool:
    """Whether they have that many characters in a row in common, or all of a shorter value."""
    message, value = message.casefold(), value.strip().casefold()
    size = min(characters, len(value))
    return size > 0 and any(message[at : at + size] in value for at in range(len(message) - size + 1))


def _all(found: Iterable[Reference]) -> str:
    return ", ".join(dict.fromkeys(each.text for each in found))
