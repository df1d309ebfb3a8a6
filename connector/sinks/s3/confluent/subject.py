"""What all subjects of the translation do: take options as they were submitted, and account for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.config.dialect import Fate, ForeignOption, Line, Translation
from connector.errors import Problem
from connector.sinks.s3.confluent.options import ConfluentOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config.option import Option


class Subject:
    """Some options of one config on their way."""

    def __init__(self, raw: Mapping[str, str | None]) -> None:
        self._given = ConfluentOptions(raw)
        self._known = ConfluentOptions.options()
        self._found = Translation()
        self._implied: dict[str, str] = {}

    def _text(self, option: Option[Any]) -> str | None:
        """As it was submitted, blank or not; references stay what they are."""
        return self._given.raw.get(option.name)

    def _rename(self, option: Option[Any]) -> None:
        """One to one; what is blank counts as absent, as it does there."""
        assert isinstance(option, ForeignOption)  # noqa: S101 - declared so
        text = self._text(option)
        if text is None:
            return
        if not text.strip():
            self._line(option, Fate.DROPPED, why="blank, so that it says nothing")
            return
        (ours,) = option.becomes
        self._found.config[ours] = text
        self._line(option, Fate.KEPT if ours == option.name else Fate.RENAMED, ours)

    def _line(self, option: Option[Any], fate: Fate, *becomes: str, why: str = "") -> None:
        if self._given.is_set(option):
            self._found.lines.append(Line(option.name, fate, becomes, why))

    def _refuse(self, option: Option[Any], why: str) -> None:
        self._found.problems.append(Problem(option.name, why))
        self._line(option, Fate.ATTENTION, why=why)
