"""The ledger of one partition at work: loads, prepares and keeps what commits promise. See ledger/."""

from __future__ import annotations

import asyncio
import secrets
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from connector import logs, metrics
from connector.errors import ConnectorError
from connector.sinks.base import BEGINNING, OffsetAndMetadata
from connector.sinks.s3.ledger import contradiction
from connector.sinks.s3.ledger.encoding import (
    MOST_CHARACTERS,
    Reference,
    StateObject,
    decode,
    decode_object,
    encode,
    encode_object,
    encode_reference,
)
from connector.sinks.s3.ledger.ledger import Identity, Ledger
from connector.sinks.s3.state_objects import StateObjects, StatePlace
from connector.sinks.s3.store import DamagedUploadError
from connector.sinks.s3.two_phase import TwoPhaseUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.record import TopicPartition
    from connector.sinks.base import Committed, SinkContext
    from connector.sinks.s3.ledger.ledger import Dropped, Prepared
    from connector.sinks.s3.ledger.state import Clock, GroupLabel, State
    from connector.sinks.s3.ledger.upload import Limits, Upload
    from connector.sinks.s3.store import ObjectStore

log = logs.get(__name__)

_NONCE_BYTES = 9
_ABORT_SECONDS = 5.0
_DAY_MS = 86_400_000
"""Lifecycle rules count whole days: what is younger was not aborted by one."""


class Draft(NamedTuple):
    """A commit that may still need a state object.

    Attributes:
        number: Drafts are numbered as they are drawn up.
        prepared: None if it repeats what was found.
        found: What to commit; None if the state object comes first.
        content: Of the state object.
        place: Of the state object that it goes on with.
    """

    number: int
    prepared: Prepared | None
    found: OffsetAndMetadata | None
    content: bytes = b""
    place: StatePlace | None = None


class Outgoing(NamedTuple):
    """A commit that is under way."""

    number: int
    prepared: Prepared | None
    state_object: StatePlace = StatePlace()


class PartitionLedger:
    """Everything of one assignment of one partition that outlives a crash.

    Attributes:
        ledger: None until what is committed was read as a whole.
        is_checked: What is committed was compared with what S3 has; nothing is sent before.
    """

    def __init__(
        self,
        partition: TopicPartition,
        committed: Committed,
        *,
        store: ObjectStore,
        context: SinkContext,
        bucket: str,
        fingerprint: str,
        state_prefix: str,
        resumes: bool,
        limits: Limits,
        now: Callable[[], float],
    ) -> None:
        """Read the committed text; nothing else yet.

        Raises:
            LedgerError: It cannot be read.
        """
        self.partition = partition
        self.store = store
        self.context = context
        self.ledger: Ledger | None = None
        self._identity = Identity(committed.topic_id, bucket, fingerprint)
        self._resumes = resumes
        self._limits = limits
        self._now = now
        self._state_objects = StateObjects(store, context, f"{state_prefix}{context.connector}/{partition}/")
        self._uploads: dict[Upload, TwoPhaseUpload] = {}
        self._numbers = count(1)
        self._last_accepted = 0
        self._outgoing: dict[OffsetAndMetadata, Outgoing] = {}
        self._accepted = asyncio.Event()
        self.is_checked = False
        self._is_ending = False
        self._found = committed.found
        self._reference: Reference | None = None
        labels = (context.connector, str(context.task))
        self._parts_total = metrics.PARTS.labels(*labels)
        self._aborted_total = metrics.UPLOADS_ABORTED.labels(*labels)
        self._read(committed.found.metadata if committed.found else "")

    def _read(self, text: str) -> None:
        """All that is committed, or where the rest of it is."""
        found = decode(text, self.partition) if text else None
        if not isinstance(found, Reference):
            self.ledger = self._begin(found)
            return
        self._reference = found
        there = found.state.bucket
        self._state_objects.place = StatePlace(
            found.found_in.key,
            "" if there == self._identity.bucket else there,
            found.found_in.sha256,
            found.state.uploads,
        )

    @property
    def start(self) -> int | None:
        """Where to read on from; None where nothing is committed."""
        head = self._reference.state if self._reference else self.book.committed
        if head.topic_id and self._identity.topic_id not in {"", head.topic_id}:
            return BEGINNING
        if head.cut is not None:
            return head.cut
        return self._found.offset if self._found else None

    @property
    def book(self) -> Ledger:
        if self.ledger is None:
            raise AssertionError(f"The state of {self.partition} is not loaded")
        return self.ledger

    # ---- taking over ----

    async def load(self) -> dict[str, bytes]:
        """Read the rest of what is committed.

        Returns:
            The tails, by the nonce of their uploads.

        Raises:
            LedgerError: It is not there, or not what was committed.
        """
        if self._reference is None:
            return {}
        content = await self._state_objects.read()
        if content is None:
            await self.confirm()
            raise contradiction.state_missing(self.partition, self._state_objects.place.key)
        state, tails = decode_object(content, self._reference, self.partition)
        self.ledger = self._begin(state)
        return tails

    def adopt(self, entry: Upload) -> TwoPhaseUpload:
        """Go on with an upload of a predecessor."""
        upload = self._uploads[entry] = TwoPhaseUpload(entry, self)
        if entry.is_sealed:
            upload.close(b"")
        return upload

    async def claim(self) -> None:
        """Have a commit of this owner's accepted before anything is done with what is committed."""
        if not self.book.is_claimed:
            await self._next_acceptance()

    async def confirm(self) -> None:
        """Have the same committed once more: what looks wrong counts only if this is still the owner."""
        if self.ledger:
            self.ledger.require_commit()
        await self._next_acceptance()

    async def _next_acceptance(self) -> None:
        """Of a commit that was drawn up after this call."""
        before = next(self._numbers)
        self.context.request_commit()
        while self._last_accepted < before:
            self._accepted.clear()
            await self._accepted.wait()

    async def is_there(self, entry: Upload) -> bool:
        """Whether the parts of an open upload are as they were committed."""
        if not entry.upload_id:
            return True
        listing = await self.store.list_parts(entry.key, entry.upload_id, entry.bucket)
        if listing is None and not entry.parts.count:
            log.warning("upload is gone; all of it was saved", key=entry.key, at=str(self.partition))
            entry.begin_anew()
            return True
        return listing is not None and entry.matches(part.stored for part in listing)

    def checked(self) -> None:
        """What is committed and what is there agree: go on."""
        self.is_checked = True
        self.book.checked()
        self.context.request_commit()
        for upload in list(self._uploads.values()):
            upload.send_rest()

    # ---- writing ----

    def begin(self, key: str, group: GroupLabel, clock: Clock, ending: bytes) -> TwoPhaseUpload:
        """An object of its own; arguments as those of the ledger."""
        entry = self.book.begin(key, secrets.token_urlsafe(_NONCE_BYTES), group, clock, ending)
        upload = self._uploads[entry] = TwoPhaseUpload(entry, self)
        return upload

    def discard(self, upload: TwoPhaseUpload) -> None:
        """It will not be completed; what S3 has of it goes with the next commit."""
        if upload.entry in self._uploads:
            del self._uploads[upload.entry]
            self.book.discard(upload.entry)

    def created(self, entry: Upload, upload_id: str) -> None:
        self.book.created(entry, upload_id, int(self._now() * 1000))
        # So that a successor knows of it, and it is not left behind.
        self.context.request_commit()

    def part_stored(self) -> None:
        self._parts_total.inc()

    def vanished(self, upload: TwoPhaseUpload) -> None:
        """S3 does not know an upload of ours: begin again from what is committed."""
        log.warning("upload is gone", key=upload.key, at=str(self.partition))
        if not self._is_ending:
            self._is_ending = True
            self.context.restart(self.partition)

    # ---- commits ----

    def announce(self) -> Draft | None:
        """A commit of what is committed already, with the uploads begun since; None if there are none.

        It needs no tails, so it can be made at any time.
        """
        prepared = self.ledger.prepare_announcement() if self.ledger else None
        if prepared is None:
            return None
        place = self._state_objects.place
        text: str | None
        if place.key:
            known = {found.nonce for found in self.book.committed.uploads}
            begun = [found for found in prepared.state.uploads if found.nonce not in known]
            place = place._replace(later=(*place.later, *begun))
            text = encode_reference(prepared.state, StateObject(place.key, place.sha256), place.later)
        else:
            text = encode(prepared.state)
        if text is None or len(text) > MOST_CHARACTERS:
            return None
        found = OffsetAndMetadata(prepared.offset, text)
        return Draft(next(self._numbers), prepared, found, place=place)

    def draw_up(self, tails: Mapping[str, bytes]) -> Draft | None:
        """A commit as of now; None if there is nothing new.

        Args:
            tails: Of every upload that has one, by nonce; only where the ledger needs them.
        """
        if self.ledger is None or self.ledger.repeats_what_was_found:
            return Draft(next(self._numbers), None, self._found) if self._found else None
        prepared = self.ledger.prepare({nonce: len(tail) for nonce, tail in tails.items()})
        if prepared is None:
            return None
        if text := encode(prepared.state):
            return Draft(next(self._numbers), prepared, OffsetAndMetadata(prepared.offset, text))
        return Draft(next(self._numbers), prepared, None, encode_object(prepared.state, tails))

    async def prepare(self, draft: Draft) -> OffsetAndMetadata:
        """Store what of a commit does not fit into Kafka, before Kafka hears of it."""
        found = draft.found
        place = self._state_objects.place if draft.prepared is None else draft.place or StatePlace()
        if found is None and draft.prepared is not None:
            place = await self._state_objects.write(draft.content)
            text = encode_reference(draft.prepared.state, StateObject(place.key, place.sha256))
            found = OffsetAndMetadata(draft.prepared.offset, text)
        if found is None:
            raise AssertionError("A draft has an offset, or what one is made of")
        self._outgoing[found] = Outgoing(draft.number, draft.prepared, place)
        return found

    def accepted(self, found: OffsetAndMetadata) -> None:
        """Kafka took it: seal, abort and delete what it says."""
        outgoing = self._outgoing.get(found)
        if outgoing is None:
            return
        self._outgoing.clear()
        if outgoing.prepared:
            announced = self.book.accepted(outgoing.prepared)
            for entry in announced.sealed:
                if upload := self._uploads.get(entry):
                    upload.seal()
            for upload in list(self._uploads.values()):
                upload.send_rest()
            for dropped in announced.dropped:
                self.context.spawn(self._abort(dropped))
        self._state_objects.follow(outgoing.state_object)
        self._last_accepted = outgoing.number
        self._accepted.set()

    async def complete(self, upload: TwoPhaseUpload) -> None:
        """Make a sealed object visible, whoever else may do so as well.

        Raises:
            LedgerError: It is neither there nor to be had.
        """
        entry = upload.entry
        try:
            is_done = await self.store.complete_shared(
                entry.key,
                upload.origin,
                entry.upload_id,
                known=upload.known_parts(entry.parts),
                wanted=entry.parts,
                bucket=entry.bucket,
            )
        except DamagedUploadError:
            await self.confirm()
            raise contradiction.parts_changed(self.partition, entry) from None
        if not is_done and not await self._was_completed(entry):
            await self.confirm()
            raise contradiction.object_gone(self.partition, entry, self.book.committed)
        self.book.completed(entry)
        self._uploads.pop(entry, None)

    async def _was_completed(self, entry: Upload) -> bool:
        """No such upload: it was completed, or a lifecycle rule has aborted it."""
        if int(self._now() * 1000) - entry.created_ms < _DAY_MS:
            return True
        return await self.store.claim_of(entry.key, entry.bucket) == entry.nonce

    async def abort_unannounced(self, entry: Upload, creation: asyncio.Task[str]) -> None:
        """Nobody else can know of this upload."""
        try:
            async with asyncio.timeout(_ABORT_SECONDS):
                await self.store.abort_upload(entry.key, await creation, entry.bucket)
        except (ConnectorError, TimeoutError, asyncio.CancelledError):
            creation.cancel()
        else:
            self._aborted_total.inc()

    async def _abort(self, dropped: Dropped) -> None:
        try:
            await self.store.abort_upload(dropped.key, dropped.upload_id, dropped.bucket)
        except ConnectorError as error:
            log.info("upload could not be aborted", key=dropped.key, error=str(error))
        else:
            self._aborted_total.inc()

    def _begin(self, committed: State | None) -> Ledger:
        offset = self._found.offset if self._found else None
        if committed is not None and committed.offset != offset:
            raise contradiction.offset_moved(self.partition, offset, committed)
        ledger = Ledger(self._identity, committed, resumes=self._resumes, limits=self._limits)
        if committed is None and self._found is not None:
            ledger.position = self._found.offset
        if ledger.is_other_topic:
            ledger.detach()
        return ledger
