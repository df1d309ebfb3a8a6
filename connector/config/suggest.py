"""The name a user probably meant, for every "did you mean"."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_SHORT = 4


def closest(name: str, candidates: Sequence[str]) -> str | None:
    # In a short name one wrong letter is a large part of it.
    cutoff = 0.5 if len(name) <= _SHORT else 0.75
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(name: str, candidates: Sequence[str]) -> str:
    """`` Did you mean "x"?`` with its leading blank, or nothing."""
    found = closest(name, candidates)
    return f' Did you mean "{found}"?' if found else ""
