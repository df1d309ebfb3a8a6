"""What is sent, how much of it fits a request, and what a service answers about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from connector.error_codes import ErrorCode
from connector.errors import ConnectorError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from connector.errors import RecordError
    from connector.sinks.dispatch.lane import Lane
    from connector.sinks.dispatch.progress import Progress


class Entry:
    """One record as the service takes it, or several that the sink folded into one.

    Attributes:
        offset: Of the record; of the first one, if it is several.
        payload: What the sink's ``send`` will send; the dispatcher never looks at it.
        size_bytes: As the service counts it against its limits.
        order_key: Entries with the same key, of one partition and for one destination, are sent one after the
            other; None goes beside everything else.
        destination: Entries of one request have the same.
        folded: The offsets of the other records that are in this entry, ascending.
        held_bytes: What it takes in memory, which counts against the task's budget: an encoding may make
            much more of a record than the service counts.
    """

    __slots__ = (
        "attempts",
        "behind",
        "destination",
        "folded",
        "held_bytes",
        "is_done",
        "lane",
        "offset",
        "order_key",
        "payload",
        "progress",
        "size_bytes",
        "taken_at",
    )

    def __init__(
        self,
        offset: int,
        payload: Any,
        size_bytes: int,
        order_key: Hashable = None,
        destination: str = "",
        *,
        folded: Sequence[int] = (),
        held_bytes: int | None = None,
    ) -> None:
        self.offset = offset
        self.payload = payload
        self.size_bytes = size_bytes
        self.order_key = order_key
        self.destination = destination
        self.folded = folded
        self.held_bytes = size_bytes if held_bytes is None else held_bytes
        self.attempts = 0
        self.is_done = False
        self.lane: Lane | None = None
        self.behind: Entry | None = None
        """The next one that waits in the same lane."""
        self.progress: Progress
        self.taken_at: float

    def __repr__(self) -> str:
        return f"Entry(offset {self.offset}, {self.size_bytes} bytes, key {self.order_key!r})"


@dataclass(slots=True)
class Prepared:
    """What a sink made of a batch: every record is in one of these, or filtered out.

    Attributes:
        entries: In offset order.
        failed: Records that cannot be entries, by offset.
        passed_over: How many records are left out because the config says so, by reason.
        attachments: What ``attach`` stores before the entries are sent, by name.
    """

    entries: list[Entry] = field(default_factory=list)
    failed: dict[int, RecordError] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)

    def pass_over(self, reason: str) -> None:
        self.passed_over[reason] = self.passed_over.get(reason, 0) + 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold, as the service counts it.

    Attributes:
        entries: The most entries.
        request_bytes: The most bytes of all entries together.
        entry_bytes: The most bytes of one entry.
        keeps_order: Entries of one request are processed in their order, and after one that fails no
            later one of the same order key succeeds; so they may share a request.
        throttles_apart: An entry is throttled for what it has in common with some others, e.g. its shard:
            its own delay is enough, and does not mean that there are too many requests.
    """

    entries: int
    request_bytes: int
    entry_bytes: int
    keeps_order: bool = False
    throttles_apart: bool = False


class Verdict(StrEnum):
    """What may become of an entry that the service did not take."""

    RETRY = "retry"
    THROTTLED = "throttled"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the service did not take an entry, in its own words, and what that means."""

    verdict: Verdict
    code: str
    message: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code


class ThrottledError(RetriableError):
    """The service wants less: none of the request was taken; later, and fewer at once."""

    code = ErrorCode.AWS_THROTTLED


class RequestTooLargeError(ConnectorError):
    """The service counts more than we do: none of the request was taken; it goes in smaller ones."""

    code = ErrorCode.RECORD_TOO_LARGE
