r"""The topics that a pattern means, found among all that there are: Kafka's clients for Java do it so, too.

librdkafka would match by itself, but with POSIX expressions, to which ``\d``, ``(?:…)`` and ``[\w.-]`` mean
something else or nothing, and without a word about it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka import KafkaException

from connector import logs

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

log = logs.get(__name__)

_REFRESH = "topic.metadata.refresh.interval.ms"
_REFRESH_MS = 300_000
_AGAIN_SECONDS = 1.0
_ASK_SECONDS = 5.0
_INTERNAL = frozenset({"__consumer_offsets", "__share_group_state", "__transaction_state"})


class Lister(Protocol):
    """What tells which topics there are."""

    def list_topics(self, *, timeout: float) -> Any: ...


class TopicPattern:
    """Looks for topics again and again; not on the event loop, since asking blocks.

    Args:
        pattern: A whole name has to match; Kafka's own topics never do.
        config: librdkafka's properties, which say how often to look.
    """

    def __init__(self, pattern: re.Pattern[str], config: Mapping[str, Any]) -> None:
        self._pattern = pattern
        interval_ms = int(config.get(_REFRESH, _REFRESH_MS))
        self._interval_seconds = (interval_ms if interval_ms > 0 else _REFRESH_MS) / 1000
        self._next_look = 0.0
        self._topics: list[str] = []

    def changed(self, client: Lister) -> list[str] | None:
        """The topics, if it is time to look and they are others than before; else None."""
        if time.monotonic() < self._next_look:
            return None
        try:
            found = sorted(self._matching(client))
        except KafkaException as error:
            log.warning("topics cannot be listed just now", reason=str(error))
            self._next_look = time.monotonic() + _AGAIN_SECONDS
            return None
        self._next_look = time.monotonic() + self._interval_seconds
        if found == self._topics:
            return None
        self._topics = found
        return found

    def _matching(self, client: Lister) -> Iterator[str]:
        for name, topic in client.list_topics(timeout=_ASK_SECONDS).topics.items():
            if topic.error is None and name not in _INTERNAL and self._pattern.fullmatch(name):
                yield name
