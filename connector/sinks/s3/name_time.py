"""What the timestamp placeholders of a name show: the wall clock, or the time of each record; pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connector.sinks.s3.pattern import HOUR_MS, MINUTE_MS, DatePattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from connector.record import RecordBatch
    from connector.sinks.s3.event_time import EventTime
    from connector.sinks.s3.interval import Interval
    from connector.sinks.s3.template import Template

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NameTime:
    """A text for each timestamp placeholder of a template, in order.

    Attributes:
        is_by_event: Records bring the time that is shown.
    """

    def __init__(
        self, template: Template, zone: tzinfo, event_time: EventTime | None, interval: Interval | None
    ) -> None:
        """As :class:`~connector.sinks.s3.grouping.Grouper`."""
        self._patterns = [
            DatePattern(found.value or "") for found in template.placeholders if found.variable == "timestamp"
        ]
        self._zone = zone
        self._event_time = event_time
        self._interval = interval
        self.is_by_event = event_time is not None and bool(self._patterns)
        step = HOUR_MS if _is_whole_hours(zone) else MINUTE_MS
        self._bucket_ms = min([step, *(pattern.step_ms for pattern in self._patterns)])
        if interval:
            self._bucket_ms = math.gcd(self._bucket_ms, interval.length_ms)

    def at(self, timestamp_ms: int) -> tuple[str, ...]:
        if not self._patterns:
            return ()
        if self._interval:
            timestamp_ms = self._interval.beginning(timestamp_ms)
        moment = (_EPOCH + timedelta(milliseconds=timestamp_ms)).astimezone(self._zone)
        return tuple([pattern.format(moment) for pattern in self._patterns])

    def of_each(self, batch: RecordBatch) -> tuple[list[tuple[str, ...]], dict[int, str]]:
        """The time of each record; formatted once per hour, or as often as names or the zone need it.

        Returns:
            The texts, and what is wrong with records by their position; with faults there are no texts.
        """
        if self._event_time is None:
            return [], {}
        size = self._bucket_ms
        moments, faults = self._event_time.read(batch)
        try:
            buckets = [None if moment is None else moment // size for moment in moments]
            times = {bucket: self.at(bucket * size) for bucket in set(buckets) if bucket is not None}
        except (OverflowError, ValueError):
            faults |= self._out_of_range(moments)
        if faults:
            return [], faults
        return [times[bucket] for bucket in buckets], {}  # type: ignore[index] # None is a fault

    def _out_of_range(self, moments: Sequence[int | None]) -> dict[int, str]:
        faults = {}
        for index, moment in enumerate(moments):
            try:
                self.at((moment or 0) // self._bucket_ms * self._bucket_ms)
            except (OverflowError, ValueError):
                faults[index] = f"has the timestamp {moment} ms, which is in no year from 1 to 9999"
        return faults


def _is_whole_hours(zone: tzinfo) -> bool:
    # A zone with a history answers None here: its offset depends on the moment.
    offset = zone.utcoffset(None)
    return offset is not None and offset % timedelta(hours=1) == timedelta(0)
