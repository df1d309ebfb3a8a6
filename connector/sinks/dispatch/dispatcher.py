"""The machine behind every messaging sink: from entries to requests, and from answers to offsets.

The story of an entry: taken · ready in its outbox, or behind its lane · cut into a request · sent ·
settled: done, or again after a delay, or errant. Only what failed is sent again.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from connector import metrics
from connector.error_codes import ErrorCode
from connector.errors import RecordError, RetriableError
from connector.sinks.dispatch.entry import Refusal, RequestTooLargeError, ThrottledError, Verdict
from connector.sinks.dispatch.lane import Lane
from connector.sinks.dispatch.outbox import Outbox
from connector.sinks.dispatch.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from connector.record import TopicPartition
    from connector.retry import Backoff
    from connector.sinks.base import SinkContext
    from connector.sinks.dispatch.concurrency import Concurrency
    from connector.sinks.dispatch.entry import Entry, Limits

    Send = Callable[[str, Sequence[Entry]], Awaitable[Mapping[int, Refusal]]]

_MOST_DOUBLINGS = 16
_HELD_BACK = Refusal(Verdict.RETRY, "HeldBack", "an earlier entry of its key was refused")
_TOO_LARGE = Refusal(Verdict.NEVER, "RequestTooLarge", "the service refuses this entry even alone")


class Dispatcher:
    """Delivers the entries of one task; not for use from several event loops."""

    def __init__(
        self,
        send: Send,
        limits: Callable[[str], Limits],
        context: SinkContext,
        *,
        operation: str,
        origin: str,
        linger_seconds: float,
        backoff: Backoff,
        concurrency: Concurrency,
    ) -> None:
        """Prepare; nothing runs until something is taken.

        Args:
            send: Sends one request to a destination; answers with the refused entries by position.
            limits: Of a request to a destination.
            context: Of the task.
            operation: What a request is called in logs and metrics, e.g. ``SendMessageBatch``.
            origin: The class that errant records name as theirs.
            linger_seconds: How long an entry waits for others to fill its request.
            backoff: Of entries and requests that are sent again.
            concurrency: How many requests are under way at once.
        """
        self._send = send
        self._limits = limits
        self._context = context
        self._operation = operation
        self._origin = origin
        self._linger_seconds = linger_seconds
        self._backoff = backoff
        self._concurrency = concurrency
        self._partitions: dict[TopicPartition, Progress] = {}
        self._outboxes: dict[str, Outbox] = {}
        self._ready: dict[Outbox, None] = {}
        """Outboxes with something in them, in the order of their turns."""
        self._under_way = 0
        self._sending: set[asyncio.Task[None]] = set()
        self._in_a_hurry = 0
        self._timer: asyncio.TimerHandle | None = None
        self._moved = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        labels = (context.connector, str(context.task))
        self._requests = metrics.REQUESTS_UNDER_WAY.labels(*labels)
        self._limit = metrics.REQUESTS_LIMIT.labels(*labels)
        self._refused = {
            verdict: metrics.ENTRIES_REFUSED.labels(*labels, verdict.value) for verdict in Verdict
        }

    # ---- partitions ----

    def open(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._partitions[partition] = Progress(partition)

    def drop(self, partitions: Collection[TopicPartition]) -> None:
        """Forget them; what is under way ends without effect."""
        for partition in partitions:
            if progress := self._partitions.pop(partition, None):
                progress.drop()
        for outbox in self._outboxes.values():
            outbox.purge()
        self._has_moved()

    def progress(self, partition: TopicPartition) -> Progress | None:
        return self._partitions.get(partition)

    def committable(self) -> dict[TopicPartition, int]:
        offsets = {partition: progress.committable for partition, progress in self._partitions.items()}
        return {partition: offset for partition, offset in offsets.items() if offset is not None}

    @property
    def buffered_bytes(self) -> int:
        return sum(progress.buffered_bytes for progress in self._partitions.values())

    # ---- entries ----

    def take(self, progress: Progress, entries: Sequence[Entry], next_offset: int) -> None:
        """Deliver these entries of one partition, in offset order, and all offsets below ``next_offset``."""
        now = self._loop.time()
        progress.take(entries, next_offset)
        by_destination: dict[str, list[Entry]] = {}
        for entry in entries:
            entry.taken_at = now
            by_destination.setdefault(entry.destination, []).append(entry)
        for destination, chosen in by_destination.items():
            outbox = self._outbox(destination)
            outbox.add(chosen)
            self._ready[outbox] = None
        self._pump()

    async def drained(self, partitions: Collection[TopicPartition]) -> None:
        """Until everything that was taken for these partitions is settled; nothing lingers meanwhile."""
        watched = [self._partitions[partition] for partition in partitions if partition in self._partitions]
        self._in_a_hurry += 1
        try:
            self._pump()
            while not all(progress.is_settled or progress.is_dropped for progress in watched):
                await self.moved()
        finally:
            self._in_a_hurry -= 1

    async def stop(self) -> None:
        """End what is still under way; what was not settled is read again by whoever comes next."""
        self.drop(list(self._partitions))
        self._ready.clear()
        self._wake_at(None)
        left = list(self._sending)
        for sending in left:
            sending.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def moved(self) -> None:
        """Until some entry is settled."""
        self._moved.clear()
        await self._moved.wait()

    # ---- requests ----

    def _pump(self) -> None:
        """Send what is due, as far as requests may be under way; be back when the next is due."""
        now = self._loop.time()
        while self._under_way < self._concurrency.limit:
            outbox = self._next_due(now)
            if outbox is None:
                break
            if entries := outbox.cut():
                self._under_way += 1
                sending = self._context.spawn(self._request(outbox, entries))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)
        self._requests.set(self._under_way)
        self._limit.set(self._concurrency.limit)

    def _next_due(self, now: float) -> Outbox | None:
        """Destinations take turns."""
        linger = 0.0 if self._in_a_hurry else self._linger_seconds
        earliest: float | None = None
        for outbox in list(self._ready):
            due = outbox.due_at(linger)
            if due is None:
                del self._ready[outbox]
                continue
            if due <= now:
                self._ready[outbox] = self._ready.pop(outbox)
                return outbox
            earliest = due if earliest is None else min(earliest, due)
        self._wake_at(earliest)
        return None

    async def _request(self, outbox: Outbox, entries: list[Entry]) -> None:
        started = self._loop.time()
        under_way = self._under_way
        is_throttled = False
        try:
            refused = await self._deliver(outbox.destination, entries)
        except RetriableError as error:
            is_throttled = isinstance(error, ThrottledError)
            refused = self._none_taken(entries, error)
        finally:
            self._under_way -= 1
        throttled = sum(refusal.verdict is Verdict.THROTTLED for refusal in refused.values())
        is_apart = outbox.limits.throttles_apart and not is_throttled
        if throttled * 2 > len(entries) and not is_apart:
            # A few throttled entries are a hot key or shard of theirs; their own delay is enough.
            self._concurrency.throttled(started, self._loop.time())
        elif len(refused) == (throttled if is_apart else 0):
            self._concurrency.succeeded(under_way)
        await self._settle(outbox, entries, refused)
        self._has_moved()
        self._pump()

    async def _deliver(self, destination: str, entries: Sequence[Entry]) -> dict[int, Refusal]:
        """Send; what the service calls too large goes in two halves, one after the other."""
        try:
            refused = dict(await self._send(destination, entries))
        except RequestTooLargeError:
            if len(entries) == 1:
                return {0: _TOO_LARGE}
            return await self._deliver_halves(destination, entries)
        again = [refusal for refusal in refused.values() if refusal.verdict is not Verdict.NEVER]
        if again:
            # Else nobody would learn why a record is refused ever again, and its partition lags.
            share = f"{len(again)} of {len(entries)} entries for {destination}"
            self._context.retried(
                self._operation,
                RetriableError(f"{share} were refused, with {again[0]}", code=_passing_code(again[0])),
            )
        return refused

    async def _deliver_halves(self, destination: str, entries: Sequence[Entry]) -> dict[int, Refusal]:
        """What was behind a refused entry of its lane stays behind it."""
        middle = len(entries) // 2
        refused = await self._deliver(destination, entries[:middle])
        held = {
            entries[position].lane
            for position, refusal in refused.items()
            if refusal.verdict is not Verdict.NEVER
        } - {None}
        rest = [position for position in range(middle, len(entries)) if entries[position].lane not in held]
        behind = await self._deliver_rest(destination, [entries[position] for position in rest])
        waiting = set(range(middle, len(entries))) - set(rest)
        return (
            refused
            | {rest[position]: refusal for position, refusal in behind.items()}
            | dict.fromkeys(waiting, _HELD_BACK)
        )

    async def _deliver_rest(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        """What became of those before them is known, whatever happens to these."""
        if not entries:
            return {}
        try:
            return await self._deliver(destination, entries)
        except RetriableError as error:
            return self._none_taken(entries, error)

    def _none_taken(self, entries: Sequence[Entry], error: RetriableError) -> dict[int, Refusal]:
        self._context.retried(self._operation, error)
        verdict = Verdict.THROTTLED if isinstance(error, ThrottledError) else Verdict.RETRY
        return dict.fromkeys(range(len(entries)), Refusal(verdict, type(error).__name__, str(error)))

    # ---- answers ----

    async def _settle(self, outbox: Outbox, entries: list[Entry], refused: dict[int, Refusal]) -> None:
        await self._give_up(entries, refused)
        later: dict[Entry | Lane, None] = {}
        freed: dict[Lane, Progress] = {}
        records = size_bytes = 0
        for position in range(len(entries) - 1, -1, -1):  # backwards, so that lanes get their order back
            entry = entries[position]
            if entry.progress.is_dropped:
                continue
            refusal = refused.get(position)
            if refusal is None or refusal.verdict is Verdict.NEVER:
                if refusal is None:
                    records += 1 + len(entry.folded)
                    size_bytes += entry.size_bytes
                if entry.lane is not None:
                    freed[entry.lane] = entry.progress
                entry.progress.done(entry)
                continue
            entry.attempts += 1
            if entry.lane is None:
                later[entry] = None
            else:
                entry.lane.put_back(entry)
                later[entry.lane] = None
        if records:
            self._context.delivered(records, size_bytes)
        self._turn(outbox, _next_of_lanes(outbox, freed, later))
        self._again_later(outbox, list(reversed(later)))

    def _again_later(self, outbox: Outbox, items: list[Entry | Lane]) -> None:
        """Those that were sent equally often together, so that none waits for the sake of another."""
        by_attempts: dict[int, list[Entry | Lane]] = {}
        for item in items:
            by_attempts.setdefault(_attempts(item), []).append(item)
        for attempts, equals in by_attempts.items():
            most = self._backoff.base_seconds * 2 ** min(attempts - 1, _MOST_DOUBLINGS)
            delay = random.uniform(0, min(most, self._backoff.cap_seconds))  # noqa: S311 - jitter, not a secret
            self._loop.call_later(delay, self._again, outbox, equals)

    def _again(self, outbox: Outbox, items: list[Entry | Lane]) -> None:
        self._turn(outbox, items)
        self._pump()

    def _turn(self, outbox: Outbox, items: list[Entry | Lane]) -> None:
        if items:
            outbox.again(items)
            self._ready[outbox] = None

    async def _give_up(self, entries: list[Entry], refused: Mapping[int, Refusal]) -> None:
        """Errant records: stop the task, or count, log and go on, as the connector's config says."""
        for refusal in refused.values():
            self._refused[refusal.verdict].inc()
        # Those of a partition together: a dead letter queue reads and acknowledges them in one go.
        failed: dict[Progress, dict[int, RecordError]] = {}
        for position, refusal in sorted(refused.items()):
            if refusal.verdict is Verdict.NEVER:
                entry = entries[position]
                code = ErrorCode.RECORD_TOO_LARGE if refusal is _TOO_LARGE else ErrorCode.RECORD_REFUSED
                error = RecordError(
                    f"refused with {refusal}", stage="TASK_PUT", origin=self._origin, code=code
                )
                known = failed.setdefault(entry.progress, {})
                known |= dict.fromkeys((entry.offset, *entry.folded), error)
        for progress, errors in failed.items():
            if not progress.is_dropped:
                await self._context.errant(progress.partition, errors)

    # ---- waiting ----

    def _outbox(self, destination: str) -> Outbox:
        outbox = self._outboxes.get(destination)
        if outbox is None:
            outbox = self._outboxes[destination] = Outbox(destination, self._limits(destination))
        return outbox

    def _wake_at(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when is not None:
            self._timer = self._loop.call_at(when, self._pump)

    def _has_moved(self) -> None:
        self._moved.set()


def _next_of_lanes(
    outbox: Outbox, freed: Mapping[Lane, Progress], later: Mapping[Entry | Lane, None]
) -> list[Entry | Lane]:
    """The lanes that may go on at once; those with nothing more to send are forgotten."""
    ready: list[Entry | Lane] = []
    for lane, progress in reversed(list(freed.items())):
        if lane in later:
            continue
        if lane.first is not None:
            ready.append(lane)
        else:
            lane.is_idle = True
            del progress.lanes_to(outbox.destination)[lane.key]
    return ready


def _attempts(item: Entry | Lane) -> int:
    return item.head.attempts if isinstance(item, Lane) else item.attempts


def _passing_code(refusal: Refusal) -> ErrorCode:
    is_throttled = refusal.verdict is Verdict.THROTTLED
    return ErrorCode.AWS_THROTTLED if is_throttled else ErrorCode.AWS_UNAVAILABLE
