"""The name a user probably meant, for every "did you mean"."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def closest(name: str, candidates: Sequence[str]) -> str | None:
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.75)
    return found[0] if found else None


def did_you_mean(name: str, candidates: Sequence[str]) -> str:
    """`` Did you mean "x"?`` with its leading blank, or nothing."""
    found = closest(name, candidates)
    return f' Did you mean "{found}"?' if found else ""
