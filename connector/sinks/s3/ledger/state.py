"""What is committed with an offset: the cut, and every upload that is open or sealed. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class GroupLabel(NamedTuple):
    """Which records an upload is for, within its partition.

    Attributes:
        key: The text of the record key, where that names objects.
        time: The times of its name.
        fields: The headers and fields of its name.
        topic: What the records go by, if transforms gave them another name than that of their topic.
    """

    key: str | None = None
    time: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    topic: str | None = None


NO_LABEL = GroupLabel()


class Clock(NamedTuple):
    """Times of an open object that rotation goes by, in milliseconds.

    Attributes:
        opened_ms: When it took its first record, by the wall clock.
        used_ms: When it took its last one.
        first_event_ms: The time of its first record, where that counts.
    """

    opened_ms: int = 0
    used_ms: int = 0
    first_event_ms: int | None = None


NO_CLOCK = Clock()


class Span(NamedTuple):
    """Records of one upload that follow each other in it; between them may be offsets of other uploads.

    Attributes:
        first: The offset of the first record.
        end: The offset after the last record.
        records: How many.
        raw_bytes: Encoded, before compression.
    """

    first: int
    end: int
    records: int = 0
    raw_bytes: int = 0

    def joined(self, later: Span | None) -> Span:
        if later is None:
            return self
        return Span(self.first, later.end, self.records + later.records, self.raw_bytes + later.raw_bytes)


@dataclass(frozen=True, slots=True)
class PartList:
    """Parts of an upload that are stored.

    Attributes:
        numbers: Ranges of part numbers, both ends included, ascending.
        digest: Over number, size and content of every part, in order.
        size_bytes: Of all.
    """

    numbers: tuple[tuple[int, int], ...] = ()
    digest: str = ""
    size_bytes: int = 0

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.numbers)

    @property
    def count(self) -> int:
        return sum(last - first + 1 for first, last in self.numbers)


@dataclass(frozen=True, slots=True)
class UploadState:
    """One upload as it is committed.

    Attributes:
        key: Of the object.
        upload_id: S3's; empty if it is a tail that has no upload yet.
        nonce: In the user metadata of the object: what tells it from another one of the same key.
        group: The records that it is for.
        created_ms: When S3 created it, by the worker's clock; 0 if it is not created.
        parts: Those that count.
        durable: The records in them; None if there are none.
        tail: The records in its saved tail; None if there is none.
        tail_bytes: The length of the tail in the state object.
        ending: What finishes the object after its tail, compressed; of formats that end with something.
        reserved: Part numbers up to this one are the owner's, or were an earlier owner's.
        is_sealed: It takes no more, and is to be completed by whoever finds it.
        is_closing: It takes no more records; what it took is in its parts and its tail.
        is_detached: Its offsets are of an earlier topic of the name, so they say nothing of this one.
        clock: For rotation.
        bucket: Where it is, if not in that of the state.
        fingerprint: Of the options that it was begun with, if it is not that of the state.
    """

    key: str
    upload_id: str
    nonce: str
    group: GroupLabel = NO_LABEL
    created_ms: int = 0
    parts: PartList = PartList()
    durable: Span | None = None
    tail: Span | None = None
    tail_bytes: int = 0
    ending: bytes = b""
    reserved: int = 0
    is_sealed: bool = False
    is_closing: bool = False
    is_detached: bool = False
    clock: Clock = NO_CLOCK
    bucket: str = ""
    fingerprint: str = ""

    @property
    def is_empty(self) -> bool:
        return self.durable is None and self.tail is None

    @property
    def first(self) -> int | None:
        """The offset of its first record, unless that says nothing."""
        span = self.durable or self.tail
        return None if span is None or self.is_detached else span.first


@dataclass(frozen=True, slots=True)
class State:
    """What is committed for a partition.

    Attributes:
        cut: Every record below it is in parts, tails or visible objects, and none from it on. None while
            nothing was read.
        topic_id: Of the topic whose offsets these are; empty where brokers do not tell.
        bucket: Where the uploads are.
        fingerprint: Of the options by which bytes and names come to be.
        uploads: In the order in which they were begun; of one key they are completed in this order.
    """

    cut: int | None = None
    topic_id: str = ""
    bucket: str = ""
    fingerprint: str = ""
    uploads: tuple[UploadState, ...] = ()

    @property
    def offset(self) -> int | None:
        """The first offset that is not visible yet: what others than this sink go by."""
        firsts = [found.first for found in self.uploads if found.first is not None]
        return min([*firsts, *([] if self.cut is None else [self.cut])], default=None)

    @property
    def has_tails(self) -> bool:
        return any(found.tail for found in self.uploads)
