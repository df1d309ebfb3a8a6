"""Reads Java ``.properties``; what the properties mean is their reader's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jproperties import ParseError, Properties

from connector.errors import ConfigError, Problem
from connector.textfile import read_text

if TYPE_CHECKING:
    from pathlib import Path


class _JavaProperties(Properties):  # type: ignore[misc]  # the library has no types
    """jproperties without its own extension: it reads ``#:`` comments as metadata, and may refuse them."""

    def _parse_comment(self) -> None:
        self._skip_natural_line()


def read_properties(path: Path) -> dict[str, str]:
    """The properties of a file, in its order; of a name given twice the last counts, as in Java.

    The file is UTF-8, or else ISO-8859-1, which is what Java reads.

    Raises:
        ConfigError: The file cannot be read, or its line holds a broken escape.
    """
    return parse_properties(read_text(path, fallback="iso-8859-1"), source=str(path))


def parse_properties(text: str, *, source: str) -> dict[str, str]:
    """The properties in ``text``; ``source`` names it in errors.

    Raises:
        ConfigError: A Unicode escape is broken.
    """
    properties = _JavaProperties()
    try:
        properties.load(text)
    except ParseError as error:
        # The library's text quotes what it read, which may be part of a password.
        message = (
            f"Line {error.line_number}: \\u must be followed by four hexadecimal digits, and half of a"
            " surrogate pair by its other half. Write \\\\ for a backslash."
        )
        raise ConfigError([Problem(source, message, line=error.line_number)]) from None
    found: dict[str, str] = dict(properties.properties)
    return found
