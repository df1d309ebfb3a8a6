"""The levels of this process's loggers, as REST shows and sets them, by log4j's names.

A name that nobody logs under is fine: clients set ``org.apache.kafka.connect``, since that is what they know.
"""

from __future__ import annotations

import logging
import time

from connector import logs
from connector.cluster.logger_level import LoggerLevel
from connector.cluster.request_error import BadRequestError, NotFoundError

log = logs.get(__name__)

ROOT = "root"
MOST_LOGGERS = 2000
_LEVELS = {
    "ALL": 1,
    "TRACE": 5,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
    "OFF": logging.CRITICAL + 10,
}
# Below WARNING these log whole requests, credentials in their headers included.
_TALKATIVE = ("botocore", "aiobotocore", "aiohttp.access")


class Loggers:
    """The loggers of the process, and when REST changed them."""

    def __init__(self) -> None:
        self._modified: dict[str, int] = {}

    def all(self) -> dict[str, LoggerLevel]:
        """Every logger that there is by name, with the level that holds for it."""
        return {name: LoggerLevel(_name_of(level), self._modified.get(name)) for name, level in _levels()}

    def set(self, namespace: str, level: str) -> list[str]:
        """Set a logger's level and that of those below it; of ``root`` only where none has its own.

        Returns:
            The names of those whose level this changed, sorted.

        Raises:
            NotFoundError: There is no such level.
            BadRequestError: The logger would write secrets, or there are too many.
        """
        number = level_number(level)
        self._check(namespace, number)
        logger = logging.getLogger(None if namespace == ROOT else namespace)
        before = dict(_levels())
        logger.setLevel(number)
        for name, _ in _levels():
            if name.startswith(f"{namespace}.") and not _would_leak(name, number):
                logging.getLogger(name).setLevel(number)
        changed = sorted(name for name, now in _levels() if before.get(name) != now)
        self._modified.update(dict.fromkeys(changed, int(time.time() * 1000)))
        log.info("log level set", logger=namespace, level=level.upper())
        return changed

    def _check(self, namespace: str, number: int) -> None:
        if _would_leak(namespace, number):
            raise BadRequestError(
                f"{namespace} logs credentials below WARN: choose WARN, ERROR, FATAL or OFF for it"
            )
        known = dict(_levels())
        if namespace not in known and len(known) >= MOST_LOGGERS:
            raise BadRequestError(f"There are {MOST_LOGGERS} loggers already: choose one of these")


def level_number(level: str) -> int:
    """Python's number for a level; raises NotFoundError if there is none, as Connect does."""
    number = _LEVELS.get(level.strip().upper())
    if number is None:
        raise NotFoundError(f"invalid log level '{level}'.")
    return number


def _levels() -> list[tuple[str, int]]:
    known = [name for name, found in logging.root.manager.loggerDict.items() if _is_logger(found)]
    return [(name, logging.getLogger(name).getEffectiveLevel()) for name in [ROOT, *sorted(known)]]


def _is_logger(found: object) -> bool:
    """There are placeholders too, of names that only have loggers below them."""
    return isinstance(found, logging.Logger)


def _name_of(number: int) -> str:
    names = [name for name, level in _LEVELS.items() if level >= number]
    return names[0] if names else "OFF"


def _would_leak(name: str, number: int) -> bool:
    return number < logging.WARNING and any(
        name == talkative or name.startswith(f"{talkative}.") for talkative in _TALKATIVE
    )
