"""What keys, headers and fields of records look like in the names of objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connector.formats.json_value import json_text
from connector.sinks.variable import text_of

_UNSAFE = re.compile(r"[^\w!\-.*'()]|^\.+$")
"""What S3's user guide calls safe, and letters of any script, stay as they are; so that a value is one level
of a path, a value of dots does not."""


@dataclass(frozen=True, slots=True)
class FieldText:
    """How headers and fields become part of a name.

    Attributes:
        missing: What stands for those that are not there.
        empty: What stands for those that are empty text; ``missing`` if None.
        escapes: The variables of which unsafe characters are escaped; ``field`` is headers and fields.
    """

    missing: str = "__HIVE_DEFAULT_PARTITION__"
    escapes: frozenset[str] = frozenset({"field"})
    empty: str | None = None

    def of(self, value: Any) -> str:
        """The text of a header or field."""
        text = name_text(value)
        if text == "" and self.empty is not None:
            return self.empty
        return self.escaped("field", text) if text else self.missing

    def escaped(self, variable: str, text: str) -> str:
        return _UNSAFE.sub(_percent, text) if variable in self.escapes else text


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


class ColumnTexts:
    """Remembers the texts of a column: fields that name objects have few values."""

    def __init__(self, text: FieldText) -> None:
        self._text = text
        self._known: dict[str, str] = {}

    def of(self, value: Any) -> str:
        if not isinstance(value, str):
            return self._text.of(value)
        known = self._known.get(value)
        if known is None:
            known = self._known[value] = self._text.of(value)
        return known


def key_text(key: Any) -> str:
    """A record key as text; bytes must be UTF-8, structured keys are JSON.

    Raises:
        TypeError, ValueError: It is not text.
    """
    if isinstance(key, bytes):
        return key.decode()
    if isinstance(key, str):
        return key
    return json_text(key).decode()


def name_text(value: Any) -> str | None:
    """A header or field as text; times as ISO 8601, numbers as they are written."""
    match value:
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return text_of(value)
