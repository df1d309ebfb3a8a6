"""The open objects of one topic-partition: takes batches, rotates, knows what is durable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector import metrics
from connector.errors import BatchError
from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.compression import compressor, tables_bytes
from connector.sinks.s3.cutter import Cutter
from connector.sinks.s3.early import Early
from connector.sinks.s3.finishing import Finishing
from connector.sinks.s3.open_object import OpenObject
from connector.sinks.s3.open_objects import OpenObjects, condense
from connector.sinks.s3.pieces import waves
from connector.sinks.s3.upload import ObjectUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.formats.base import Format
    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.compression import Compressor
    from connector.sinks.s3.config import S3Config
    from connector.sinks.s3.early import EarlyEnds
    from connector.sinks.s3.grouping import Grouper, GroupKey
    from connector.sinks.s3.limit import OpenLimit
    from connector.sinks.s3.pieces import Piece
    from connector.sinks.s3.rotation import Moment
    from connector.sinks.s3.store import ObjectStore
    from connector.sinks.s3.two_phase import TwoPhaseUpload

WAVE = 256
"""Objects that are written to in one go, which saves a change of threads for each."""


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
        self._open = OpenObjects(
            limit,
            tables_bytes=tables_bytes(self._compression, config.compression_level),
            part_size_bytes=config.part_size_bytes,
            keeps_last_only=grouper.keeps_last_only,
        )
        self._finishing = Finishing(context)
        self._cutter = Cutter(
            config,
            rotation=self._rotation,
            grouper=grouper,
            encoder=self._encoder,
            open_objects=self._open,
        )
        self._next_offset: int | None = None
        self._is_ending = False
        """The lock is held by what ends a finished object."""
        self._dropped = False
        self._is_taking = False
        """A batch is taken, but not to its end; so it stays if that was interrupted."""
        limit.join(self)
        labels = (context.connector, str(context.task))
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
        return self._open.buffered_bytes + self._finishing.buffered_bytes

    @property
    def open_bytes(self) -> int:
        """Of the buffered bytes those that wait for their object to fill."""
        return self._open.waiting_bytes

    @property
    def open_objects(self) -> int:
        return len(self._open)

    @property
    def is_busy(self) -> bool:
        # What ends a finished object leaves the open ones alone.
        return self._lock.locked() and not self._is_ending

    @property
    def least_recent_use(self) -> int | None:
        return self._open.least_recent_use

    def finish_least_recent(self) -> None:
        self._finish_early(next(iter(self._open)), Early.OPEN_LIMIT)

    async def put(self, batch: RecordBatch) -> None:
        await self._put(batch)

    async def _put(self, batch: RecordBatch) -> None:
        await self._finishing.wait_for_places()
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
        await self._finishing.wait_for_all()

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
        await self._finishing.wait_for_all()

    async def relieve(self) -> None:
        """Free memory of open objects.

        What waits to be laid out or compressed better goes first, and costs a little size. Then the objects
        with the most bytes waiting are finished, an eighth of all.
        """
        async with self._lock:
            loose = self._open.loose_bytes()
            if sum(loose.values()) * 4 > self.open_bytes:
                await self._context.in_thread(condense, loose)
                return
            for group in self._open.largest():
                self._finish_early(group, Early.MEMORY)

    async def drop(self) -> None:
        """Abort what is not visible yet."""
        self._dropped = True
        self._limit.leave(self)
        unfinished = self._unfinished()
        self._open.clear()
        self._finishing.drop()
        await self._let_go(unfinished)

    async def _let_go(self, unfinished: Sequence[OpenObject]) -> None:
        await asyncio.gather(*(found.upload.abort() for found in unfinished))
        self._aborted_total.inc(len(unfinished))

    def _unfinished(self) -> list[OpenObject]:
        return [*self._open.values(), *self._finishing]

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

        The only piece of a batch goes into its open object here, which saves the common case a change of
        threads.
        """
        pieces = self._cutter.pieces(batch, now)
        if pieces and len(pieces) == 1 and not self._grouper.keeps_last_only:
            (piece,) = pieces
            found = self._open.get(piece.group)
            if found and not (piece.begins or piece.breaks) and found.takes(piece.data):
                self._open.append([(found, piece)])
                piece.is_appended = True
        return pieces

    async def _take(self, wave: Sequence[Piece], now: Moment) -> None:
        """Write pieces of different objects."""
        if self._dropped:
            return
        if wave[0].breaks:
            self._finish_all()
        try:
            taken = [(self._object_for(piece, now), piece) for piece in wave]
            if not taken[0][1].is_appended:
                await self._context.in_thread(self._open.append, taken)
        finally:
            self._open.used()
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

    def _object_for(self, piece: Piece, now: Moment) -> OpenObject:
        found = self._open.get(piece.group)
        if found and self._grouper.keeps_last_only:
            found = self._replacement(piece.group, found)
        elif found and not piece.is_appended and not self._has_place(found, piece):
            self._finish(piece.group)
            found = None
        if found is None:
            self._limit.make_room(self)
            found = self._new_object(piece.group, piece.records.offsets[0], now)
            found.first_event_ms, found.schema = piece.event_ms, piece.schema
        elif found.schema is None:
            found.schema = piece.schema
        self._open.use(piece.group, found, now.ms)
        return found

    def _has_place(self, found: OpenObject, piece: Piece) -> bool:
        """Not if the schema is another, or objects were cut by schemas where the cutter did not see it."""
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
        if found := self._open.remove(group):
            self._finishing.begin(found, self._complete(found))

    def _finish_early(self, group: GroupKey, why: Early) -> None:
        """Not because of its own bounds."""
        self._early.count(why)
        self._finish(group)

    async def _complete(self, found: OpenObject) -> None:
        async with self._lock:
            if self._dropped:
                return
            self._is_ending = True
            try:
                found.upload.close(await self._context.in_thread(found.end))
            finally:
                self._is_ending = False
        await self._finishing.make_visible(found)
