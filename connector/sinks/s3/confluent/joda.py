"""Patterns of Joda-Time, in which ``path.format`` is written, as patterns of the S3 sink's own.

Both write most letters alike; where they do not, the letter is translated, or refused (Joda-Time,
``DateTimeFormat``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+", re.ASCII)
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_SHORTEST_MS = {"S": 1, "s": 1000, "m": 60_000, "H": _HOUR_MS, "h": _HOUR_MS, "a": _HOUR_MS}
_LONG = 4
_WITH_NAMES = re.compile(r"MMM|E|a", re.ASCII)


class PathFormat:
    """One, translated.

    Attributes:
        pattern: Ours.
        step_ms: The shortest that its letters tell apart; a day at most.
        has_names: Some of its text is words, of a language.
    """

    def __init__(self, text: str, zone: str) -> None:
        """Translate ``text``.

        Args:
            text: The pattern.
            zone: The name of the time zone, which three letters Z write out.

        Raises:
            ValueError: It holds what cannot be had, and which.
        """
        if set(text) & set("{}"):
            raise ValueError("has a brace, which names here cannot hold: take it out")
        tokens = list(_tokens(text))
        self.pattern = "".join(_translated(token, zone) for token in tokens)
        letters = [token for token in tokens if token[0].isascii() and token[0].isalpha()]
        self.step_ms = min((_SHORTEST_MS.get(token[0], _DAY_MS) for token in letters), default=_DAY_MS)
        self.has_names = any(_WITH_NAMES.match(token) for token in letters)

    def is_rounded_by(self, duration_ms: int) -> bool:
        """Whether texts change if times are those at which such durations begin."""
        return self.step_ms % duration_ms != 0


def _tokens(text: str) -> Iterator[str]:
    end = 0
    for found in _TOKEN.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        yield found[0]
    if end != len(text):
        raise ValueError("has a quote that does not close")


_YEARS = ("yyyy", "yy", "yyyy", "yyyy")
"""By the count of letters; all but two show the whole year."""
_OFFSETS = ("xx", "xxx")
_ALIKE = frozenset({"d", "dd", "DDD", "H", "HH", "hh", "m", "mm", "s", "ss"})


def _translated(token: str, zone: str) -> str:
    letter, count = token[0], len(token)
    if not (letter.isascii() and letter.isalpha()) or letter == "S" or token in _ALIKE:
        return token
    match letter:
        case "Y" | "y" if count <= len(_YEARS):
            return _YEARS[count - 1]
        case "M":
            return "M" * min(count, _LONG)
        case "E":
            return "EEEE" if count >= _LONG else "EEE"
        case "a":
            return "a"
        case "Z":
            return _OFFSETS[count - 1] if count <= len(_OFFSETS) else f"'{zone}'"
    raise ValueError(
        f"has {token}, which is not supported; there are years, months, days (d, dd, DDD), E, H, HH, hh, a,"
        " m, s, S and Z"
    )
