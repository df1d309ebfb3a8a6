"""Writes one partition exactly once: takes over what a predecessor has committed, prepares commits."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.formats.nulls import without_nulls
from connector.sinks.s3.early import Early
from connector.sinks.s3.finishing import MOST_FINISHING
from connector.sinks.s3.grouping import GroupKey
from connector.sinks.s3.ledger import contradiction
from connector.sinks.s3.ledger.state import Clock, Span
from connector.sinks.s3.open_object import OpenObject
from connector.sinks.s3.pieces import Piece, waves
from connector.sinks.s3.two_phase import TwoPhaseUpload
from connector.sinks.s3.writer import WAVE, PartitionWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.record import RecordBatch
    from connector.sinks.base import OffsetAndMetadata
    from connector.sinks.s3.ledger.upload import Upload
    from connector.sinks.s3.partition_ledger import PartitionLedger
    from connector.sinks.s3.rotation import Moment

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Records that are read again, because what held them is gone.

    Attributes:
        groups: Whose records, and from which offset on.
        until: All below it is read again, all from it on is new.
    """

    groups: Mapping[GroupKey, int]
    until: int


class LedgerWriter(PartitionWriter):
    """A partition under one assignment; what it has open outlives it in the ledger."""

    def __init__(self, ledger: PartitionLedger, *, resumes: bool, **writing: Any) -> None:
        """Take what is committed.

        Args:
            ledger: Of the partition.
            resumes: Unfinished objects can be gone on with.
            writing: As :class:`PartitionWriter`.
        """
        super().__init__(**writing)
        self._ledger = ledger
        self._ending = self._stored_ending() if resumes else b""
        self._ready = asyncio.Event()
        """What is committed was compared with what is there; nothing is written before."""
        self._tails_due = False
        self._recovery: asyncio.Task[None] | None = None
        self._rewrite: Rewrite | None = None
        labels = (self._context.connector, str(self._context.task))
        self._resumed_total = metrics.BYTES_RESUMED.labels(*labels)
        self._repeated_total = metrics.BYTES_REPEATED.labels(*labels)

    # ---- as any writer, but for the ledger ----

    async def put(self, batch: RecordBatch) -> None:
        if not self._ready.is_set():
            await self._ready.wait()
            if self._rewrite:
                # It was read before the rewind, and comes again.
                return
        if self._rewrite:
            batch = await self._write_again(batch, self._rewrite)
        await self._put(batch)

    async def finish_all(self) -> None:
        """As any writer; not before it is known what there is."""
        if self._ready.is_set():
            await super().finish_all()

    async def finish_due(self) -> None:
        """As any writer; those of a predecessor once they are known to be there."""
        if self._ready.is_set():
            await super().finish_due()

    async def drop(self) -> None:
        if self._recovery:
            self._recovery.cancel()
        await super().drop()
        self._ready.set()

    async def _let_go(self, unfinished: Sequence[OpenObject]) -> None:
        """What a commit may have announced is the next owner's."""
        await asyncio.gather(*(found.upload.abort() for found in unfinished))

    def _advance(self, next_offset: int) -> None:
        super()._advance(next_offset)
        if not (self._dropped or self._rewrite):
            self._ledger.book.advance(next_offset)

    def _replacement(self, group: GroupKey, found: OpenObject) -> OpenObject:
        if isinstance(found.upload, TwoPhaseUpload):
            self._ledger.discard(found.upload)
        return super()._replacement(group, found)

    def _new_upload(self, group: GroupKey, first_offset: int, opened: Moment) -> TwoPhaseUpload:
        key = self._grouper.object_key(group, first_offset)
        label = group.label(self._ledger.partition)
        return self._ledger.begin(key, label, Clock(opened.ms, opened.ms), self._ending)

    def _stored_ending(self) -> bytes:
        """What finishes an object of a format that can be gone on with after any of its parts."""
        rest, compressing = self._encoder.begin().finish(), self._compressor()
        return compressing.compress(rest) + compressing.finish() if rest else b""

    # ---- taking over ----

    def take_over(self) -> None:
        """Go on, in the background, with what a predecessor has committed."""
        self._recovery = self._context.spawn(self.recover())

    async def recover(self) -> None:
        """Take over what a predecessor has committed; until then no record is taken.

        Raises:
            LedgerError: What is committed and what is found do not agree.
        """
        ledger = self._ledger
        tails = await ledger.load()
        async with self._lock:
            for entry in list(ledger.book.uploads):
                self._adopt(entry, tails.get(entry.nonce, b""))
        await ledger.claim()
        entries = [entry for entry in ledger.book.uploads if not entry.is_sealed]
        there = await asyncio.gather(*map(ledger.is_there, entries))
        if gone := [entry for entry, is_there in zip(entries, there, strict=True) if not is_there]:
            await self._begin_again(gone)
        async with self._lock:
            ledger.checked()
            self._ready.set()
            for group in [group for group, found in self._open.items() if self._is_full(found)]:
                self._finish(group)

    def _adopt(self, entry: Upload, tail: bytes) -> None:
        upload = self._ledger.adopt(entry)
        total = entry.total or Span(0, 0)
        opened = self._rotation.moment(entry.clock.opened_ms)
        found = OpenObject(upload, total.first, self._encoder.begin(), self._compressor(), opened)
        found.found(total, entry.parts.size_bytes)
        found.used_ms, found.first_event_ms = entry.clock.used_ms, entry.clock.first_event_ms
        found.use = self._limit.next_use()
        self._resumed_total.inc(0 if entry.is_sealed else entry.parts.size_bytes + len(tail))
        if entry.is_sealed:
            self._finishing.begin(found, self._finishing.make_visible(found))
        elif entry.is_closing:
            # Made by other options, or out of part numbers: it ends as it began.
            upload.close(tail + entry.ending)
            self._finishing.begin(found, self._finishing.make_visible(found))
        else:
            found.resume(tail)
            group = GroupKey.of(self._ledger.partition, entry.group)
            # One that was about to be finished when it was saved is followed by another of its group.
            self._finish(group)
            self._open.add(group, found)

    async def _begin_again(self, gone: Sequence[Upload]) -> None:
        """Uploads have vanished before they were sealed: their records are read and written again."""
        ledger = self._ledger
        await ledger.confirm()
        # What was sealed meanwhile is completed, by others perhaps; and looked at there.
        if not (gone := [entry for entry in gone if entry in ledger.book.uploads and not entry.is_sealed]):
            return
        for entry in gone:
            if await self._store.claim_of(entry.key, entry.bucket) == entry.nonce:
                raise contradiction.outdated(ledger.partition, entry)
        first = [entry.total.first for entry in gone if entry.total]
        until = ledger.book.position
        if until is None or self._grouper.wallclock(0) or any(entry.is_closing for entry in gone):
            raise contradiction.unrepeatable(ledger.partition, gone[0])
        groups = {}
        async with self._lock:
            for entry in gone:
                group = GroupKey.of(ledger.partition, entry.group)
                groups[group] = entry.total.first if entry.total else 0
                if found := self._open.remove(group):
                    ledger.discard(found.upload)  # type: ignore[arg-type] # in a ledger they are all of two phases
        self._rewrite = Rewrite(groups, until)
        log.warning("uploads are gone; their records are written again", at=str(ledger.partition))
        await self._context.rewind(ledger.partition, min(first))

    async def _write_again(self, batch: RecordBatch, rewrite: Rewrite) -> RecordBatch:
        """Take what belongs to vanished uploads; what is left is new."""
        below = bisect_left(batch.offsets, rewrite.until)
        old, new = batch.select(range(below)), batch.select(range(below, len(batch)))
        async with self._lock:
            now = self._moment()
            pieces = await self._context.in_thread(self._encode_again, old, now, rewrite) if below else []
            for wave in waves(pieces, min(WAVE, self._limit.most)):
                await self._take(wave, now)
        if batch.next_offset >= rewrite.until:
            self._rewrite = None
        return new

    def _encode_again(self, batch: RecordBatch, now: Moment, rewrite: Rewrite) -> list[Piece]:
        batch = without_nulls(batch, self._config.null_values.lower())
        pieces = []
        for group, records in self._grouper.split(batch, now.ms):
            if group in rewrite.groups:
                start = bisect_left(records.offsets, rewrite.groups[group])
                mine = records.select(range(start, len(records)))
                pieces += [
                    Piece(group, *found) for found in (self._encoder.encode(mine) if len(mine) else ())
                ]
        self._repeated_total.inc(sum(len(piece.data) for piece in pieces))
        return pieces

    # ---- commits ----

    async def prepare(self) -> OffsetAndMetadata | None:
        """What to commit of this partition; None if there is nothing new."""
        if self._rewrite or self._dropped:
            return None
        ledger = self._ledger
        async with self._lock:
            if self._is_taking:
                # Of a batch whose end nobody waited for: a cut at the position would go through it.
                return None
            tails: dict[str, bytes] = {}
            if ledger.ledger and ledger.ledger.straddles:
                # Objects with a footer are sealed together, or a cut would go through one of them.
                for group in list(self._open):
                    self._finish_early(group, Early.FOOTER)
            if ledger.ledger and ledger.ledger.needs_tails:
                if not self._is_worth_tails():
                    draft = ledger.announce()
                    return await ledger.prepare(draft) if draft else None
                self._tails_due = False
                await asyncio.gather(*(found.upload.settled() for found in self._two_phase()))
                tails = await self._context.in_thread(self._saved_tails)
            draft = None if self._dropped else ledger.draw_up(tails)
        return await ledger.prepare(draft) if draft else None

    async def accepted(self, committed: OffsetAndMetadata) -> None:
        if not self._dropped:
            self._ledger.accepted(committed)

    async def stored(self) -> None:
        """Wait until all that is finished is stored, though not visible."""
        uploads = [found.upload for found in self._finishing if isinstance(found.upload, TwoPhaseUpload)]
        await asyncio.gather(*(upload.stored() for upload in uploads))

    async def settle(self) -> None:
        """Wait until all that is sealed is visible."""
        sealed = [
            task
            for found, task in self._finishing.items()
            if isinstance(found.upload, TwoPhaseUpload) and found.upload.is_sealed
        ]
        if sealed:
            await asyncio.wait(sealed)

    def save_tails(self) -> None:
        """The next commit may write a state object, however much that is."""
        self._tails_due = True

    async def taken_over(self) -> None:
        """Wait until what a predecessor left can be finished, once the commit is accepted that it takes."""
        if self._ledger.ledger and self._ledger.book.is_claimed:
            await self._ready.wait()

    async def renew(self, topic_id: str) -> None:
        """The offsets of the partition begin anew."""
        async with self._lock:
            self._finish_all()
            self._ledger.book.detach(topic_id)
            self._next_offset = None

    def _is_worth_tails(self) -> bool:
        """Tails are written again with every commit that needs them, so not with each object."""
        is_required = self._ledger.book.is_commit_required
        return self._tails_due or is_required or len(self._finishing) > MOST_FINISHING // 2

    def _two_phase(self) -> list[Any]:
        return [found for found in self._unfinished() if isinstance(found.upload, TwoPhaseUpload)]

    def _saved_tails(self) -> dict[str, bytes]:
        """CPU work, for a thread."""
        return {
            found.upload.entry.nonce: _saved_tail(found, found.upload)
            for found in self._two_phase()
            if found.upload.entry.tail
        }


def _saved_tail(found: OpenObject, upload: TwoPhaseUpload) -> bytes:
    if upload.rest is not None:
        return upload.rest
    # Of an earlier topic's object even before it is closed: its ending cannot be told later.
    return found.saved() + (upload.entry.ending if upload.entry.is_closing else b"")
