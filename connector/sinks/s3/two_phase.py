"""One object on its way to S3 by two phases: parts, a commit that seals it, and only then completion."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.grouping import GroupKey

if TYPE_CHECKING:
    from connector.sinks.s3.ledger.state import Clock, PartList, Span
    from connector.sinks.s3.ledger.upload import Part as SentPart
    from connector.sinks.s3.ledger.upload import Upload
    from connector.sinks.s3.part import Part
    from connector.sinks.s3.partition_ledger import PartitionLedger


class TwoPhaseUpload:
    """The upload of one object; it becomes visible only after Kafka has accepted that it is sealed.

    Attributes:
        entry: What the ledger knows of it.
        origin: What S3 is told about it at creation.
        in_flight_bytes: On the way to S3, or waiting for a part number.
    """

    def __init__(self, entry: Upload, home: PartitionLedger) -> None:
        self.entry = entry
        self.key = entry.key
        span = entry.total
        named = GroupKey.of(home.partition, entry.group).topic_partition
        self.origin = Origin(named, span.first if span else 0, entry.nonce)
        self.in_flight_bytes = 0
        self.rest: bytes | None = None
        """The end of the object while no part number is left for it."""
        self._home = home
        self._creation: asyncio.Task[str] | None = None
        self._sending: list[asyncio.Task[None]] = []
        self._stored: dict[int, Part] = {}
        self._sent = asyncio.Event()
        self._sealed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """So few part numbers are left that it had better be finished."""
        return self.entry.is_worn

    @property
    def can_add(self) -> bool:
        return self.entry.can_send

    @property
    def is_sealed(self) -> bool:
        return self._sealed.is_set()

    def took(self, span: Span, clock: Clock) -> None:
        """Records were appended to what waits for the next part."""
        if self.entry.total is None:
            self.origin = Origin(self.origin.topic_partition, span.first, self.entry.nonce)
        self.entry.took(span, clock)

    def add_part(self, body: bytes) -> None:
        """Send all that waits as a part, in the background."""
        part = self.entry.send()
        self.in_flight_bytes += len(body)
        self._sending.append(self._home.context.spawn(self._send(part, body)))

    def close(self, rest: bytes) -> None:
        """Nothing follows but the rest, which may be empty."""
        self.entry.is_closing = True
        self.entry.has_rest = bool(rest) or self.entry.tail is not None or self.entry.is_empty
        if not self.entry.has_rest:
            self._sent.set()
            return
        self.rest = rest
        self.in_flight_bytes += len(rest)
        self.send_rest()

    def send_rest(self) -> None:
        """Send the end of the object if there is a part number for it by now."""
        if self.rest is not None and self.entry.can_send and self._home.is_checked:
            rest, self.rest = self.rest, None
            self.in_flight_bytes -= len(rest)
            self.add_part(rest)
            self.entry.has_rest = False
            self._sent.set()

    async def finished(self) -> None:
        """Wait until it is visible; :meth:`close` has been called."""
        await self._sent.wait()
        await asyncio.gather(*self._sending)
        self._home.context.request_commit()
        await self._sealed.wait()
        await self._home.complete(self)

    async def stored(self) -> None:
        """Wait until all that was sent is stored; :meth:`close` has been called."""
        await self._sent.wait()
        if self._sending:
            # Not gather: a part of an upload that is gone ends as if cancelled, which is not the end of this.
            await asyncio.wait(self._sending)

    async def settled(self) -> None:
        """Wait for the parts that are on their way now."""
        if sending := [task for task in self._sending if not task.done()]:
            await asyncio.wait(sending)

    def seal(self) -> None:
        """A commit that says so was accepted."""
        self._sent.set()
        self._sealed.set()

    def known_parts(self, wanted: PartList) -> list[Part] | None:
        """The parts as S3 answered; None if a predecessor sent some of them."""
        # By number: parts that this owner has stored need not be those that were announced.
        if wanted.count != len(self._stored) or any(number not in wanted for number in self._stored):
            return None
        return [self._stored[number] for number in sorted(self._stored)]

    async def abort(self) -> None:
        """Let go. What a commit may have announced is the next owner's, so nothing is asked of S3."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._creation and not self.entry.is_announced:
            await self._home.abort_unannounced(self.entry, self._creation)

    async def _send(self, part: SentPart, body: bytes) -> None:
        try:
            upload_id = self.entry.upload_id or await asyncio.shield(self._create())
            stored = await self._home.store.send_part(
                self.key, upload_id, part.number, body, self.entry.bucket
            )
        finally:
            self.in_flight_bytes -= len(body)
        if stored is None:
            self._home.vanished(self)
            raise asyncio.CancelledError
        self._stored[part.number] = stored
        self.entry.store(part, stored.stored)
        self._home.part_stored()

    def _create(self) -> asyncio.Task[str]:
        if self._creation is None:
            self._creation = self._home.context.spawn(self._created())
        return self._creation

    async def _created(self) -> str:
        upload_id = await self._home.store.create_upload(self.key, self.origin, self.entry.bucket)
        self._home.created(self.entry, upload_id)
        return upload_id
