"""The ledger of one partition, under one assignment: from records taken to what may become visible.

The protocol is in docs/exactly-once.md. In short: a commit names a cut; everything below it is stored, and
nothing from it on is in anything that is, or will become, visible. An upload is completed only after an
accepted commit that names it as sealed. Nothing here waits or talks to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from connector.sinks.s3.ledger.state import State, UploadState
from connector.sinks.s3.ledger.upload import NO_PARTS, S3_LIMITS, Upload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.sinks.s3.ledger.state import Clock, GroupLabel
    from connector.sinks.s3.ledger.upload import Limits


class Identity(NamedTuple):
    """What a state is only good for.

    Attributes:
        topic_id: Of the topic; empty where brokers do not tell.
        bucket: Where new uploads go.
        fingerprint: Of the options by which bytes and names come to be.
    """

    topic_id: str
    bucket: str
    fingerprint: str


class Dropped(NamedTuple):
    """An upload that will never be completed."""

    key: str
    upload_id: str
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a commit would say, and what follows once it is accepted."""

    offset: int
    state: State
    dropped: frozenset[Dropped]


class Announced(NamedTuple):
    """What an accepted commit allows.

    Attributes:
        sealed: Uploads to complete.
        dropped: Uploads to abort.
    """

    sealed: Sequence[Upload]
    dropped: Sequence[Dropped]


class Ledger:
    """Invariants: the cut never goes back; nothing is sealed that holds a record at or above the cut."""

    def __init__(
        self,
        identity: Identity,
        committed: State | None = None,
        *,
        resumes: bool = True,
        limits: Limits = S3_LIMITS,
    ) -> None:
        """Take over what is committed.

        Args:
            identity: What new states are good for.
            committed: By a predecessor, whole; None if nothing is.
            resumes: An unfinished object can be gone on with; else it is written again by a successor.
            limits: Of part numbers.
        """
        self.identity = identity
        self.committed = committed or State()
        self.position = self.committed.cut
        """The offset up to which records were taken; None before the first."""
        self.is_claimed = committed is None or not committed.uploads
        """A commit of this owner's was accepted, or there is nothing to claim."""
        self._resumes = resumes
        self._limits = limits
        self._uploads: list[Upload] = []
        self._dropped: set[Dropped] = set()
        self._handed_out: set[Upload] = set()
        self._must_commit = not self.is_claimed
        for found in self.committed.uploads:
            self._find(found)

    def _find(self, state: UploadState) -> None:
        bucket = state.bucket or self.committed.bucket
        upload = Upload.found(state, self._limits, bucket="" if bucket == self.identity.bucket else bucket)
        if state.is_empty and not state.is_sealed:
            self._dropped.add(Dropped(upload.key, upload.upload_id, upload.bucket))
            return
        committed, own = self.committed, self.identity
        if committed.topic_id and own.topic_id and committed.topic_id != own.topic_id:
            upload.is_detached = True
        made_by = state.fingerprint or committed.fingerprint
        upload.fingerprint = "" if made_by == own.fingerprint else made_by
        if upload.fingerprint or upload.bucket or upload.is_detached or upload.is_worn:
            upload.is_closing = True
        self._uploads.append(upload)

    # ---- records and parts ----

    @property
    def uploads(self) -> Sequence[Upload]:
        """In the order in which they were begun."""
        return self._uploads

    @property
    def is_other_topic(self) -> bool:
        """What is committed is of an earlier topic of the name."""
        committed, own = self.committed.topic_id, self.identity.topic_id
        return bool(committed and own and committed != own)

    def begin(self, key: str, nonce: str, group: GroupLabel, clock: Clock, ending: bytes = b"") -> Upload:
        """An object of its own for the next records of a group; S3 need not know yet.

        Args:
            key: Of the object.
            nonce: In its metadata.
            group: The records that it is for.
            clock: For rotation.
            ending: What finishes it after any of its parts, as it is stored.
        """
        upload = Upload(key, nonce, group, self._limits, clock=clock, ending=ending)
        self._uploads.append(upload)
        return upload

    def advance(self, position: int) -> None:
        """Every record below this offset was taken."""
        self.position = position

    def created(self, upload: Upload, upload_id: str, now_ms: int) -> None:
        upload.upload_id, upload.created_ms = upload_id, now_ms
        if upload not in self._uploads:
            self._dropped.add(Dropped(upload.key, upload_id, upload.bucket))

    def discard(self, upload: Upload) -> None:
        """It will not be completed: its records are superseded, or written again."""
        self._uploads.remove(upload)
        if upload.upload_id:
            self._dropped.add(Dropped(upload.key, upload.upload_id, upload.bucket))

    def completed(self, upload: Upload) -> None:
        """It is visible."""
        self._uploads.remove(upload)
        self._handed_out.discard(upload)

    def detach(self, topic_id: str | None = None) -> None:
        """The offsets begin anew: what there is keeps its records, and says nothing of the new ones.

        Args:
            topic_id: Whose offsets the new ones are, if that is known only now.
        """
        if topic_id is not None:
            self.identity = self.identity._replace(topic_id=topic_id)
        for upload in self._uploads:
            upload.is_detached = upload.is_closing = True
        self.committed = replace(self.committed, cut=None)
        self.position = None
        # Without a position there is nothing to commit yet, so nothing may wait for it.
        self.is_claimed = True

    # ---- commits ----

    @property
    def needs_tails(self) -> bool:
        """The next commit can only be made with the tails of open uploads saved."""
        return self._cut()[1]

    @property
    def straddles(self) -> bool:
        """Complete objects wait for open ones, since records of both are mixed; of formats with a footer."""
        if self._resumes or self.position is None:
            return False
        # Those that are closing need not be waited for here: they say when they are complete.
        growing = [
            upload.total.first
            for upload in self._uploads
            if upload.total and not (upload.is_closing or upload.is_sealed or upload.is_detached)
        ]
        cut = self._lowered(min([self.position, *growing]))
        return any(
            upload.is_complete and not upload.is_sealed and not self._is_below(upload, cut)
            for upload in self._uploads
        )

    def checked(self) -> None:
        """S3 has what was committed: from now on it may be sealed, and a gone upload is a completed one."""
        for upload in self._uploads:
            upload.is_unchecked = False

    def require_commit(self) -> None:
        """The next commit is made even if it says nothing new: whether it is accepted tells who owns this."""
        self._must_commit = True

    @property
    def is_commit_required(self) -> bool:
        """Something waits for the next commit to be accepted."""
        return self._must_commit

    @property
    def repeats_what_was_found(self) -> bool:
        """A commit is required, and before the first record of a topic there is nothing else to say."""
        return self._must_commit and self.position is None

    def prepare(self, tails: Mapping[str, int]) -> Prepared | None:
        """What to commit; None if there is nothing new.

        Args:
            tails: Lengths of the tails of the uploads that have one, by nonce; only looked at where
                :attr:`needs_tails`. While parts are on their way, or a tail is missing, nothing can be
                committed then.
        """
        cut, with_tails = self._cut()
        if with_tails and not self._has_all(tails):
            return None
        if not self._resumes and self._leaves_behind():
            return None
        counting = {upload.nonce for upload in self._uploads if self._counts(upload)}
        tails = {nonce: size for nonce, size in tails.items() if nonce in counting}
        uploads = []
        for upload in self._uploads:
            frozen = self._frozen(upload, cut, tails if with_tails else None)
            if frozen is not None:
                uploads.append(frozen)
        state = State(
            cut, self.identity.topic_id, self.identity.bucket, self.identity.fingerprint, tuple(uploads)
        )
        if state.offset is None or not (self._must_commit or self._is_news(state)):
            return None
        self._announce(state)
        return Prepared(state.offset, state, frozenset(self._dropped))

    def prepare_announcement(self) -> Prepared | None:
        """What is committed already, and uploads that S3 knows and Kafka does not; None if there are none.

        So a successor finds what was begun, although nothing of it counts yet.
        """
        known = {found.nonce for found in self.committed.uploads}
        begun = [
            replace(
                UploadState(upload.key, upload.upload_id, upload.nonce, upload.group, upload.created_ms),
                reserved=upload.claim(),
                clock=upload.clock,
                ending=upload.ending,
            )
            for upload in self._uploads
            if upload.upload_id and upload.nonce not in known and not upload.is_complete
        ]
        firsts = [span.first for upload in self._uploads if (span := upload.total)]
        cut = self.committed.cut if self.committed.cut is not None else min(firsts, default=None)
        state = State(
            cut,
            self.identity.topic_id,
            self.identity.bucket,
            self.identity.fingerprint,
            (*self.committed.uploads, *begun),
        )
        if not begun or state.offset is None or not self.is_claimed:
            return None
        self._announce(state)
        return Prepared(state.offset, state, frozenset())

    def _has_all(self, tails: Mapping[str, int]) -> bool:
        """What is neither stored nor in a tail would be lost below the cut."""
        open_ones = [upload for upload in self._uploads if self._counts(upload) and not upload.is_sealed]
        return not any(upload.sent or (upload.tail and upload.nonce not in tails) for upload in open_ones)

    def _announce(self, state: State) -> None:
        """Once Kafka may know of an upload, a successor may take it over: higher numbers are his."""
        claimed = {found.nonce: found.reserved for found in state.uploads}
        for upload in self._uploads:
            if not upload.is_announced and upload.nonce in claimed:
                upload.is_announced, upload.reserved = True, claimed[upload.nonce]

    def accepted(self, prepared: Prepared) -> Announced:
        """Kafka took it: from here on its promises are kept by whoever owns the partition."""
        self.committed = prepared.state
        self.is_claimed, self._must_commit = True, False
        by_nonce = {upload.nonce: upload for upload in self._uploads}
        for state in prepared.state.uploads:
            if upload := by_nonce.get(state.nonce):
                upload.fold(state)
        dropped = sorted(prepared.dropped & self._dropped)
        self._dropped.difference_update(dropped)
        sealed = [upload for upload in self._uploads if upload.is_sealed and upload not in self._handed_out]
        self._handed_out.update(sealed)
        return Announced(sealed, dropped)

    def _is_news(self, state: State) -> bool:
        runs_out = any(
            not upload.is_closing
            and upload.is_announced
            and upload.reserved < self._limits.last
            and upload.next_number + self._limits.step // 2 > upload.reserved
            for upload in self._uploads
        )
        return runs_out or bool(self._dropped) or _signature(state) != _signature(self.committed)

    def _cut(self) -> tuple[int | None, bool]:
        """The highest offset that the rule allows, and whether tails have to be saved for it."""
        if self.position is None:
            return None, False
        if not self._resumes:
            return self._cut_with_footers(self.position)
        waiting = [first for upload in self._uploads if (first := self._unstored(upload)) is not None]
        cut = min([self.position, *waiting])
        is_behind = self.committed.cut is not None and cut < self.committed.cut
        if is_behind or self._is_straddled(cut) or self._leaves_behind():
            return self.position, True
        return cut, False

    def _cut_with_footers(self, position: int) -> tuple[int, bool]:
        """What another format has left open is below the cut already, and stays there with its tail."""
        found = [upload for upload in self._uploads if upload.is_found and not upload.is_sealed]
        waiting = [
            first
            for upload in self._uploads
            if not upload.is_found and (first := self._unstored(upload)) is not None
        ]
        return self._lowered(min([position, *waiting])), any(upload.tail or upload.sent for upload in found)

    def _counts(self, upload: Upload) -> bool:
        """What it holds counts before it is whole; only a format that goes on in the middle leaves it so."""
        return self._resumes or upload.is_found

    def _leaves_behind(self) -> bool:
        """Records of an earlier topic are not stored yet, which nobody can read again."""
        # Without a part number what ends an object cannot be stored before the next commit.
        return any(
            upload.is_detached and (upload.sent or (upload.tail and (self._resumes or upload.can_send)))
            for upload in self._uploads
        )

    def _unstored(self, upload: Upload) -> int | None:
        """The first offset that a successor would have to read again."""
        if upload.is_sealed or upload.is_detached or upload.is_complete:
            return None
        if not self._counts(upload):
            return upload.total.first if upload.total else None
        if upload.sent:
            return upload.sent[0].span.first
        return upload.tail.first if upload.tail else None

    def _is_straddled(self, cut: int) -> bool:
        return any(
            part.span.first < cut < part.span.end
            for upload in self._uploads
            if not upload.is_detached
            for part in upload.fresh
        )

    def _lowered(self, cut: int) -> int:
        """Objects are sealed as a whole, so a cut goes through none."""
        while True:
            mixed = [
                span.first
                for upload in self._uploads
                if not (upload.is_sealed or upload.is_detached)
                and (span := upload.total)
                and span.first < cut < span.end
            ]
            if not mixed:
                return cut
            cut = min(mixed)

    def _is_below(self, upload: Upload, cut: int | None) -> bool:
        span = upload.total
        return upload.is_detached or (span is not None and cut is not None and span.end <= cut)

    def _frozen(self, upload: Upload, cut: int | None, tails: Mapping[str, int] | None) -> UploadState | None:
        seals = upload.is_sealed or (
            upload.is_complete
            and not upload.is_unchecked
            and bool(upload.upload_id)
            and self._is_below(upload, cut)
        )
        counts = seals or self._counts(upload)
        parts, durable = upload.below(None if upload.is_detached else cut) if counts else (NO_PARTS, None)
        tail_bytes = tails.get(upload.nonce) if tails is not None and upload.tail else None
        saved = None if tail_bytes is None else upload.tail
        # Only if nothing of it has to be read again; else a successor goes on with it, and closes it himself.
        is_closing = upload.is_closing and (seals or tails is not None or upload.is_detached)
        if not upload.upload_id and saved is None:
            return None
        return UploadState(
            upload.key,
            upload.upload_id,
            upload.nonce,
            upload.group,
            upload.created_ms,
            parts,
            durable,
            saved,
            tail_bytes or 0,
            b"" if seals or (is_closing and not (upload.has_rest and saved is None)) else upload.ending,
            upload.claim(),
            is_sealed=seals,
            is_closing=is_closing,
            is_detached=upload.is_detached,
            clock=upload.clock,
            bucket=upload.bucket,
            fingerprint=upload.fingerprint,
        )


def _signature(state: State) -> tuple[object, ...]:
    """What makes a commit worth while: what others see, and what a successor need not do again."""
    uploads = [(found.nonce, found.upload_id, found.parts.digest, found.is_sealed) for found in state.uploads]
    return state.offset, None if state.has_tails else state.cut, tuple(uploads)
