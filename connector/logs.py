"""Structured logs: one line per event, as text for people or JSON for machines."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from connector.concealment import conceal
from connector.errors import ConnectorError
from connector.repetition import Seldom

if TYPE_CHECKING:
    from collections.abc import MutableMapping

Logger = structlog.stdlib.BoundLogger

LIBRDKAFKA = logging.getLogger("librdkafka")
"""The ``logger`` of Kafka clients that are polled all the time; without it their lines are none of ours."""

_processors: list[Any] = []
"""One list for the life of the process: a logger keeps the one that it first saw."""


def configure(*, level: str = "INFO", as_json: bool = False) -> None:
    """Send our own events and those of libraries to standard error in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_error,
    ]
    renderers: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                # The default shows local variables, and with them secrets.
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    )
    _processors[:] = [
        structlog.stdlib.filter_by_level,
        *shared,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ]
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _ConcealingFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Both log whole requests below WARNING, headers and signatures included.
    # A malformed request is its sender's fault; the traceback would quote its headers.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    LIBRDKAFKA.filters[:] = [Seldom()]
    for chatty in ("botocore", "aiobotocore", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _tell_error(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An ``error`` that is passed as itself is told by its message, and brings its code."""
    error = event.get("error")
    if isinstance(error, ConnectorError):
        event.setdefault("code", error.code.value)
    if isinstance(error, BaseException):
        nothing_said = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
        event["error"] = str(error) or nothing_said
    return event


class _ConcealingFormatter(structlog.stdlib.ProcessorFormatter):
    """The last hand on every line, whoever wrote it: what references stood for is in none."""

    def format(self, record: logging.LogRecord) -> str:
        return conceal(super().format(record))


def get(name: str) -> Logger:
    logger: Logger = structlog.stdlib.get_logger(name)
    return logger
