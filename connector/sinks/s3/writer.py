"""The open objects of one topic-partition: takes batches, rotates, knows what is durable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.column import schemas_of
from connector.errors import BatchError
from connector.formats.nulls import without_nulls
from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.compression import compressor, tables_bytes
from connector.sinks.s3.early import Early
from connector.sinks.s3.ledger.state import Clock, Span
from connector.sinks.s3.open_object import OpenObject
from connector.sinks.s3.pieces import Part, Piece, Sizes, waves
from connector.sinks.s3.together import Columns, Held, segments
from connector.sinks.s3.upload import ObjectUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence

    from connector.formats.base import Format
    from connector.record import RecordBatch
    from connector.schema import Schemas
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.compression import Compressor
    from connector.sinks.s3.config import S3Config
    from connector.sinks.s3.early import EarlyEnds
    from connector.sinks.s3.grouping import Grouper, GroupKey
    from connector.sinks.s3.limit import OpenLimit
    from connector.sinks.s3.rotation import Moment
    from connector.sinks.s3.store import ObjectStore
    from connector.sinks.s3.two_phase import TwoPhaseUpload

log = logs.get(__name__)


MOST_FINISHING = 256
"""Objects that a partition completes at once; more of them wait, and what is read with them."""
WAVE = 256
"""Objects that are written to in one go, which saves a change of threads for each."""
_FRAMES_BYTES = 8 * 1024 * 1024
"""Of a task's compressors: the frames that got nothing for longest are ended."""


class PartitionWriter:
    """Writes one partition; a put or flush waits for the one before it, :meth:`drop` for nobody."""

    def __init__(
        self,
        config: S3Config,
        *,
        grouper: Grouper,
        format_: Format,
        store: ObjectStore,
        context: SinkContext,
        limit: OpenLimit,
        early: EarlyEnds,
        now: Callable[[], float],
    ) -> None:
        """Take what the sink made.

        Args:
            config: The sink's.
            grouper: Sorts records by object.
            format_: Encodes them.
            store: Where objects go.
            context: The task's.
            limit: Of open objects.
            early: Counts those that do not end by bounds of their own.
            now: The time of day in seconds.
        """
        self._config = config
        self._rotation = config.rotation()
        self._limit = limit
        self._early = early
        self._now = now
        self._grouper = grouper
        self._encoder = format_.encoder()
        self._compression = "none" if format_.compresses else config.compression
        self._store = store
        self._context = context
        self._lock = asyncio.Lock()
        self._open: dict[GroupKey, OpenObject] = {}
        """In the order of their last use."""
        self._framed: dict[OpenObject, None] = {}
        """Whose compressors hold tables, in the order of their last use; some may have been ended."""
        self._wave: set[OpenObject] = set()
        """Those that a thread is writing to."""
        self._sizes = Sizes()
        self._finishing: dict[OpenObject, asyncio.Task[None]] = {}
        self._next_offset: int | None = None
        self._is_ending = False
        """The lock is held by what ends a finished object."""
        self._dropped = False
        self._is_taking = False
        """A batch is taken, but not to its end; so it stays if that was interrupted."""
        self._tables_bytes = tables_bytes(self._compression, config.compression_level)
        limit.join(self)
        labels = (context.connector, str(context.task))
        self._objects_total = metrics.OBJECTS.labels(*labels)
        self._parts_total = metrics.PARTS.labels(*labels)
        self._aborted_total = metrics.UPLOADS_ABORTED.labels(*labels)

    @property
    def durable_offset(self) -> int | None:
        """Every record below it is in a visible object; None before the first batch."""
        if self._next_offset is None:
            return None
        # While a batch is being taken the position still stands before it, so it holds back what is above.
        return min([self._next_offset, *(found.first_offset for found in self._unfinished())])

    @property
    def buffered_bytes(self) -> int:
        held = sum(found.waiting_bytes + found.upload.in_flight_bytes for found in self._unfinished())
        return held + sum(map(self._overhead, self._open.values()))

    @property
    def open_bytes(self) -> int:
        """Of the buffered bytes those that wait for their object to fill."""
        return sum(found.waiting_bytes + self._overhead(found) for found in self._open.values())

    @property
    def open_objects(self) -> int:
        return len(self._open)

    @property
    def is_busy(self) -> bool:
        # What ends a finished object leaves the open ones alone.
        return self._lock.locked() and not self._is_ending

    @property
    def least_recent_use(self) -> int | None:
        found = next(iter(self._open.values()), None)
        return None if found is None or found in self._wave else found.use

    def finish_least_recent(self) -> None:
        self._finish_early(next(iter(self._open)), Early.OPEN_LIMIT)

    async def put(self, batch: RecordBatch) -> None:
        await self._put(batch)

    async def _put(self, batch: RecordBatch) -> None:
        await self._wait_for_places()
        async with self._lock:
            if self._dropped:
                return
            now = self._moment()
            self._finish_due(now)
            self._is_taking = True
            pieces = await self._encoded(batch, now)
            if pieces is not None:
                for wave in waves(pieces, min(WAVE, self._limit.most)):
                    await self._take(wave, now)
                self._advance(batch.next_offset)
                return
            self._is_taking = False
        # So many new objects at once would take more memory than is theirs; places are waited for in between.
        for half in batch.split_at(len(batch) // 2):
            await self._put(half)

    async def _encoded(self, batch: RecordBatch, now: Moment) -> list[Piece] | None:
        try:
            return await self._context.in_thread(self._encode, batch, now) if len(batch) else []
        except BatchError:
            self._is_taking = False
            raise

    def _advance(self, next_offset: int) -> None:
        self._next_offset = next_offset
        self._is_taking = False

    async def flush(self) -> None:
        """Finish every object and wait until all are visible."""
        async with self._lock:
            self._finish_all()
        await self._wait_for_uploads()

    async def finish_all(self) -> None:
        """Finish every object; without waiting for anything."""
        async with self._lock:
            self._finish_all()

    def _finish_all(self) -> None:
        for group in list(self._open):
            self._finish(group)

    async def finish_due(self) -> None:
        """Finish the objects whose time is over."""
        async with self._lock:
            self._finish_due(self._moment())

    async def rotate(self) -> None:
        """As :meth:`finish_due`, and wait until all that was ever finished is visible."""
        await self.finish_due()
        await self._wait_for_uploads()

    async def _wait_for_uploads(self) -> None:
        if finishing := set(self._finishing.values()):
            # Unlike gather, wait leaves the uploads alone when this call is cancelled.
            done, _ = await asyncio.wait(finishing)
            for task in done:
                # Cancelled by a drop: the partition moved away, and nobody waits for it any more.
                if not task.cancelled():
                    task.result()

    async def relieve(self) -> None:
        """Free memory of open objects.

        What waits to be laid out or compressed better goes first, and costs a little size. Then the objects
        with the most bytes waiting are finished, an eighth of all.
        """
        async with self._lock:
            loose = {found: found.loose_bytes + self._tables(found) for found in self._open.values()}
            if sum(loose.values()) * 4 > self.open_bytes:
                await self._context.in_thread(_condense, loose)
                return
            by_size = sorted(self._open, key=lambda group: self._open[group].waiting_bytes, reverse=True)
            for group in by_size[: len(by_size) // 8 + 1]:
                self._finish_early(group, Early.MEMORY)

    async def drop(self) -> None:
        """Abort what is not visible yet."""
        self._dropped = True
        self._limit.leave(self)
        for finishing in self._finishing.values():
            finishing.cancel()
        unfinished = self._unfinished()
        self._open.clear()
        self._finishing.clear()
        await self._let_go(unfinished)

    async def _let_go(self, unfinished: Sequence[OpenObject]) -> None:
        await asyncio.gather(*(found.upload.abort() for found in unfinished))
        self._aborted_total.inc(len(unfinished))

    def _unfinished(self) -> list[OpenObject]:
        return [*self._open.values(), *self._finishing]

    def _overhead(self, found: OpenObject) -> int:
        return found.overhead_bytes + self._tables(found)

    def _tables(self, found: OpenObject) -> int:
        return self._tables_bytes if found.has_frame else 0

    def _moment(self) -> Moment:
        return self._rotation.moment(int(self._now() * 1000))

    def _finish_due(self, now: Moment) -> None:
        rotation = self._rotation
        if rotation.on_commit and not rotation.has_clock:
            return
        times = self._grouper.wallclock(now.ms)
        due = [
            group
            for group, found in self._open.items()
            if rotation.is_due(found, now) or (times is not None and group.time != times)
        ]
        for group in list(self._open) if due and rotation.together else due:
            self._finish(group)

    def _encode(self, batch: RecordBatch, now: Moment) -> list[Piece] | None:
        """The batch in pieces of one object each, or None if they are too many; CPU work, for a thread.

        All are encoded before any is taken: a record that cannot be encoded leaves no trace. The only
        piece of a batch goes into its open object here, which saves the common case a change of threads.
        """
        kept = without_nulls(batch, self._config.null_values.lower())
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
        if self._are_too_many([piece.group for piece in pieces], batch):
            return None
        if len(pieces) == 1 and not self._grouper.keeps_last_only:
            (piece,) = pieces
            found = self._open.get(piece.group)
            if found and not (piece.begins or piece.breaks) and found.takes(piece.data):
                self._append([(found, piece)])
                piece.is_appended = True
        return pieces

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
            for records in self._cut(
                None if begins else self._open.get(group), first, step, self._config.max_records
            )
        ]

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
                for piece in self._cut(None, grouped, step, 0)
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
            max(self._open, key=lambda group: self._open[group].end_offset, default=None),
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

    def _are_too_many(self, groups: Sequence[GroupKey], batch: RecordBatch) -> bool:
        """Whether more objects would be begun, and perhaps finished, than there are places for."""
        begun = len(groups) - len(self._open.keys() & groups)
        return begun > MOST_FINISHING and len(batch) > 1

    def _step(self, batch: RecordBatch) -> int | None:
        """Records between two looks at how large an object has become."""
        if not self._rotation.has_bytes or not len(batch):
            return None
        return self._rotation.step(*self._sizes.per_record(batch.size_bytes / len(batch)))

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

    def _cut(
        self, found: OpenObject | None, records: RecordBatch, step: int | None, limit: int
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

    async def _take(self, wave: Sequence[Piece], now: Moment) -> None:
        """Write pieces of different objects."""
        if self._dropped:
            return
        if wave[0].breaks:
            self._finish_all()
        try:
            taken = [(self._object_for(piece, now), piece) for piece in wave]
            if not taken[0][1].is_appended:
                await self._context.in_thread(self._append, taken)
        finally:
            self._wave.clear()
        if self._dropped:
            return
        full = []
        for found, piece in taken:
            if found.tail_bytes >= self._config.part_size_bytes and found.upload.can_add:
                found.upload.add_part(found.take_tail())
            if found.upload.is_full or self._is_full(found):
                full.append(piece.group)
        if wave[-1].ends or (full and self._rotation.together):
            self._finish_all()
        else:
            for group in full:
                self._finish(group)

    def _append(self, taken: Sequence[tuple[OpenObject, Piece]]) -> None:
        """CPU work, for a thread."""
        for found, piece in taken:
            raw, stored, offsets = found.raw_bytes, found.object_bytes, piece.records.offsets
            found.append(piece.data, len(piece.records))
            if found.tail_bytes >= self._config.part_size_bytes:
                # Parts begin and end with frames, so that somebody else can go on after any of them.
                found.end_frame()
            first = found.first_offset if self._grouper.keeps_last_only else offsets[0]
            found.end_offset = offsets[-1] + 1
            span = Span(first, found.end_offset, len(piece.records), found.raw_bytes - raw)
            found.upload.took(span, Clock(found.opened.ms, found.used_ms, found.first_event_ms))
            self._sizes.add(len(piece.records), found.raw_bytes - raw, found.object_bytes - stored)
            self._end_frames_but(found)

    def _end_frames_but(self, last: OpenObject) -> None:
        """Of many objects few keep their compressor's tables; the frames of the others are large enough."""
        self._framed.pop(last, None)
        if last.has_frame:
            self._framed[last] = None
        most = max(1, _FRAMES_BYTES // self._limit.partitions // max(1, self._tables_bytes))
        while len(self._framed) > most:
            oldest = next(iter(self._framed))
            del self._framed[oldest]
            oldest.end_frame()

    async def _wait_for_places(self) -> None:
        """Completing an object takes memory, too; a failure is the task's, which it ends."""
        while len(self._finishing) > MOST_FINISHING and not self._dropped:
            done, _ = await asyncio.wait(set(self._finishing.values()), return_when=asyncio.FIRST_COMPLETED)
            if any(task.cancelled() or task.exception() for task in done):
                return

    def _object_for(self, piece: Piece, now: Moment) -> OpenObject:
        found = self._open.pop(piece.group, None)
        if found and self._grouper.keeps_last_only:
            found = self._replacement(piece.group, found)
        elif found and not piece.is_appended and not self._has_place(found, piece):
            self._open[piece.group] = found
            self._finish(piece.group)
            found = None
        if found is None:
            self._limit.make_room(self)
            found = self._new_object(piece.group, piece.records.offsets[0], now)
            found.first_event_ms, found.schema = piece.event_ms, piece.schema
        elif found.schema is None:
            found.schema = piece.schema
        self._open[piece.group] = found
        self._wave.add(found)
        found.used_ms = now.ms
        found.use = self._limit.next_use()
        return found

    def _has_place(self, found: OpenObject, piece: Piece) -> bool:
        """Not if the schema is another, or objects were cut by schemas where ``_cut`` did not see it."""
        limit = self._config.max_records
        if piece.begins or not found.takes(piece.data):
            return False
        return not limit or found.records + len(piece.records) <= limit

    def _is_full(self, found: OpenObject) -> bool:
        return not self._grouper.keeps_last_only and self._rotation.is_full(found)

    def _replacement(self, group: GroupKey, found: OpenObject) -> OpenObject:
        """Start the object anew; what it held counts as delivered only once its successor is."""
        self._context.spawn(found.upload.abort())
        return self._new_object(group, found.first_offset, found.opened)

    def _new_object(self, group: GroupKey, first_offset: int, opened: Moment) -> OpenObject:
        upload = self._new_upload(group, first_offset, opened)
        return OpenObject(upload, first_offset, self._encoder.begin(), self._compressor(), opened)

    def _new_upload(
        self,
        group: GroupKey,
        first_offset: int,
        opened: Moment,  # noqa: ARG002 - of those that outlive the process
    ) -> ObjectUpload | TwoPhaseUpload:
        key = self._grouper.object_key(group, first_offset)
        origin = Origin(group.topic_partition, first_offset)
        return ObjectUpload(key, self._store, self._context, self._parts_total.inc, origin)

    def _compressor(self) -> Compressor:
        return compressor(self._compression, self._config.compression_level)

    def _finish(self, group: GroupKey) -> None:
        """Complete in the background; until then the object holds the durable offset back."""
        if found := self._open.pop(group, None):
            self._framed.pop(found, None)
            self._finish_object(found, self._complete(found))

    def _finish_early(self, group: GroupKey, why: Early) -> None:
        """Not because of its own bounds."""
        self._early.count(why)
        self._finish(group)

    def _finish_object(self, found: OpenObject, work: Coroutine[Any, Any, None]) -> None:
        """Of objects with one key the last must stay, so they are completed one after the other."""
        key = found.upload.key
        found.earlier = [task for other, task in self._finishing.items() if other.upload.key == key]
        self._finishing[found] = self._context.spawn(work)

    async def _complete(self, found: OpenObject) -> None:
        async with self._lock:
            if self._dropped:
                return
            self._is_ending = True
            try:
                found.upload.close(await self._context.in_thread(found.end))
            finally:
                self._is_ending = False
        await self._make_visible(found)

    async def _make_visible(self, found: OpenObject) -> None:
        if found.earlier:
            await asyncio.wait(found.earlier)
        await found.upload.finished()
        if self._finishing.pop(found, None) is None:
            return
        self._objects_total.inc()
        self._context.delivered(found.records, found.stored_bytes)
        log.info("object stored", key=found.upload.key, records=found.records, size_bytes=found.stored_bytes)


def _condense(loose: Mapping[OpenObject, int]) -> None:
    """Those that hold most, until they are half of it."""
    left = sum(loose.values()) / 2
    for found in sorted(loose, key=lambda found: loose[found], reverse=True):
        if left <= 0:
            return
        found.condense()
        left -= loose[found]
