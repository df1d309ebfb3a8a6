"""Options of other connectors, and what each becomes here; of which tables and explanations are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from connector.config.option import Importance, Option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.config.option import Type
    from connector.errors import Problem

T = TypeVar("T")


class Fate(StrEnum):
    """What becomes of a key."""

    KEPT = "kept"
    RENAMED = "renamed"
    DROPPED = "dropped"
    ATTENTION = "attention"


@dataclass(frozen=True)
class ForeignOption(Option[T]):
    """An option of another connector.

    Attributes:
        becomes: The options of ours that it decides on; none if it has no effect here.
    """

    becomes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one submitted key.

    Attributes:
        key: As it was submitted.
        becomes: The keys of ours.
        why: A sentence, or nothing where the names say it all.
    """

    key: str
    fate: Fate
    becomes: Sequence[str] = ()
    why: str = ""


@dataclass(slots=True)
class Translation:
    """A config of another connector in our words.

    Attributes:
        config: Ours; holds secrets.
        lines: What became of each key that the other connector knows.
        problems: What has no counterpart, by the other's keys.
    """

    config: dict[str, str] = field(default_factory=dict, repr=False)
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def sources(self) -> Mapping[str, list[str]]:
        """The submitted keys that each key of ours was made of."""
        found: dict[str, list[str]] = {}
        for line in self.lines:
            for key in line.becomes:
                found.setdefault(key, []).append(line.key)
        return found


def foreign(name: str, kind: Type[T], default: Any, description: str, *becomes: str, **rest: Any) -> Any:
    """Declare one; ``default`` is the other connector's."""
    rest.setdefault("importance", Importance.MEDIUM if becomes else Importance.LOW)
    return ForeignOption(name, kind, description, default, becomes=becomes, **rest)
