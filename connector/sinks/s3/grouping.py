"""Sorts the records of a batch by the object they belong to, and names the objects.

Pure: the time of day is an argument. How many records an object takes is the writer's business, and so
is the first offset that a name shows.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.error_codes import ErrorCode
from connector.errors import BatchError, RecordError
from connector.formats.json_value import json_text
from connector.sinks.s3.ledger.state import GroupLabel
from connector.sinks.s3.pattern import HOUR_MS, MINUTE_MS, DatePattern
from connector.sinks.variable import fields, headers, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.s3.event_time import EventTime
    from connector.sinks.s3.interval import Interval
    from connector.sinks.s3.template import Placeholder, Template

MAX_KEY_BYTES = 1024
"""S3's limit of an object key, in UTF-8."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNSAFE = re.compile(r"[^\w!\-.*'()]|^\.+$")
"""What S3's user guide calls safe, and letters of any script, stay as they are; so that a value is one level
of a path, a value of dots does not."""
_FIELD_COLUMNS = {"header": "headers", "key": "keys", "value": "values"}
_PADDED_DIGITS = {"partition": 10, "start_offset": 20}


class GroupKey(NamedTuple):
    """What the records of one object have in common: all that its name needs but the first offset.

    Attributes:
        topic_partition: Where they come from, the topic by the name that transforms gave it.
        key: The text of the record key if the template has one, else None.
        time: The text of each timestamp placeholder of the template, in order.
        fields: The text of each header, and field of a key or value, in order.
        original_topic: The topic by its own name, where transforms gave it another.
    """

    topic_partition: TopicPartition
    key: str | None = None
    time: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    original_topic: str | None = None

    @classmethod
    def of(cls, partition: TopicPartition, label: GroupLabel) -> GroupKey:
        """The group of a partition that was committed by this label."""
        if label.topic is None:
            return cls(partition, label.key, label.time, label.fields)
        where = partition._replace(topic=label.topic)
        return cls(where, label.key, label.time, label.fields, partition.topic)

    def label(self, partition: TopicPartition) -> GroupLabel:
        """What tells it from the other groups of the partition that its records were read from."""
        topic = self.topic_partition.topic
        return GroupLabel(self.key, self.time, self.fields, None if topic == partition.topic else topic)


@dataclass(frozen=True, slots=True)
class FieldText:
    """How headers and fields become part of a name.

    Attributes:
        missing: What stands for those that are not there.
        empty: What stands for those that are empty text; ``missing`` if None.
        escapes: The variables of which unsafe characters are escaped; ``field`` is headers and fields.
    """

    missing: str = "__HIVE_DEFAULT_PARTITION__"
    escapes: frozenset[str] = frozenset({"field"})
    empty: str | None = None

    def of(self, value: Any) -> str:
        """The text of a header or field."""
        text = name_text(value)
        if text == "" and self.empty is not None:
            return self.empty
        return self.escaped("field", text) if text else self.missing

    def escaped(self, variable: str, text: str) -> str:
        return _UNSAFE.sub(_percent, text) if variable in self.escapes else text


def climbs(name: str) -> bool:
    """Whether ``..`` leads out of the bucket.

    S3 refuses such names, and a proxy that cleans paths writes them into another bucket of the store.
    """
    depth = 0
    for element in name.split("/") if ".." in name else ():
        if element == "..":
            depth -= 1
        elif element not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False


def _fault(name: str) -> str | None:
    """What is wrong with a name."""
    size = len(name.encode())
    if not 0 < size <= MAX_KEY_BYTES:
        return f"would be in an object whose name has {size} bytes; S3 allows 1 to {MAX_KEY_BYTES}."
    if climbs(name):
        return (
            "would be in an object whose name leads out of the bucket by its .. elements, which S3 refuses:"
            " file.name.escape=all makes each key one level."
        )
    return None


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


class Grouper:
    """Splits batches by object and renders object keys; keeps no state.

    Attributes:
        keeps_last_only: Objects are named by record key without an offset: each holds only the last record
            of its key, and a later one replaces it.
    """

    def __init__(
        self,
        template: Template,
        zone: tzinfo,
        *,
        event_time: EventTime | None = None,
        field_text: FieldText | None = None,
        interval: Interval | None = None,
    ) -> None:
        """Take a template that :class:`~connector.sinks.s3.naming.FileNameConfig` found legal.

        Args:
            template: What names objects.
            zone: Of the times that names show.
            event_time: The time of a record; None for that at which it is taken.
            field_text: How headers and fields are shown.
            interval: Whose beginning is shown instead of a time within it.
        """
        self._interval = interval
        self._template = template
        self._zone = zone
        self._times = [_pattern(found) for found in template.placeholders if found.variable == "timestamp"]
        self._fields = [found for found in template.placeholders if found.is_field]
        self._event_time = event_time
        self._is_by_event_time = event_time is not None and bool(self._times)
        self._has_key = "key" in template.variables
        self._text = field_text or FieldText()
        step = HOUR_MS if _is_whole_hours(zone) else MINUTE_MS
        self._bucket_ms = min([step, *(pattern.step_ms for pattern in self._times)])
        if interval:
            self._bucket_ms = math.gcd(self._bucket_ms, interval.length_ms)
        self.keeps_last_only = "start_offset" not in template.variables

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that sorting looks at."""
        needed = {_FIELD_COLUMNS[found.variable] for found in self._fields}
        if self._has_key:
            needed.add("keys")
        if self._is_by_event_time and self._event_time:
            needed.add(self._event_time.column)
        return frozenset(needed)

    @property
    def event_column(self) -> str:
        """The column that tells the time of a record."""
        return self._event_time.column if self._event_time else ""

    def wallclock(self, now_ms: int) -> tuple[str, ...] | None:
        """The time of the groups that can still get records; None where records bring their time."""
        return None if self._is_by_event_time else self._time(now_ms)

    def event_times(self, batch: RecordBatch) -> Sequence[int]:
        """The time of each record of a batch, by its timestamp, header or field.

        Raises:
            BatchError: Names the records that have none.
        """
        if self._event_time is None:
            raise AssertionError("Records are dated by the wall clock")
        times, faults = self._event_time.read(batch)
        if faults:
            raise self._error(batch, {batch.offsets[index]: fault for index, fault in faults.items()})
        return times  # type: ignore[return-value] # None is a fault

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
        times, texts = iter(group.time), iter(group.fields)
        values = {}
        for placeholder in self._template.placeholders:
            if placeholder.variable == "timestamp":
                values[placeholder] = next(times)
            elif placeholder.is_field:
                values[placeholder] = next(texts)
            else:
                values[placeholder] = self._text.escaped(
                    placeholder.variable, _render(placeholder, group, start_offset)
                )
        return self._template.render(values)

    def _groups(self, batch: RecordBatch, now_ms: int) -> Mapping[GroupKey, Sequence[int]]:
        """The positions of the records of each group."""
        own = batch.topic_partition
        where = own._replace(topic=batch.topic)
        original = own.topic if batch.topic != own.topic else None
        if not self.columns:
            return {GroupKey(where, None, self._time(now_ms), (), original): range(len(batch))}
        count = len(batch)
        times = self._event_texts(batch) if self._is_by_event_time else [self._time(now_ms)] * count
        is_by_time_only = not self._has_key and not self._fields
        if is_by_time_only and times.count(times[0]) == count:
            return {GroupKey(where, None, times[0], (), original): range(count)}
        keys: Sequence[str | None] = self._keys(batch) if self._has_key else [None] * count
        texts = self._field_texts(batch) if self._fields else [()] * count
        indices: dict[tuple[str | None, tuple[str, ...], tuple[str, ...]], list[int]] = defaultdict(list)
        for index, label in enumerate(zip(keys, times, texts, strict=True)):
            indices[label].append(index)
        return {GroupKey(where, *label, original): found for label, found in indices.items()}

    def _time(self, timestamp_ms: int) -> tuple[str, ...]:
        if not self._times:
            return ()
        if self._interval:
            timestamp_ms = self._interval.beginning(timestamp_ms)
        moment = (_EPOCH + timedelta(milliseconds=timestamp_ms)).astimezone(self._zone)
        return tuple([pattern.format(moment) for pattern in self._times])

    def _event_texts(self, batch: RecordBatch) -> list[tuple[str, ...]]:
        """The time of each record; formatted once per hour, or as often as names or the zone need it."""
        if self._event_time is None:
            return []
        size = self._bucket_ms
        moments, faults = self._event_time.read(batch)
        try:
            buckets = [None if moment is None else moment // size for moment in moments]
            times = {bucket: self._time(bucket * size) for bucket in set(buckets) if bucket is not None}
        except (OverflowError, ValueError):
            faults |= self._out_of_range(moments)
        if faults:
            raise self._error(batch, {batch.offsets[index]: fault for index, fault in faults.items()})
        return [times[bucket] for bucket in buckets]  # type: ignore[index] # None is a fault

    def _out_of_range(self, moments: Sequence[int | None]) -> dict[int, str]:
        faults = {}
        for index, moment in enumerate(moments):
            try:
                self._time((moment or 0) // self._bucket_ms * self._bucket_ms)
            except (OverflowError, ValueError):
                faults[index] = f"has the timestamp {moment} ms, which is in no year from 1 to 9999"
        return faults

    def _field_texts(self, batch: RecordBatch) -> list[tuple[str, ...]]:
        columns = [self._field_column(placeholder, batch) for placeholder in self._fields]
        return list(zip(*columns, strict=True))

    def _field_column(self, placeholder: Placeholder, batch: RecordBatch) -> list[str]:
        texts = _Texts(self._text)
        name = placeholder.parameter or ""
        if placeholder.variable == "header":
            return [texts.of(value) for value in headers(name, batch)]
        column = getattr(batch, _FIELD_COLUMNS[placeholder.variable])
        try:
            return [texts.of(value) for value in fields(name, column)]
        except ValueError:
            raise self._error(batch, dict(_unreadable(placeholder, batch.offsets, column))) from None

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
            if reason := _fault(self.object_key(group, batch.next_offset)):
                faults.update(dict.fromkeys((batch.offsets[index] for index in indices), reason))
        if faults:
            raise self._error(batch, faults)

    def _error(self, batch: RecordBatch, faults: Mapping[int, str]) -> BatchError:
        origin = type(self).__name__
        return BatchError(
            batch.topic_partition,
            {
                offset: RecordError(
                    f"The record at {batch.topic_partition} offset {offset} {fault.removesuffix('.')}.",
                    stage="TASK_PUT",
                    origin=origin,
                    code=ErrorCode.RECORD_UNFIT,
                )
                for offset, fault in sorted(faults.items())
            },
        )


class _Texts:
    """Remembers the texts of a column: fields that name objects have few values."""

    def __init__(self, text: FieldText) -> None:
        self._text = text
        self._known: dict[str, str] = {}

    def of(self, value: Any) -> str:
        if not isinstance(value, str):
            return self._text.of(value)
        known = self._known.get(value)
        if known is None:
            known = self._known[value] = self._text.of(value)
        return known


def _unreadable(
    placeholder: Placeholder, offsets: Sequence[int], column: Sequence[Any]
) -> Iterator[tuple[int, str]]:
    for offset, value in zip(offsets, column, strict=True):
        try:
            fields(placeholder.parameter or "", [value])
        except ValueError as error:
            what = f"{placeholder.variable}:{placeholder.parameter}"
            yield offset, f"has no {{{{{what}}}}} for its object's name: its {placeholder.variable} {error}"


def _pattern(placeholder: Placeholder) -> DatePattern:
    return DatePattern(placeholder.value or "")


def _is_whole_hours(zone: tzinfo) -> bool:
    # A zone with a history answers None here: its offset depends on the moment.
    offset = zone.utcoffset(None)
    return offset is not None and offset % timedelta(hours=1) == timedelta(0)


def _render(placeholder: Placeholder, group: GroupKey, start_offset: int) -> str:
    topic, partition = group.topic_partition
    match placeholder.variable:
        case "topic":
            return topic
        case "original_topic":
            return group.original_topic or topic
        case "key":
            return group.key or ""
        case variable:
            number = str(partition if variable == "partition" else start_offset)
            return number.zfill(_digits(variable, placeholder.value))


def _digits(variable: str, padding: str | None) -> int:
    """How many a number has at least: as many as the largest one, or as the template says."""
    if padding == "true":
        return _PADDED_DIGITS[variable]
    return int(padding) if padding and padding.isdecimal() else 0


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


def name_text(value: Any) -> str | None:
    """A header or field as text; times as ISO 8601, numbers as they are written."""
    match value:
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return text_of(value)
