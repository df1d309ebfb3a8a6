"""``connector explain``: one entry of the runbook, as text."""

from __future__ import annotations

from connector.config.suggest import did_you_mean
from connector.error_codes import PAGE, ErrorCode
from connector.errors import ConfigError
from connector.runbook import ENTRIES


def explained(code: str) -> str:
    """The entry of a code.

    Raises:
        ConfigError: There is no such code.
    """
    # People paste what they have: the whole line, or a link.
    name = code.strip().rpartition("#")[2].removeprefix("code:").strip().lower()
    known = [each.value for each in ErrorCode]
    if name not in known:
        raise ConfigError.of(
            "CODE", f"{name} is no code of an error.{did_you_mean(name, known)} All are in {PAGE}."
        )
    entry = ENTRIES[ErrorCode(name)]
    return "\n".join(
        [
            f"{entry.code}: {entry.title}",
            "",
            f"You see:     {entry.seen}",
            f"It means:    {entry.meaning}",
            f"Is it lost?  {entry.loss}",
            f"To do:       {entry.remedy}",
            *([f"More:        docs/{entry.page}"] if entry.page else []),
        ]
    )
