"""A typed view of one flat dotted-key map: subclasses of Config declare options, parsing finds all faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from connector.config.option import Option
from connector.config.suggest import closest
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RawConfig = dict[str, str]
"""What the user submitted: dotted keys, text values. Kept as it is for the REST round trip."""


class Config:
    """Base of every group of options.

    Declare options as class attributes and cross-field rules in :meth:`check`::

        class FileConfig(Config):
            path = required("file.path", STRING, "The file that records are appended to.")
    """

    tolerated: ClassVar[tuple[str, ...]] = ()
    """Keys that mean something elsewhere and nothing here; nobody is warned of them, nor of keys below those
    that end with a dot."""

    def __init__(self, raw: Mapping[str, str | None]) -> None:
        """Parse without raising; :meth:`problems` then tells every fault. Prefer :meth:`parse`."""
        self.raw: Mapping[str, str | None] = raw
        self._values: dict[str, Any] = {}
        self._faults: list[Problem] = []
        for option in self.parsed_options().values():
            self._values[option.name] = self._read(option)

    @classmethod
    def parse(cls, raw: Mapping[str, str | None]) -> Self:
        """The parsed options.

        Raises:
            ConfigError: With every fault of every option and of the rules between them.
        """
        config = cls(raw)
        if problems := config.problems():
            raise ConfigError(problems)
        return config

    @classmethod
    def options(cls) -> dict[str, Option[Any]]:
        """Every option by its dotted name, base classes first, in the order of declaration."""
        found: dict[str, Option[Any]] = {}
        for owner in reversed(cls.__mro__):
            for attribute in vars(owner).values():
                if isinstance(attribute, Option):
                    found.pop(attribute.name, None)  # declared anew: it moves to its new place
                    found[attribute.name] = attribute
        return found

    @classmethod
    def parsed_options(cls) -> dict[str, Option[Any]]:
        """Those that are read from ``raw``: all, unless ``raw`` was made of others."""
        return cls.options()

    def problems(self) -> list[Problem]:
        return [*self._faults, *self.check()]

    def check(self) -> Iterator[Problem]:
        """Rules between options; an option that is itself at fault reads as its default here."""
        yield from ()

    def notes(self) -> Iterator[str]:
        """What is legal and may still not be what the user expects; told once when the connector starts."""
        yield from ()

    def value(self, name: str) -> Any:
        return self._values[name]

    def is_set(self, option: Option[Any]) -> bool:
        """Whether the user gave this option."""
        return any(self.raw.get(name) is not None for name in (option.name, *option.aliases))

    def is_faulty(self, option: Option[Any]) -> bool:
        return any(fault.option == option.name for fault in self._faults)

    def _read(self, option: Option[Any]) -> Any:
        written = next((name for name in (option.name, *option.aliases) if name in self.raw), None)
        if written is None:
            if option.required:
                self._faults.append(self.missing(option))
            return option.default
        text = self.raw[written]
        try:
            if text is None:
                reason = "Null value can not be supplied as the configuration value."
                raise ValueError(f"Invalid value null for configuration {option.name}: {reason}")
            return option.parse(text)
        except ValueError as error:
            self._faults.append(Problem(option.name, str(error)))
            return option.default

    def missing(self, option: Option[Any]) -> Problem:
        """The fault of a required option that is not there."""
        message = f'Missing required configuration "{option.name}" which has no default value.'
        return Problem(option.name, message + self._hint(option))

    def _hint(self, option: Option[Any]) -> str:
        unknown = [key for key in self.raw if key not in self.options()]
        found = closest(option.name, unknown)
        return f' Did you mean it by "{found}"?' if found else ""


def unknown_options(raw: Mapping[str, str | None], known: Mapping[str, Option[Any]]) -> dict[str, str | None]:
    """Keys that no option answers to, each with the option it was probably meant to be."""
    answered = {*known, *(alias for option in known.values() for alias in option.aliases)}
    prefixes = tuple(f"{option.name}." for option in known.values() if option.names_plugin)
    unknown = [key for key in raw if key not in answered and not key.startswith(prefixes)]
    return {key: closest(key, list(known)) for key in unknown}
