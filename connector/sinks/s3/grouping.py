"""Sorts the records of a batch by the object they belong to, and names the objects.

Pure: the time of day is an argument. How many records an object takes is the writer's business, and so
is the first offset that a name shows.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.errors import BatchError, RecordError
from connector.formats.json_value import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.s3.template import Placeholder, Template

MAX_KEY_BYTES = 1024
"""S3's limit of an object key, in UTF-8."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_UNITS = {"yyyy": "{0.year:04}", "MM": "{0.month:02}", "dd": "{0.day:02}", "HH": "{0.hour:02}"}
_PADDED_DIGITS = {"partition": 10, "start_offset": 20}


class GroupKey(NamedTuple):
    """What the records of one object have in common: all that its name needs but the first offset.

    Attributes:
        topic_partition: Where they come from.
        key: The text of the record key if the template has one, else None.
        time: The text of each timestamp placeholder of the template, in order.
    """

    topic_partition: TopicPartition
    key: str | None = None
    time: tuple[str, ...] = ()


class Grouper:
    """Splits batches by object and renders object keys; keeps no state.

    Attributes:
        keeps_last_only: Objects are named by record key without an offset: each holds only the last record
            of its key, and a later one replaces it.
    """

    def __init__(self, template: Template, zone: tzinfo, *, is_event_time: bool) -> None:
        """Take a template that :class:`~connector.sinks.s3.naming.FileNameConfig` found legal."""
        self._template = template
        self._zone = zone
        self._times = [found for found in template.placeholders if found.variable == "timestamp"]
        self._is_event_time = is_event_time and bool(self._times)
        self._has_key = "key" in template.variables
        self._bucket_ms = _HOUR_MS if _is_whole_hours(zone) else _MINUTE_MS
        self.keeps_last_only = "start_offset" not in template.variables

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that sorting looks at."""
        needed = {"keys": self._has_key, "timestamps": self._is_event_time}
        return frozenset(name for name, is_needed in needed.items() if is_needed)

    def split(self, batch: RecordBatch, now_ms: int) -> list[tuple[GroupKey, RecordBatch]]:
        """The records by object, in offset order, groups in order of their first record.

        A batch that goes into one object as a whole comes back as it is, without a look at its records
        unless the template asks for keys or event time. An empty batch has no group.

        Raises:
            BatchError: Names the records that cannot be named: without the timestamp the template asks for,
                with a key that is no text, or with a name beyond S3's limit.
        """
        if not len(batch):
            return []
        groups = self._groups(batch, now_ms)
        self._check_names(batch, groups)
        if self.keeps_last_only:
            return [(group, batch.select(indices[-1:])) for group, indices in groups.items()]
        if len(groups) == 1:
            return [(group, batch) for group in groups]
        return [(group, batch.select(indices)) for group, indices in groups.items()]

    def object_key(self, group: GroupKey, start_offset: int) -> str:
        """The name of the object of this group whose first record has this offset."""
        times = iter(group.time)
        return self._template.render(
            {
                placeholder: next(times)
                if placeholder.variable == "timestamp"
                else _render(placeholder, group, start_offset)
                for placeholder in self._template.placeholders
            }
        )

    def _groups(self, batch: RecordBatch, now_ms: int) -> Mapping[GroupKey, Sequence[int]]:
        """The positions of the records of each group."""
        where = batch.topic_partition
        if not self._has_key and not self._is_event_time:
            return {GroupKey(where, None, self._time(now_ms)): range(len(batch))}
        times = self._event_times(batch) if self._is_event_time else [self._time(now_ms)] * len(batch)
        if not self._has_key and times.count(times[0]) == len(times):
            return {GroupKey(where, None, times[0]): range(len(batch))}
        keys = self._keys(batch) if self._has_key else [None] * len(batch)
        indices: dict[tuple[str | None, tuple[str, ...]], list[int]] = defaultdict(list)
        for index, label in enumerate(zip(keys, times, strict=True)):
            indices[label].append(index)
        return {GroupKey(where, key, time): found for (key, time), found in indices.items()}

    def _time(self, timestamp_ms: int) -> tuple[str, ...]:
        if not self._times:
            return ()
        moment = (_EPOCH + timedelta(milliseconds=timestamp_ms)).astimezone(self._zone)
        return tuple(_UNITS[found.value or ""].format(moment) for found in self._times)

    def _event_times(self, batch: RecordBatch) -> list[tuple[str, ...]]:
        """The time of each record; formatted once per hour, or per minute where zones shift by less."""
        size = self._bucket_ms
        try:
            buckets = [timestamp // size for timestamp in batch.timestamps]  # type: ignore[operator]
            times = {bucket: self._time(bucket * size) for bucket in set(buckets)}
        except (TypeError, OverflowError, ValueError):
            raise self._undated(batch) from None
        return [times[bucket] for bucket in buckets]

    def _undated(self, batch: RecordBatch) -> BatchError:
        faults = {}
        for offset, timestamp in zip(batch.offsets, batch.timestamps, strict=True):
            if timestamp is None:
                faults[offset] = "has no timestamp, which file.name.timestamp.source=event needs"
                continue
            try:
                self._time(timestamp // self._bucket_ms * self._bucket_ms)
            except (OverflowError, ValueError):
                faults[offset] = f"has the timestamp {timestamp} ms, which is in no year from 1 to 9999"
        return self._error(batch, faults)

    def _keys(self, batch: RecordBatch) -> list[str]:
        texts: list[str] = []
        faults = {}
        for offset, key in zip(batch.offsets, batch.keys, strict=True):
            try:
                texts.append(_key_text(key))
            except (TypeError, ValueError) as error:
                faults[offset] = f"has a key that cannot be part of an object name: {error}"
        if faults:
            raise self._error(batch, faults)
        return texts

    def _check_names(self, batch: RecordBatch, groups: Mapping[GroupKey, Sequence[int]]) -> None:
        faults = {}
        for group, indices in groups.items():
            # No object of the batch begins at or above its end, and a smaller offset is no longer.
            size = len(self.object_key(group, batch.next_offset).encode())
            if not 0 < size <= MAX_KEY_BYTES:
                reason = f"would be in an object whose name has {size} bytes; S3 allows 1 to {MAX_KEY_BYTES}"
                faults.update(dict.fromkeys((batch.offsets[index] for index in indices), reason))
        if faults:
            raise self._error(batch, faults)

    def _error(self, batch: RecordBatch, faults: Mapping[int, str]) -> BatchError:
        origin = type(self).__name__
        return BatchError(
            batch.topic_partition,
            {
                offset: RecordError(
                    f"The record at {batch.topic_partition} offset {offset} {fault}",
                    stage="TASK_PUT",
                    origin=origin,
                )
                for offset, fault in sorted(faults.items())
            },
        )


def _is_whole_hours(zone: tzinfo) -> bool:
    # A zone with a history answers None here: its offset depends on the moment.
    offset = zone.utcoffset(None)
    return offset is not None and offset % timedelta(hours=1) == timedelta(0)


def _render(placeholder: Placeholder, group: GroupKey, start_offset: int) -> str:
    topic, partition = group.topic_partition
    match placeholder.variable:
        case "topic":
            return topic
        case "key":
            return group.key or ""
        case variable:
            number = str(partition if variable == "partition" else start_offset)
            is_padded = placeholder.value == "true"
            return number.zfill(_PADDED_DIGITS[variable]) if is_padded else number


def _key_text(key: Any) -> str:
    """A record key as text; bytes must be UTF-8, structured keys are JSON.

    Raises:
        TypeError, ValueError: It is not text.
    """
    if isinstance(key, bytes):
        return key.decode()
    if isinstance(key, str):
        return key
    return json_text(key).decode()
