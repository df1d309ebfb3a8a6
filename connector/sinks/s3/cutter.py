"""A batch cut as the bounds of objects want it, and encoded: pieces that each go into one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.column import schemas_of
from connector.formats.nulls import without_nulls
from connector.sinks.s3.finishing import MOST_FINISHING
from connector.sinks.s3.pieces import Part
from connector.sinks.s3.together import Columns, Held, segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from connector.formats.base import Encoder
    from connector.record import RecordBatch
    from connector.schema import Schemas
    from connector.sinks.s3.config import S3Config
    from connector.sinks.s3.grouping import Grouper, GroupKey
    from connector.sinks.s3.open_object import OpenObject
    from connector.sinks.s3.open_objects import OpenObjects
    from connector.sinks.s3.pieces import Piece
    from connector.sinks.s3.rotation import Moment, Rotation


class Cutter:
    """Looks at what is open, and leaves it as it is."""

    def __init__(
        self,
        config: S3Config,
        *,
        rotation: Rotation,
        grouper: Grouper,
        encoder: Encoder,
        open_objects: OpenObjects,
    ) -> None:
        """Take what cutting goes by.

        Args:
            config: The sink's.
            rotation: As the config has it.
            grouper: Sorts records by object.
            encoder: Of their format.
            open_objects: Of the partition.
        """
        self._rotation = rotation
        self._max_records = config.max_records
        self._null_values = config.null_values.lower()
        self._grouper = grouper
        self._encoder = encoder
        self._open = open_objects

    def pieces(self, batch: RecordBatch, now: Moment) -> list[Piece] | None:
        """The batch in pieces of one object each, or None if they are too many; CPU work, for a thread.

        All are encoded before any is taken: a record that cannot be encoded leaves no trace.
        """
        kept = without_nulls(batch, self._null_values)
        parts = self._parts(kept, now)
        if self._are_too_many([part.group for part in parts], batch):
            return None
        pieces = [
            piece
            for part, encoded in zip(
                parts, self._encoder.encode_parts(kept, [part.records for part in parts]), strict=True
            )
            for piece in part.pieces(encoded)
        ]
        return None if self._are_too_many([piece.group for piece in pieces], batch) else pieces

    def _are_too_many(self, groups: Sequence[GroupKey], batch: RecordBatch) -> bool:
        """Whether more objects would be begun, and perhaps finished, than there are places for."""
        begun = len(groups) - len(self._open.groups() & groups)
        return begun > MOST_FINISHING and len(batch) > 1

    def _parts(self, batch: RecordBatch, now: Moment) -> list[Part]:
        """The batch as bounds cut it: by object, and where an object ends or is to be looked at."""
        step = self._step(batch)
        if self._rotation.together:
            return list(self._parts_together(batch, now, step))
        return [
            # Only the first of what is cut by records begins what was cut by time.
            Part(group, records, begins and first.offsets[0] == records.offsets[0], event_ms)
            for group, grouped in self._grouper.split(batch, now.ms)
            for first, begins, event_ms in self._cut_by_time(group, grouped)
            for records in _cut(None if begins else self._open.get(group), first, step, self._max_records)
        ]

    def _step(self, batch: RecordBatch) -> int | None:
        """Records between two looks at how large an object has become."""
        if not self._rotation.has_bytes or not len(batch):
            return None
        return self._rotation.step(*self._open.sizes.per_record(batch.size_bytes / len(batch)))

    def _cut_by_time(
        self, group: GroupKey, records: RecordBatch
    ) -> Iterable[tuple[RecordBatch, bool, int | None]]:
        """Cut where ``file.max.timespan.ms`` ends an object; with the time of the first record of each."""
        if not self._rotation.max_span_ms or self._grouper.keeps_last_only:
            yield records, False, None
            return
        found = self._open.get(group)
        times = self._grouper.event_times(records)
        first = found.first_event_ms if found else None
        begins, start = False, 0
        for index, time in enumerate(times):
            if first is None:
                first = time
            elif self._rotation.is_too_late(time, first):
                if index > start:
                    yield records.select(range(start, index)), begins, first
                begins, start, first = True, index, time
        yield records.select(range(start, len(records))) if start else records, begins, first

    # ---- where all open objects end together ----

    def _parts_together(self, batch: RecordBatch, now: Moment, step: int | None) -> Iterator[Part]:
        """As bounds cut it that hold for all open objects as a whole."""
        if not len(batch):
            return
        groups = self._grouper.split(batch, now.ms)
        schemas = schemas_of(batch.values) if batch.has("values") else None
        found = segments(self._rotation, self._held(), self._columns(batch, groups, schemas))
        for segment in found:
            whole = segment.end - segment.start == len(batch)
            records = batch if whole else batch.select(range(segment.start, segment.end))
            schema = schemas.of_each(len(batch))[segment.start] if schemas else None
            parts = [
                Part(group, piece, False, segment.first_event_ms, schema=schema)
                for group, grouped in (groups if whole else self._grouper.split(records, now.ms))
                for piece in _cut(None, grouped, step, 0)
            ]
            parts[0] = parts[0]._replace(breaks=segment.breaks)
            parts[-1] = parts[-1]._replace(ends=segment.ends)
            yield from parts

    def _held(self) -> Held:
        """What is open, also of a predecessor: all since objects ended the last time."""
        found = self._open.values()
        return Held(
            sum(each.records for each in found),
            next((each.first_event_ms for each in found if each.first_event_ms is not None), None),
            max(self._open.items(), key=lambda each: each[1].end_offset, default=(None, None))[0],
            {group: each.schema for group, each in self._open.items() if each.schema is not None},
        )

    def _columns(
        self,
        batch: RecordBatch,
        groups: Sequence[tuple[GroupKey, RecordBatch]],
        schemas: Schemas | None,
    ) -> Columns:
        """What of the records may end objects; mostly nothing but their number."""
        count = len(batch)
        has_span = self._rotation.max_span_ms > 0
        known = [found.schema for found in self._open.values() if found.schema is not None]
        each = schemas.of_each(count) if schemas and schemas.differ_from(known, count) else None
        if not (each or has_span or self._rotation.on_change):
            return Columns(count)
        group_of = {offset: group for group, records in groups for offset in records.offsets}
        return Columns(
            count,
            [group_of[offset] for offset in batch.offsets],
            self._grouper.event_times(batch) if has_span else None,
            each,
        )


def _cut(
    found: OpenObject | None, records: RecordBatch, step: int | None, limit: int
) -> Iterable[RecordBatch]:
    """Cut where ``file.max.records`` ends an object, and in steps where bytes may."""
    if not limit and not step:
        yield records
        return
    held = found.records if found else 0
    while True:
        room = limit - held if limit else len(records)
        if step and step < room:
            room = step
        if len(records) <= room:
            break
        piece, records = records.split_at(room)
        yield piece
        held = 0 if limit and held + room >= limit else held + room
    yield records
