"""What the ledger knows of one upload: which records are stored, on their way, or wait in its tail."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from connector.sinks.s3.ledger.state import NO_CLOCK, Clock, GroupLabel, PartList, Span, UploadState

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST_BYTES = 12


class Limits(NamedTuple):
    """How part numbers are shared out.

    Attributes:
        last: The highest part number (S3: 10,000 parts in an upload).
        step: How many an owner reserves with each commit.
    """

    last: int = 10_000
    step: int = 200


S3_LIMITS = Limits()
NO_PARTS = PartList()


class StoredPart(NamedTuple):
    """A part as S3 has it.

    Attributes:
        number: Of the part.
        size_bytes: Its length.
        content: A checksum, or the ETag where that depends on the content alone; else empty.
    """

    number: int
    size_bytes: int
    content: str = ""


@dataclass(slots=True, eq=False)
class Part:
    """A part that was sent."""

    number: int
    span: Span
    stored: StoredPart | None = None


@dataclass(slots=True, eq=False)
class Upload:
    """One upload, in the hands of its owner.

    Attributes:
        parts: Those that an accepted commit names.
        durable: The records in them.
        fresh: Stored parts that no accepted commit names yet, in order.
        sent: Parts on their way, and those that were stored before an earlier one was.
        tail: Records that are in no part yet.
        next_number: Of the next part.
        reserved: The highest number that may be used; all are, before the upload was ever announced.
        is_closing: It takes no more records.
        has_rest: Its end is not sent yet, which may be no more than the ending of the format.
    """

    key: str
    nonce: str
    group: GroupLabel
    limits: Limits = S3_LIMITS
    upload_id: str = ""
    created_ms: int = 0
    bucket: str = ""
    fingerprint: str = ""
    clock: Clock = NO_CLOCK
    parts: PartList = NO_PARTS
    durable: Span | None = None
    fresh: list[Part] = field(default_factory=list)
    sent: deque[Part] = field(default_factory=deque)
    tail: Span | None = None
    ending: bytes = b""
    next_number: int = 1
    reserved: int = 0
    is_announced: bool = False
    is_closing: bool = False
    has_rest: bool = False
    is_sealed: bool = False
    is_detached: bool = False
    is_unchecked: bool = False
    is_found: bool = False

    def __post_init__(self) -> None:
        if not self.is_announced:
            self.reserved = self.limits.last

    @classmethod
    def found(cls, state: UploadState, limits: Limits, *, bucket: str) -> Upload:
        """As a predecessor committed it; its part numbers are not to be used."""
        return cls(
            state.key,
            state.nonce,
            state.group,
            limits,
            state.upload_id,
            state.created_ms,
            bucket,
            state.fingerprint,
            state.clock,
            state.parts,
            state.durable,
            tail=state.tail,
            ending=state.ending,
            next_number=state.reserved + 1,
            reserved=state.reserved,
            is_announced=True,
            is_closing=state.is_closing or state.is_sealed or state.is_detached,
            has_rest=bool(state.ending) and not state.is_sealed,
            is_sealed=state.is_sealed,
            is_detached=state.is_detached,
            is_unchecked=True,
            is_found=True,
        )

    @property
    def can_send(self) -> bool:
        """There is a number for one more part."""
        return self.next_number <= self.reserved

    @property
    def is_worn(self) -> bool:
        """So few numbers are left that it had better be finished."""
        return self.next_number + 2 * self.limits.step > self.limits.last

    @property
    def is_complete(self) -> bool:
        """It takes no more, and all it has taken is stored."""
        return self.is_closing and not (self.sent or self.tail or self.has_rest)

    @property
    def is_empty(self) -> bool:
        return not (self.durable or self.fresh or self.sent or self.tail)

    @property
    def stored(self) -> Span | None:
        """All records in stored parts."""
        spans = [*([self.durable] if self.durable else []), *(part.span for part in self.fresh)]
        return _joined(spans)

    @property
    def total(self) -> Span | None:
        """All records."""
        spans = [found for found in (self.stored, *(part.span for part in self.sent), self.tail) if found]
        return _joined(spans)

    def took(self, span: Span, clock: Clock) -> None:
        """Records went into the tail."""
        self.tail = self.tail.joined(span) if self.tail else span
        self.clock = clock

    def send(self) -> Part:
        """Make the tail a part; a part without records is the ending of the object."""
        if not self.can_send:
            raise AssertionError(f"{self.key}: no part number is reserved")
        end = self.total.end if self.total else 0
        part = Part(self.next_number, self.tail or Span(end, end))
        self.next_number += 1
        self.tail = None
        self.sent.append(part)
        return part

    def store(self, part: Part, stored: StoredPart) -> None:
        """A part's answer came; it counts once those before it are stored, too."""
        part.stored = stored
        while self.sent and self.sent[0].stored:
            self.fresh.append(self.sent.popleft())

    def below(self, cut: int | None) -> tuple[PartList, Span | None]:
        """The parts of which every record is below the cut; all if there is none."""
        counted = [part for part in self.fresh if cut is None or part.span.end <= cut]
        # What follows a part that does not count must not count either.
        spans = [*([self.durable] if self.durable else []), *(part.span for part in counted)]
        return extended(self.parts, [part.stored for part in counted if part.stored]), _joined(spans)

    def fold(self, accepted: UploadState) -> None:
        """An accepted commit names these parts."""
        self.parts, self.durable = accepted.parts, accepted.durable
        self.fresh = [part for part in self.fresh if part.number not in accepted.parts]
        self.reserved = accepted.reserved
        self.is_announced = True
        self.is_sealed = self.is_sealed or accepted.is_sealed

    def begin_anew(self) -> None:
        """S3 knows it no more, and it held nothing that counts: another upload takes its place."""
        self.upload_id, self.created_ms, self.next_number = "", 0, 1
        self.reserved, self.is_announced = self.limits.last, False

    def claim(self) -> int:
        """The highest number to reserve with the next commit."""
        if self.is_sealed:
            return self.reserved
        # Its end is one part: so that owners who crash one after the other do not use up all numbers.
        step = 1 if self.is_closing else self.limits.step
        wanted = min(self.next_number - 1 + step, self.limits.last)
        return max(self.reserved, wanted) if self.is_announced else wanted

    def matches(self, listing: Iterable[StoredPart]) -> bool:
        """Whether S3 has the parts that are committed, and as they were."""
        chosen = sorted(part for part in listing if part.number in self.parts)
        return len(chosen) == self.parts.count and extended(NO_PARTS, chosen) == self.parts


def extended(parts: PartList, more: Iterable[StoredPart]) -> PartList:
    """The list with further parts of higher numbers; its digest is a chain."""
    numbers = list(parts.numbers)
    digest, size_bytes = parts.digest, parts.size_bytes
    for part in more:
        if numbers and numbers[-1][1] == part.number - 1:
            numbers[-1] = (numbers[-1][0], part.number)
        else:
            numbers.append((part.number, part.number))
        text = f"{digest}:{part.number}:{part.size_bytes}:{part.content}"
        digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
        size_bytes += part.size_bytes
    return PartList(tuple(numbers), digest, size_bytes)


def _joined(spans: Iterable[Span]) -> Span | None:
    found: Span | None = None
    for span in spans:
        found = found.joined(span) if found else span
    return found
