"""One option, declared once: type, parser, validator, default, text; everything else derives from it.

The types, their parsing rules and the wording of faults are those of Kafka's ``ConfigDef``, since
Connect's REST clients show and match them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from pydantic import SecretStr

if TYPE_CHECKING:
    from connector.config.schema import Config

T = TypeVar("T")

Validator = Callable[[Any], None]
"""Raises ValueError with the reason, which ConfigDef puts behind ``Invalid value … for configuration …:``."""


class Importance(StrEnum):
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class LeadsTo(StrEnum):
    """What a value has the worker do outside of itself; the operator may bound it."""

    HOST = "HOST"
    """It asks a host: a URL, or host and port."""
    URL = "URL"
    """It asks a host if the value is a URL; else that is a name."""
    FILE = "FILE"
    """It reads a file."""


@dataclass(frozen=True, slots=True)
class Type(Generic[T]):
    """A ``ConfigDef.Type``: its name on the wire, and how its text becomes a value."""

    name: str
    parse: Callable[[str], T]


def _parse_boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in {"true", "false"}:
        raise ValueError("Expected value to be either true or false")
    return lowered == "true"


def _integer_parser(name: str, bits: int) -> Callable[[str], int]:
    limit = 1 << (bits - 1)

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"Not a number of type {name}") from None
        if not -limit <= number < limit:
            raise ValueError(f"Not a number of type {name}")
        return number

    return parse


def _parse_list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text else []


STRING: Type[str] = Type("STRING", str)
INT: Type[int] = Type("INT", _integer_parser("INT", 32))
LONG: Type[int] = Type("LONG", _integer_parser("LONG", 64))
BOOLEAN: Type[bool] = Type("BOOLEAN", _parse_boolean)
LIST: Type[list[str]] = Type("LIST", _parse_list)
CLASS: Type[str] = Type("CLASS", str)
PASSWORD: Type[SecretStr] = Type("PASSWORD", SecretStr)


@dataclass(frozen=True)
class Option(Generic[T]):
    """An option of a :class:`~connector.config.schema.Config`; reading it on an instance gives its value.

    Attributes:
        name: The dotted key as the user writes it.
        kind: How its text is parsed.
        description: A full sentence that says effect and consequence, not the type.
        required: There is no default.
        validate: Raises ValueError with the reason when a parsed value is unacceptable.
        aliases: Other names that users have for it; the option's own name wins.
        names_plugin: Its value is a plug-in, whose own options stand below its name.
        choices: The values that are accepted, for documentation and schemas.
        leads_to: What it has the worker do beyond itself, so that the operator may bound it.
    """

    name: str
    kind: Type[Any]
    description: str
    default: Any = None
    required: bool = False
    validate: Validator | None = None
    choices: Sequence[str] = ()
    importance: Importance = Importance.MEDIUM
    group: str = "Connector"
    aliases: Sequence[str] = ()
    names_plugin: bool = False
    leads_to: LeadsTo | None = None

    @overload
    def __get__(self, instance: None, owner: type[Config]) -> Option[T]: ...
    @overload
    def __get__(self, instance: Config, owner: type[Config]) -> T: ...
    def __get__(self, instance: Config | None, owner: type[Config]) -> Option[T] | T:
        if instance is None:
            return self
        value: T = instance.value(self.name)
        return value

    @property
    def is_secret(self) -> bool:
        return self.kind is PASSWORD

    def parse(self, text: str) -> Any:
        """The typed value of ``text``; raises ValueError with the full ConfigDef message."""
        shown = "[hidden]" if self.is_secret else text
        try:
            value = self.kind.parse(text if self.is_secret else text.strip())
            if self.validate is not None:
                self.validate(value)
        except ValueError as error:
            shown = "[hidden]" if isinstance(error, HiddenValueError) else shown
            raise ValueError(f"Invalid value {shown} for configuration {self.name}: {error}") from None
        return value


def required(name: str, kind: Type[T], description: str, **rest: Any) -> Option[T]:
    return Option(name, kind, description, required=True, importance=Importance.HIGH, **rest)


def optional(name: str, kind: Type[T], description: str, **rest: Any) -> Option[T | None]:
    """An option that may be absent; its value is then None."""
    return Option(name, kind, description, **rest)


def defaulted(name: str, kind: Type[T], default: T, description: str, **rest: Any) -> Option[T]:
    return Option(name, kind, description, default=default, **rest)


def between(low: int, high: int) -> Validator:
    def validate(value: int) -> None:
        if value < low:
            raise ValueError(f"Value must be at least {low}")
        if value > high:
            raise ValueError(f"Value must be no more than {high}")

    return validate


def at_least(low: int) -> Validator:
    def validate(value: int) -> None:
        if value < low:
            raise ValueError(f"Value must be at least {low}")

    return validate


class HiddenValueError(ValueError):
    """The value may hold a secret although its option is none, so that no message shows it."""


def non_empty(value: str | SecretStr) -> None:
    if isinstance(value, SecretStr):
        if not value.get_secret_value().strip():
            raise ValueError("Password must be non-empty")
    elif not value.strip():
        raise ValueError("String must be non-empty")


def one_of(*choices: str, ignore_case: bool = False) -> Validator:
    """Accepts only these texts, or lists of them."""
    quoted = ", ".join(f"'{choice}'" for choice in choices)

    def validate(value: str | list[str]) -> None:
        if value == []:
            raise ValueError("cannot be empty")
        for item in [value] if isinstance(value, str) else value:
            if (item.lower() if ignore_case else item) not in choices:
                raise ValueError(f"supported values are: {quoted}")

    return validate
