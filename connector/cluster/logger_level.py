"""The level of a logger, as REST shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggerLevel:
    """A level and when REST last changed it.

    Attributes:
        level: Log4j's name of it.
        last_modified: Milliseconds since 1970; None if it is as it was at the start.
    """

    level: str
    last_modified: int | None = None
