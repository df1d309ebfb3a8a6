"""The open objects of one topic-partition: takes batches, rotates, knows what is durable."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.formats.nulls import without_nulls
from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.compression import compressor, overhead_bytes
from connector.sinks.s3.upload import ObjectUpload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.formats.base import Body, Format
    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.compression import Compressor
    from connector.sinks.s3.config import S3Config
    from connector.sinks.s3.grouping import Grouper, GroupKey
    from connector.sinks.s3.store import ObjectStore

log = logs.get(__name__)


class OpenObject:
    """An object that still takes records: encoded and compressed bytes, and the upload they go to."""

    def __init__(self, upload: ObjectUpload, first_offset: int, body: Body, compressor: Compressor) -> None:
        self.upload = upload
        self.first_offset = first_offset
        self.records = 0
        self.stored_bytes = 0
        self.tail_bytes = 0
        """Bytes that are ready for the next part."""
        self._body = body
        self._compressor = compressor
        self._tail: list[bytes] = []

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for the next part, or for their place in the format."""
        return self.tail_bytes + self._body.held_bytes

    def takes(self, encoded: Any) -> bool:
        return self._body.takes(encoded)

    def append(self, encoded: Any, records: int) -> None:
        """Take encoded records; CPU work, for a thread."""
        for ready in self._body.append(encoded):
            self._add(self._compressor.compress(ready))
        self.records += records

    async def finish(self, context: SinkContext) -> None:
        """Make the object visible; nothing may be appended any more."""
        rest = await context.in_thread(self._end)
        await self.upload.finish(rest)

    def _end(self) -> bytes:
        self._add(self._compressor.compress(self._body.finish()))
        self._add(self._compressor.finish())
        return self.take_tail()

    def take_tail(self) -> bytes:
        tail = b"".join(self._tail)
        self._tail.clear()
        self.tail_bytes = 0
        self.stored_bytes += len(tail)
        return tail

    def _add(self, data: bytes) -> None:
        if data:
            self._tail.append(data)
            self.tail_bytes += len(data)


@dataclass(slots=True)
class _Piece:
    """Encoded records of one batch that belong to one object."""

    group: GroupKey
    data: Any
    records: RecordBatch
    is_appended: bool = False


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
    ) -> None:
        self._config = config
        self._grouper = grouper
        self._encoder = format_.encoder()
        self._compression = "none" if format_.compresses else config.compression
        self._store = store
        self._context = context
        self._lock = asyncio.Lock()
        self._open: dict[GroupKey, OpenObject] = {}
        self._finishing: dict[OpenObject, asyncio.Task[None]] = {}
        self._next_offset: int | None = None
        self._dropped = False
        self._overhead_bytes = overhead_bytes(self._compression, config.compression_level)
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
        return held + self._overhead_bytes * len(self._open)

    @property
    def open_bytes(self) -> int:
        """Of the buffered bytes those that wait for their object to fill."""
        return sum(found.waiting_bytes + self._overhead_bytes for found in self._open.values())

    async def put(self, batch: RecordBatch) -> None:
        async with self._lock:
            if len(batch):
                for piece in await self._context.in_thread(self._encode, batch, time.time_ns() // 1_000_000):
                    await self._take(piece)
            self._next_offset = batch.next_offset

    async def flush(self) -> None:
        """Finish every object and wait until all are visible."""
        async with self._lock:
            for group in list(self._open):
                self._finish(group)
            finishing = set(self._finishing.values())
        if finishing:
            # Unlike gather, wait leaves the uploads alone when this call is cancelled.
            done, _ = await asyncio.wait(finishing)
            for task in done:
                # Cancelled by a drop: the partition moved away, and nobody waits for it any more.
                if not task.cancelled():
                    task.result()

    async def finish_largest(self) -> None:
        """Finish the objects with the most bytes waiting, an eighth of all, to free memory."""
        async with self._lock:
            by_size = sorted(self._open, key=lambda group: self._open[group].waiting_bytes, reverse=True)
            for group in by_size[: len(by_size) // 8 + 1]:
                self._finish(group)

    async def drop(self) -> None:
        """Abort what is not visible yet."""
        self._dropped = True
        for finishing in self._finishing.values():
            finishing.cancel()
        unfinished = self._unfinished()
        self._open.clear()
        self._finishing.clear()
        await asyncio.gather(*(found.upload.abort() for found in unfinished))
        self._aborted_total.inc(len(unfinished))

    def _unfinished(self) -> list[OpenObject]:
        return [*self._open.values(), *self._finishing]

    def _encode(self, batch: RecordBatch, now_ms: int) -> list[_Piece]:
        """The batch in pieces of one object each; CPU work, for a thread.

        All are encoded before any is taken: a record that cannot be encoded leaves no trace. The only
        piece of a batch goes into its open object here, which saves the common case a change of threads.
        """
        batch = without_nulls(batch, self._config.null_values.lower())
        pieces = [
            _Piece(group, data, encoded)
            for group, grouped in self._grouper.split(batch, now_ms)
            for records in self._cut(group, grouped)
            for data, encoded in self._encoder.encode(records)
        ]
        if len(pieces) == 1 and not self._grouper.keeps_last_only:
            (piece,) = pieces
            found = self._open.get(piece.group)
            if found and found.takes(piece.data):
                found.append(piece.data, len(piece.records))
                piece.is_appended = True
        return pieces

    def _cut(self, group: GroupKey, records: RecordBatch) -> Iterable[RecordBatch]:
        """Cut where ``file.max.records`` ends an object."""
        limit = self._config.max_records
        if not limit:
            yield records
            return
        room = limit - (self._open[group].records if group in self._open else 0)
        while len(records) > room:
            piece, records = records.split_at(room)
            yield piece
            room = limit
        yield records

    async def _take(self, piece: _Piece) -> None:
        if self._dropped:
            return
        found = self._object_for(piece)
        if not piece.is_appended:
            await self._context.in_thread(found.append, piece.data, len(piece.records))
            if self._dropped:
                return
        if found.tail_bytes >= self._config.part_size_bytes:
            found.upload.add_part(found.take_tail())
        if found.upload.is_full or self._has_all_records(found):
            self._finish(piece.group)

    def _object_for(self, piece: _Piece) -> OpenObject:
        found = self._open.get(piece.group)
        if found and self._grouper.keeps_last_only:
            return self._replace(piece.group, found)
        if found and not piece.is_appended and not self._has_place(found, piece):
            self._finish(piece.group)
            found = None
        if found is None:
            found = self._open[piece.group] = self._new_object(piece.group, piece.records.offsets[0])
        return found

    def _has_place(self, found: OpenObject, piece: _Piece) -> bool:
        """Not if the schema is another, or objects were cut by schemas where ``_cut`` did not see it."""
        limit = self._config.max_records
        return found.takes(piece.data) and (not limit or found.records + len(piece.records) <= limit)

    def _has_all_records(self, found: OpenObject) -> bool:
        return not self._grouper.keeps_last_only and 0 < self._config.max_records <= found.records

    def _replace(self, group: GroupKey, found: OpenObject) -> OpenObject:
        """Start the object anew; what it held counts as delivered only once its successor is."""
        self._context.spawn(found.upload.abort())
        self._open[group] = self._new_object(group, found.first_offset)
        return self._open[group]

    def _new_object(self, group: GroupKey, first_offset: int) -> OpenObject:
        key = self._grouper.object_key(group, first_offset)
        origin = Origin(group.topic_partition, first_offset)
        upload = ObjectUpload(key, self._store, self._context, self._parts_total.inc, origin)
        compressing = compressor(self._compression, self._config.compression_level)
        return OpenObject(upload, first_offset, self._encoder.begin(), compressing)

    def _finish(self, group: GroupKey) -> None:
        """Complete in the background; until then the object holds the durable offset back."""
        if found := self._open.pop(group, None):
            key = found.upload.key
            earlier = [task for other, task in self._finishing.items() if other.upload.key == key]
            self._finishing[found] = self._context.spawn(self._complete(found, earlier))

    async def _complete(self, found: OpenObject, earlier: list[asyncio.Task[None]]) -> None:
        """Of objects with one key the last must stay, so they are completed one after the other."""
        if earlier:
            await asyncio.wait(earlier)
        await found.finish(self._context)
        if self._finishing.pop(found, None) is None:
            return
        self._objects_total.inc()
        self._context.delivered(found.records, found.stored_bytes)
        log.info("object stored", key=found.upload.key, records=found.records, size_bytes=found.stored_bytes)
