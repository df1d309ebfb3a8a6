"""Aiven's template grammar: ``{{ name }}`` and ``{{ name:parameter=value }}`` in literal text.

Whitespace is allowed just inside the braces, one parameter per placeholder; braces that do not close or
hold something else are literal text. What the variables mean is up to whoever renders.

Beyond Aiven: ``{{header:NAME}}``, ``{{key:PATH}}`` and ``{{value:PATH}}``, whose argument may be any text
without braces and ``=``, and ``{{timestamp:format=PATTERN}}``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PLACEHOLDER = re.compile(
    r"\{\{\s*(?:"
    r"(?P<of>header|key|value)\s*:\s*(?P<argument>[^\s{}=](?:[^{}=]*[^\s{}=])?)"
    r"|timestamp:format=(?P<pattern>[^\s{}](?:[^{}]*[^\s{}])?)"
    r"|(\w*)(:?)(\w*)(=?)(\w*)"
    r")\s*\}\}",
    re.ASCII,
)


class Placeholder(NamedTuple):
    """A variable as it is used in a template, e.g. ``timestamp`` with ``unit`` and ``yyyy``.

    Of a header, or a field of a key or value, the parameter is its name, and there is no value.
    """

    variable: str
    parameter: str | None = None
    value: str | None = None

    @property
    def is_field(self) -> bool:
        """A header, or a field of a key or value."""
        return self.parameter is not None and self.value is None


class Template:
    """A parsed template: literal text and placeholders, in order.

    Attributes:
        text: As it was written.
        placeholders: Every placeholder once, in the order of first use.
    """

    def __init__(self, text: str) -> None:
        """Parse ``text``; raises ValueError with Aiven's wording if a placeholder is incomplete."""
        self.text = text
        self._parts = tuple(_parse(text))
        self.placeholders = tuple(dict.fromkeys(part for part, _ in self._parts if part is not None))

    @property
    def parts(self) -> Sequence[Placeholder | str]:
        """Placeholders and literal text, in order."""
        return [text if placeholder is None else placeholder for placeholder, text in self._parts]

    @property
    def variables(self) -> set[str]:
        """By name; those with an argument of their own as ``header:``, ``key:`` and ``value:``."""
        return {f"{found.variable}:" if found.is_field else found.variable for found in self.placeholders}

    def render(self, values: Mapping[Placeholder, str]) -> str:
        """The text with each placeholder replaced; one without a value stays as it was written."""
        return "".join(
            [written if part is None else values.get(part, written) for part, written in self._parts]
        )

    def __repr__(self) -> str:
        return f"Template({self.text!r})"


def _parse(text: str) -> list[tuple[Placeholder | None, str]]:
    """Each part with its text as written."""
    parts: list[tuple[Placeholder | None, str]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            parts.append((None, text[end : match.start()]))
        parts.append((_placeholder(match, text), match[0]))
        end = match.end()
    if end < len(text):
        parts.append((None, text[end:]))
    return parts


def _placeholder(match: re.Match[str], template: str) -> Placeholder:
    of, argument, pattern, variable, colon, parameter, equals, value = match.groups()
    if of:
        return Placeholder(of, argument)
    if pattern:
        return Placeholder("timestamp", "format", pattern)
    if not variable:
        raise ValueError(f"Variable name hasn't been set for template: {template}")
    if not colon and not equals:
        return Placeholder(variable)
    if not colon or not (parameter or equals):
        raise ValueError("Wrong variable with parameter definition")
    if not parameter:
        raise ValueError(f"Parameter name for variable `{variable}` has not been set")
    if not value:
        raise ValueError(
            f"Parameter value for variable `{variable}` and parameter `{parameter}` has not been set"
        )
    return Placeholder(variable, parameter, value)
