"""Objects that end before their own bounds end them: counted, and said once a minute with what to do."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from connector import logs, metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sinks.base import SinkContext

log = logs.get(__name__)

_LOG_SECONDS = 60.0


class Early(StrEnum):
    """Why an object was finished early."""

    OPEN_LIMIT = "open-limit"
    MEMORY = "memory"
    FOOTER = "footer"


_REMEDIES = {
    Early.OPEN_LIMIT: "records go to more objects at a time than file.max.open.objects ({most}) keeps open:"
    " raise it, or let file.name.template name fewer",
    Early.MEMORY: "what is open does not fit into task.memory.budget.bytes: raise it, finish objects earlier"
    " by a bound of your own, or let file.name.template name fewer",
    Early.FOOTER: "objects of avro and parquet whose records are mixed become visible together, exactly once:"
    " finish them by time (file.rotate.schedule.interval.ms), or set delivery.guarantee=at-least-once",
}


class EarlyEnds:
    """Of one task."""

    def __init__(self, context: SinkContext, most_open: int, now: Callable[[], float]) -> None:
        """Args: ``most_open`` is the bound on open objects, ``now`` the time of day in seconds."""
        labels = (context.connector, str(context.task))
        self._totals = {why: metrics.OBJECTS_EARLY.labels(*labels, why.value) for why in Early}
        self._most_open = most_open
        self._now = now
        self._unsaid: Counter[Early] = Counter()
        self._said = dict.fromkeys(Early, float("-inf"))

    def count(self, why: Early) -> None:
        self._totals[why].inc()
        self._unsaid[why] += 1
        if self._now() - self._said[why] < _LOG_SECONDS:
            return
        self._said[why] = self._now()
        remedy = _REMEDIES[why].format(most=self._most_open)
        log.warning(
            "objects are finished early", reason=why.value, objects=self._unsaid.pop(why), remedy=remedy
        )
