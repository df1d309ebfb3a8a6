"""Sorts the records of a batch by the object they belong to, and names the objects.

Pure: the time of day is an argument. How many records an object takes is the writer's business, and so
is the first offset that a name shows.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.error_codes import ErrorCode
from connector.errors import BatchError, RecordError
from connector.sinks.s3.ledger.state import GroupLabel
from connector.sinks.s3.name_text import ColumnTexts, FieldText, key_text
from connector.sinks.s3.name_time import NameTime
from connector.sinks.s3.object_key import fault_of
from connector.sinks.variable import fields, headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.s3.event_time import EventTime
    from connector.sinks.s3.interval import Interval
    from connector.sinks.s3.template import Placeholder, Template

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
        self._template = template
        self._time = NameTime(template, zone, event_time, interval)
        self._fields = [found for found in template.placeholders if found.is_field]
        self._event_time = event_time
        self._has_key = "key" in template.variables
        self._text = field_text or FieldText()
        self.keeps_last_only = "start_offset" not in template.variables

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that sorting looks at."""
        needed = {_FIELD_COLUMNS[found.variable] for found in self._fields}
        if self._has_key:
            needed.add("keys")
        if self._time.is_by_event and self._event_time:
            needed.add(self._event_time.column)
        return frozenset(needed)

    @property
    def event_column(self) -> str:
        """The column that tells the time of a record."""
        return self._event_time.column if self._event_time else ""

    def wallclock(self, now_ms: int) -> tuple[str, ...] | None:
        """The time of the groups that can still get records; None where records bring their time."""
        return None if self._time.is_by_event else self._time.at(now_ms)

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
            return {GroupKey(where, None, self._time.at(now_ms), (), original): range(len(batch))}
        count = len(batch)
        times = self._times(batch) if self._time.is_by_event else [self._time.at(now_ms)] * count
        is_by_time_only = not self._has_key and not self._fields
        if is_by_time_only and times.count(times[0]) == count:
            return {GroupKey(where, None, times[0], (), original): range(count)}
        keys: Sequence[str | None] = self._keys(batch) if self._has_key else [None] * count
        texts = self._field_texts(batch) if self._fields else [()] * count
        indices: dict[tuple[str | None, tuple[str, ...], tuple[str, ...]], list[int]] = defaultdict(list)
        for index, label in enumerate(zip(keys, times, texts, strict=True)):
            indices[label].append(index)
        return {GroupKey(where, *label, original): found for label, found in indices.items()}

    def _times(self, batch: RecordBatch) -> list[tuple[str, ...]]:
        times, faults = self._time.of_each(batch)
        if faults:
            raise self._error(batch, {batch.offsets[index]: fault for index, fault in faults.items()})
        return times

    def _field_texts(self, batch: RecordBatch) -> list[tuple[str, ...]]:
        columns = [self._field_column(placeholder, batch) for placeholder in self._fields]
        return list(zip(*columns, strict=True))

    def _field_column(self, placeholder: Placeholder, batch: RecordBatch) -> list[str]:
        texts = ColumnTexts(self._text)
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
                texts.append(key_text(key))
            except (TypeError, ValueError) as error:
                faults[offset] = f"has a key that cannot be part of an object name: {error}"
        if faults:
            raise self._error(batch, faults)
        return texts

    def _check_names(self, batch: RecordBatch, groups: Mapping[GroupKey, Sequence[int]]) -> None:
        faults = {}
        for group, indices in groups.items():
            # No object of the batch begins at or above its end, and a smaller offset is no longer.
            if reason := fault_of(self.object_key(group, batch.next_offset)):
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


def _unreadable(
    placeholder: Placeholder, offsets: Sequence[int], column: Sequence[Any]
) -> Iterator[tuple[int, str]]:
    for offset, value in zip(offsets, column, strict=True):
        try:
            fields(placeholder.parameter or "", [value])
        except ValueError as error:
            what = f"{placeholder.variable}:{placeholder.parameter}"
            yield offset, f"has no {{{{{what}}}}} for its object's name: its {placeholder.variable} {error}"


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
