"""Reads the one line of Java that Kafka clients take credentials from, ``sasl.jaas.config``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ENTRY = re.compile(
    r"\s*(?P<module>[\w.$]+)\s+(?:required|requisite|sufficient|optional)\b(?P<options>.*);\s*", re.DOTALL
)
_OPTION = re.compile(r"""\s*([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"';]+))""")


@dataclass(frozen=True, slots=True)
class Login:
    """A JAAS entry: the simple name of its login module, and its options, which are secrets."""

    module: str
    options: dict[str, str] = field(repr=False)


def parse_login(text: str) -> Login:
    """The entry in ``text``; raises ValueError, which never quotes it, when it is none."""
    entry = _ENTRY.fullmatch(text)
    if entry is None:
        raise ValueError(
            'Not a JAAS entry. Write: <login module class> required username="…" password="…";'
            " with the semicolon at the end."
        )
    return Login(entry["module"].rpartition(".")[2], _options(entry["options"]))


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position, end = 0, len(text.rstrip())
    while position < end:
        option = _OPTION.match(text, position)
        if option is None:
            raise ValueError(
                f"Not a JAAS entry: what follows option number {len(found)} is not written as name=value."
                " Put values into double quotes."
            )
        name, double, single, bare = option.groups()
        quoted = double if double is not None else single
        found[name] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        position = option.end()
    return found
