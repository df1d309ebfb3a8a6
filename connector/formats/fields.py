"""Which parts of a record a format writes, and the options that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.config.option import BOOLEAN, LIST, STRING, Importance, defaulted, one_of
from connector.config.schema import Config
from connector.config.suggest import did_you_mean
from connector.errors import Problem
from connector.plugins import PluginKind, find, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.formats.base import Format

FIELDS = ("key", "value", "offset", "timestamp", "headers")


@dataclass(frozen=True, slots=True)
class OutputFields:
    """What a format is made with.

    Attributes:
        names: Some of ``FIELDS``, in the order the user gave; not every format keeps it.
        value_encoding: ``base64`` or ``none``: how a text format without types shows bytes.
        envelope: False if a record is its one field alone, without the field's name around it.
    """

    names: tuple[str, ...] = ("value",)
    value_encoding: str = "base64"
    envelope: bool = True


def _installed(value: str) -> None:
    if not value:
        raise ValueError("must not be empty or not set")
    known = _formats()
    if value.lower() not in known:
        quoted = ", ".join(f"'{name}'" for name in sorted(known))
        raise ValueError(f"Supported values are: {quoted}.{did_you_mean(value.lower(), list(known))}")


def _formats() -> dict[str, str]:
    """The name of every installed format, by its lower-case form."""
    return {name.lower(): name for name in names(PluginKind.FORMAT)}


class FormatConfig(Config):
    """The options of every sink that writes objects or files."""

    output_type = defaulted(
        "format.output.type",
        STRING,
        "csv",
        "The format of the objects: csv, jsonl, or what an installed plug-in adds, in any letter case.",
        validate=_installed,
        choices=("csv", "jsonl"),
        group="Format",
    )
    output_fields = defaulted(
        "format.output.fields",
        LIST,
        ["value"],
        "The parts of a record that are written. csv keeps the order given here; jsonl has its own.",
        validate=one_of(*FIELDS, ignore_case=True),
        choices=FIELDS,
        group="Format",
    )
    value_encoding = defaulted(
        "format.output.fields.value.encoding",
        STRING,
        "base64",
        "How csv writes values: base64, or none for the bytes as they are, commas and line breaks included.",
        validate=one_of("none", "base64"),
        choices=("none", "base64"),
        importance=Importance.LOW,
        group="Format",
    )
    envelope = defaulted(
        "format.output.envelope",
        BOOLEAN,
        True,
        "Whether jsonl wraps a record in an object by field names. false writes the only field as it is and"
        " asks for exactly one in format.output.fields.",
        importance=Importance.LOW,
        group="Format",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if not self.envelope and len(self.output_fields) != 1:
            yield Problem(
                "format.output.envelope",
                "When format.output.envelope is false, format.output.fields must contain only one field",
            )

    def create_format(self) -> Format:
        """The format that these options ask for.

        Raises:
            ConfigError: The plug-in is installed, but cannot be loaded.
        """
        name = _formats()[self.output_type.lower()]
        found: type[Format] = find(PluginKind.FORMAT, name, FormatConfig.output_type.name)
        fields = tuple(field.lower() for field in self.output_fields)
        return found(OutputFields(fields, self.value_encoding, self.envelope))
