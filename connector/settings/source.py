"""Worker properties as they are written: their texts by name, and how the user spelled each.

One may come from a file or from a variable, and faults are told under the name that the user wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connector.config_providers.resolver import PROPERTY, Resolver, provider_names
from connector.environment import connect_variables, of_other_images, property_name, variable_name
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.config_providers.resolver import Resolution

_ALIASES = {"log4j.root.loglevel": "log.level"}
"""What the well-known images of Kafka Connect call a property of ours."""


@dataclass(frozen=True, slots=True)
class Source:
    """Worker properties by name, and how the user spelled each."""

    name: str
    values: dict[str, str] = field(repr=False)
    variables: dict[str, str]
    others: dict[str, str]

    @classmethod
    def of(cls, written: Mapping[str, str], environ: Mapping[str, str], name: str) -> Source:
        variables = connect_variables(environ)
        spelled = {property_name(variable): variable for variable in variables}
        values = {**written, **{name: variables[variable] for name, variable in spelled.items()}}
        for alias, own in _ALIASES.items():
            if alias in values and own not in values:
                values[own] = values.pop(alias)
                spelled[own] = spelled.pop(alias, alias)
        return cls(name, values, spelled, of_other_images(environ))

    def resolver(self) -> tuple[Resolver, list[Problem]]:
        """The config providers, and what is wrong with them: then nothing is resolved."""
        try:
            return Resolver.configured(self.values), []
        except ConfigError as error:
            return Resolver(), list(self.under_prefix("", list(error.problems)))

    def referring(self) -> dict[str, str]:
        """What may refer to config providers: all but how these are configured, as in Kafka."""
        return {name: value for name, value in self.values.items() if not name.startswith(PROPERTY)}

    def with_values(self, values: Mapping[str, str]) -> Source:
        return replace(self, values={**self.values, **values})

    def concealed(
        self, problems: list[Problem], resolution: Resolution, providers: list[Problem]
    ) -> list[Problem]:
        """All that is wrong, that of the config providers first; without values that were resolved."""
        spelled = {name: self.spelled(name) for name in resolution.referenced}
        unresolved = replace(resolution, problems=tuple(self.under_prefix("", list(resolution.problems))))
        told = unresolved.concealed(problems, spelled)
        if not providers:
            return list(told)
        # What has references cannot be judged, and these are not what is wrong.
        return [*providers, *(problem for problem in told if problem.option not in spelled.values())]

    def provider_properties(self) -> Iterator[str]:
        """Those below ``config.providers`` that a provider of this name reads."""
        for provider in provider_names(self.values):
            prefix = f"{PROPERTY}.{provider}."
            for name in self.values:
                if name == f"{prefix}class" or name.startswith(f"{prefix}param."):
                    yield name

    def fields(self, names: Sequence[str]) -> dict[str, str]:
        return {name: self.values[name] for name in names if name in self.values}

    def spelled(self, name: str) -> str:
        return self.variables.get(name, name)

    def alike(self, name: str, other: str) -> str:
        """``other`` spelled the way ``name`` is."""
        return variable_name(other) if name in self.variables else other

    def under_prefix(self, prefix: str, problems: list[Problem]) -> Iterator[Problem]:
        for problem in problems:
            yield Problem(self.spelled(prefix + problem.option), problem.message, code=problem.code)
