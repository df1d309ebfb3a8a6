"""What a user says of a named connection, and whether it is acceptable; decides only, keeps nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector import plugins
from connector.aws.connection import PROVIDER_OPTIONS, AwsConfig
from connector.config.masking import HIDDEN
from connector.config.reference import references
from connector.config.suggest import did_you_mean
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# AWS Glue Web API reference, Connection and CreateConnection: the limits of all fields but the roles.
_NAME_CHARACTERS = 255
_DESCRIPTION_CHARACTERS = 2048
_MATCH_CRITERIA = 10
_TAGS = 50
_TAG_KEY_CHARACTERS = 128
_TAG_VALUE_CHARACTERS = 256

_FIELDS = ("name", "description", "tags", "match_criteria", "required_roles", "options")


@dataclass(frozen=True, slots=True)
class Definition:
    """The part of a connection that its user writes.

    Attributes:
        name: What connectors say in ``aws.connection``.
        options: Flat ``aws.*`` options as in a connector; hold secrets, and so are in no repr.
        description: For people.
        tags: For people and filters.
        match_criteria: Words to select the connection by.
        required_roles: A worker needs all of them in ``worker.roles`` to use the connection.
    """

    name: str
    options: dict[str, str] = field(default_factory=dict, repr=False)
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    match_criteria: tuple[str, ...] = ()
    required_roles: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls, document: Any, *, name: str | None = None, stored: Mapping[str, str] | None = None
    ) -> Definition:
        """The definition in a JSON document.

        Args:
            document: As parsed; anything may be in it.
            name: The connection's name if it is known from elsewhere; the document may then leave it out.
            stored: Options to take the secrets from that the document shows as ``[hidden]``.

        Raises:
            ConfigError: With every fault of every field and option; no message holds a secret.
        """
        if not isinstance(document, dict):
            raise ConfigError.of("connection", "must be a JSON object with name and options")
        reader = _Reader(document, name, stored or {})
        found = reader.definition()
        if reader.problems:
            raise ConfigError(reader.problems)
        return found


def secret_options(options: Mapping[str, str]) -> set[str]:
    """The options whose values no answer shows.

    What is below ``aws.credentials.provider.`` is for the provider to declare; all of it is secret if the
    provider is not installed here.
    """
    secrets = {name for name, option in AwsConfig.options().items() if option.is_secret}
    below = {key for key in options if key.startswith(PROVIDER_OPTIONS)}
    try:
        provider = plugins.find(
            PluginKind.CREDENTIALS_PROVIDER, options.get(AwsConfig.credentials_provider.name, ""), ""
        )
    except ConfigError:
        return secrets | below
    declared: dict[str, Any] = provider.config_class.options()
    return secrets | {
        key
        for key in below
        if (option := declared.get(key.removeprefix(PROVIDER_OPTIONS))) is None or option.is_secret
    }


class _Reader:
    """Reads a document field by field, and gathers the faults."""

    def __init__(self, document: dict[Any, Any], name: str | None, stored: Mapping[str, str]) -> None:
        self._document = document
        self._expected_name = name
        self._stored = stored
        self.problems: list[Problem] = [
            Problem(str(key), f"is no field of a connection.{did_you_mean(str(key), _FIELDS)}")
            for key in document
            if key not in _FIELDS
        ]

    def definition(self) -> Definition:
        return Definition(
            name=self._name(),
            options=self._options(),
            description=self._description(),
            tags=self._tags(),
            match_criteria=self._words("match_criteria", _MATCH_CRITERIA),
            required_roles=self._words("required_roles", None),
        )

    def _name(self) -> str:
        name = self._document.get("name", self._expected_name)
        if self._expected_name is not None and name != self._expected_name:
            self._fault("name", f"is not {self._expected_name}: a connection keeps its name; make another")
            return self._expected_name
        if not isinstance(name, str):
            self._fault("name", "is missing or no text: give the connection a name")
            return ""
        if not 1 <= len(name) <= _NAME_CHARACTERS or name != name.strip() or not is_one_line(name):
            self._fault(
                "name",
                f"must have 1 to {_NAME_CHARACTERS} characters, none of them a control character, and no"
                " blanks at its ends",
            )
        return name

    def _description(self) -> str:
        text = self._document.get("description", "")
        legal = isinstance(text, str) and len(text) <= _DESCRIPTION_CHARACTERS
        if not legal or not is_one_line(re.sub(r"[\r\n\t]", "", text)):
            self._fault(
                "description",
                f"must be a text of {_DESCRIPTION_CHARACTERS} characters at most, without control characters",
            )
            return ""
        return str(text)

    def _tags(self) -> dict[str, str]:
        tags = self._mapping("tags")
        if len(tags) > _TAGS:
            self._fault("tags", f"may be {_TAGS} at most, and there are {len(tags)}")
        for key, value in tags.items():
            if not 1 <= len(key) <= _TAG_KEY_CHARACTERS or not is_one_line(key):
                self._fault("tags", f"keys must have 1 to {_TAG_KEY_CHARACTERS} characters")
            if not isinstance(value, str) or len(value) > _TAG_VALUE_CHARACTERS:
                self._fault(
                    "tags", f"{key[:40]}: its value must be a text of {_TAG_VALUE_CHARACTERS} at most"
                )
        return tags

    def _words(self, name: str, limit: int | None) -> tuple[str, ...]:
        words = self._document.get(name, [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            self._fault(name, "must be a list of texts")
            return ()
        if not all(1 <= len(word) <= _NAME_CHARACTERS and is_one_line(word) for word in words):
            self._fault(name, f"entries must have 1 to {_NAME_CHARACTERS} characters, no control characters")
        if limit is not None and len(words) > limit:
            self._fault(name, f"may have {limit} entries at most")
        return tuple(words)

    def _options(self) -> dict[str, str]:
        written = self._mapping("options")
        options = {
            key: text for key, value in written.items() if (text := self._text(key, value)) is not None
        }
        options = {key: self._revealed(key, value, secret_options(options)) for key, value in options.items()}
        self.problems += option_problems(options)
        return options

    def _text(self, key: str, value: Any) -> str | None:
        """As in connectors, numbers and booleans become their text."""
        match value:
            case bool():
                return str(value).lower()
            case str() | int() | float():
                return str(value)
        self._fault(key, "must be a text: options are flat, and lists are one text separated by commas")
        return None

    def _revealed(self, key: str, value: str, secrets: set[str]) -> str:
        if value != HIDDEN or key not in secrets:
            return value
        if key not in self._stored:
            self._fault(key, f"is {HIDDEN}, which answers show in place of a secret: give the secret itself")
        return self._stored.get(key, value)

    def _mapping(self, name: str) -> dict[str, Any]:
        found = self._document.get(name, {})
        if not isinstance(found, dict):
            self._fault(name, "must be a JSON object")
            return {}
        return found

    def _fault(self, option: str, message: str) -> None:
        self.problems.append(Problem(option, message))


def option_problems(options: Mapping[str, str]) -> Iterator[Problem]:
    """Every fault of a connection's options, on their own and together."""
    known = AwsConfig.options()
    name_of = {alias: option.name for option in known.values() for alias in option.aliases}
    for key in options:
        if key not in known and not key.startswith(PROVIDER_OPTIONS):
            yield Problem(
                key,
                "is no option of connections, which hold identity, region, endpoint and transport; what"
                f" concerns one sink belongs in the connector.{did_you_mean(key, list(known))}",
            )
    for option in (AwsConfig.sts_role_external_id, AwsConfig.sts_role_source_identity):
        if references(options.get(option.name, "")):
            yield Problem(option.name, "may not be a reference, since trust policies hold it: write it out")
    # What a reference stands for is checked where it is read: on the worker, not before.
    referring = {name_of.get(key, key) for key, value in options.items() if references(value)}
    yield from (found for found in AwsConfig(dict(options)).problems() if found.option not in referring)


def is_one_line(text: str) -> bool:
    """Whether no character of it is a control character, a line separator, or half of a surrogate pair."""
    return not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)
