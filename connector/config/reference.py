"""References such as ``${file:/etc/keys:password}`` in a config: where they are, what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Kafka's form, ${provider:[path:]key}, of org.apache.kafka.common.config.ConfigTransformer; but a provider's
# name has no blank, brace or dollar in it, so that ${HOME} and ${{topic}: x} are what they are: text.
_REFERENCE = re.compile(r"\$\{(?P<provider>[^\s{}:$]+):(?:(?P<path>[^}]*?):)?(?P<key>[^}]*?)\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A place where a value is to be had.

    Attributes:
        provider: The name of a config provider.
        path: Where it looks, empty if the reference has no path.
        key: What it looks for there.
        text: The whole as the user wrote it.
    """

    provider: str
    path: str
    key: str
    text: str

    def __str__(self) -> str:
        return self.text


def references(text: str) -> tuple[Reference, ...]:
    """All references in ``text``, in their order."""
    return tuple(_reference(found) for found in _REFERENCE.finditer(text))


def replaced(text: str, value: Callable[[Reference], str]) -> str:
    """``text`` with a value in the place of each reference; what a value holds is not looked at again."""
    return _REFERENCE.sub(lambda found: value(_reference(found)), text)


def is_reference(text: str) -> bool:
    """Whether the text is nothing but a reference."""
    return bool(_REFERENCE.fullmatch(text))


def _reference(found: re.Match[str]) -> Reference:
    return Reference(found["provider"], found["path"] or "", found["key"], found[0])
