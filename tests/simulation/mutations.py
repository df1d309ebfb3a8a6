"""The protocol with one rule left out, in the real code: each mutation must be caught by some schedule.

python tests/simulation/mutations.py                 every mutation: what catches it, after how many schedules
python tests/simulation/mutations.py --only NAME     one, with the trace of the schedule that catches it
python tests/simulation/mutations.py --runs 2000     more schedules in each world
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from connector.errors import AccessError
from connector.runtime.commits import Commits
from connector.runtime.offsets import Offsets
from connector.sinks.base import BEGINNING
from connector.sinks.s3 import store as store_module
from connector.sinks.s3.ledger.encoding import encode_object
from connector.sinks.s3.ledger.ledger import Ledger
from connector.sinks.s3.ledger.state import PartList, State, UploadState
from connector.sinks.s3.ledger.upload import StoredPart, Upload
from connector.sinks.s3.ledger_writer import LedgerWriter
from connector.sinks.s3.partition_ledger import PartitionLedger
from connector.sinks.s3.sink import S3Sink
from connector.sinks.s3.store import Completion, ObjectStore
from connector.sinks.s3.two_phase import TwoPhaseUpload
from connector.testing.simulation.clock import Names
from connector.testing.simulation.kafka import SimulatedConsumer
from connector.testing.simulation.schedule import RandomSchedule, played
from connector.testing.simulation.setups import SETUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Mutation(NamedTuple):
    """One rule left out.

    Attributes:
        rule: What the protocol says.
        worlds: Where to look for what happens without it.
        patches: What is put in the place of what: owner, attribute, replacement.
    """

    rule: str
    worlds: Sequence[str]
    patches: Callable[[], list[tuple[Any, str, Any]]]


def _complete_first() -> list[tuple[Any, str, Any]]:
    async def finished(self: TwoPhaseUpload) -> None:
        await self._sent.wait()
        await asyncio.gather(*self._sending)
        self.entry.parts, self.entry.durable = self.entry.below(None)
        self.entry.fresh = []
        await self._home.complete(self)

    return [(TwoPhaseUpload, "finished", finished)]


def _no_tails() -> list[tuple[Any, str, Any]]:
    cut = Ledger._cut
    return [(Ledger, "_cut", lambda self: (cut(self)[0], False))]


def _cut_at_position() -> list[tuple[Any, str, Any]]:
    return [(Ledger, "_cut", lambda self: (self.position, False))]


def _cut_goes_back() -> list[tuple[Any, str, Any]]:
    cut = Ledger._cut

    def lower(self: Ledger) -> tuple[int | None, bool]:
        committed, self.committed = self.committed, replace(self.committed, cut=None)
        try:
            return cut(self)
        finally:
            self.committed = committed

    return [(Ledger, "_cut", lower)]


def _used_numbers() -> list[tuple[Any, str, Any]]:
    found = Upload.found

    def again(*args: Any, **options: Any) -> Upload:
        upload = found(*args, **options)
        upload.next_number = max((last for _, last in upload.parts.numbers), default=0) + 1
        return upload

    return [(Upload, "found", again)]


def _late_claim() -> list[tuple[Any, str, Any]]:
    found = Upload.found

    def unclaimed(*args: Any, **options: Any) -> Upload:
        upload = found(*args, **options)
        upload.reserved = min(upload.reserved + upload.limits.step, upload.limits.last)
        return upload

    async def claim(self: PartitionLedger) -> None:
        self.book.is_claimed, self.book._must_commit = True, False

    return [(Upload, "found", unclaimed), (PartitionLedger, "claim", claim)]


def _gone_is_done() -> list[tuple[Any, str, Any]]:
    async def was_completed(self: PartitionLedger, entry: Upload) -> bool:
        return True

    return [(PartitionLedger, "_was_completed", was_completed)]


def _there_is_ours() -> list[tuple[Any, str, Any]]:
    complete = PartitionLedger.complete

    async def trusting(self: PartitionLedger, upload: TwoPhaseUpload) -> None:
        if upload.entry.next_number > upload.entry.reserved and await _is_there(self.store, upload.entry.key):
            self.book.completed(upload.entry)
            self._uploads.pop(upload.entry, None)
            return
        await complete(self, upload)

    return [(PartitionLedger, "complete", trusting)]


async def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        await store._call("HeadObject", "head_object", key)
    except AccessError:
        return False
    return True


def _old_decisions() -> list[tuple[Any, str, Any]]:
    commit = SimulatedConsumer.commit

    async def whenever(self: SimulatedConsumer, offsets: Any, is_current: Any) -> Any:
        return await commit(self, offsets, lambda _: True)

    return [(SimulatedConsumer, "commit", whenever)]


def _kept_state() -> list[tuple[Any, str, Any]]:
    async def drop(self: S3Sink, partitions: Any) -> None: ...

    return [(S3Sink, "drop", drop), (Offsets, "disown", lambda self, partitions: None)]


def _abort_on_loss() -> list[tuple[Any, str, Any]]:
    abort = TwoPhaseUpload.abort

    async def everything(self: TwoPhaseUpload) -> None:
        await abort(self)
        if self.entry.upload_id and self.entry.is_announced:
            await self._home.store.abort_upload(self.key, self.entry.upload_id)

    return [(TwoPhaseUpload, "abort", everything)]


class _Equal(PartList):
    """Whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = PartList.__hash__


def _no_digest() -> list[tuple[Any, str, Any]]:
    def matches(self: Upload, listing: Any) -> bool:
        return len([part for part in listing if part.number in self.parts]) == self.parts.count

    return [(Upload, "matches", matches), (store_module, "extended", lambda *_: _Equal())]


def _old_etags() -> list[tuple[Any, str, Any]]:
    once = ObjectStore._complete_once

    async def complete(self: ObjectStore, *args: Any) -> Completion:
        outcome = await once(self, *args)
        if outcome is Completion.CHANGED:
            raise AccessError("InvalidPart")
        return outcome

    return [(ObjectStore, "_complete_once", complete)]


def _forgotten_seal() -> list[tuple[Any, str, Any]]:
    frozen = Ledger._frozen

    def forgetful(self: Ledger, upload: Upload, *args: Any) -> UploadState | None:
        return None if upload in self._handed_out else frozen(self, upload, *args)

    return [(Ledger, "_frozen", forgetful)]


def _unanswered_parts() -> list[tuple[Any, str, Any]]:
    add_part = TwoPhaseUpload.add_part

    def counted(self: TwoPhaseUpload, body: bytes) -> None:
        add_part(self, body)
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        part = self.entry.sent[-1]
        self.entry.store(part, StoredPart(part.number, len(body), digest))

    return [(TwoPhaseUpload, "add_part", counted)]


def _state_after_commit() -> list[tuple[Any, str, Any]]:
    put_state, accepted = ObjectStore.put_state, PartitionLedger.accepted
    waiting: list[tuple[ObjectStore, str, bytes]] = []

    async def later(self: ObjectStore, key: str, body: bytes) -> None:
        waiting.append((self, key, body))

    def then(self: PartitionLedger, *args: Any) -> None:
        accepted(self, *args)
        for each in [each for each in waiting if each[0] is self.store]:
            waiting.remove(each)
            self.context.spawn(put_state(*each))

    return [(ObjectStore, "put_state", later), (PartitionLedger, "accepted", then)]


def _same_name() -> list[tuple[Any, str, Any]]:
    def uuid4(self: Any) -> Any:
        self.hex = "state"
        return self

    return [(Names, "uuid4", uuid4)]


def _old_tails() -> list[tuple[Any, str, Any]]:
    encode = encode_object

    def shorter(state: State, tails: Any) -> bytes:
        return encode(state, {nonce: b"0" * len(tail) for nonce, tail in tails.items()})

    from connector.sinks.s3 import partition_ledger  # noqa: PLC0415 - the module, not what it imports

    return [(partition_ledger, "encode_object", shorter)]


def _unconfirmed_stop() -> list[tuple[Any, str, Any]]:
    async def confirm(self: PartitionLedger) -> None: ...

    return [(PartitionLedger, "confirm", confirm)]


def _kept_empty() -> list[tuple[Any, str, Any]]:
    def find(self: Ledger, state: UploadState) -> None:
        upload = Upload.found(state, self._limits, bucket="")
        self._uploads.append(upload)

    return [(Ledger, "_find", find)]


def _short_parts() -> list[tuple[Any, str, Any]]:
    stored = LedgerWriter.stored

    async def sends_tails(self: LedgerWriter) -> None:
        for found in self._open.values():
            if isinstance(found.upload, TwoPhaseUpload) and found.tail_bytes and found.upload.can_add:
                found.end_frame()
                found.upload.add_part(found.take_tail())
                await found.upload.settled()
        await stored(self)

    return [(LedgerWriter, "stored", sends_tails)]


def _never_worn() -> list[tuple[Any, str, Any]]:
    return [(Upload, "is_worn", property(lambda self: False))]


class _Every(dict[Any, int]):
    """Of every group."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: object) -> int:
        return min(self.values())


def _all_groups() -> list[tuple[Any, str, Any]]:
    again = LedgerWriter._encode_again

    def everything(self: LedgerWriter, batch: Any, now: Any, rewrite: Any) -> Any:
        return again(self, batch, now, replace(rewrite, groups=_Every(rewrite.groups)))

    return [(LedgerWriter, "_encode_again", everything)]


def _no_rejoin() -> list[tuple[Any, str, Any]]:
    async def go_on(self: Commits, error: Exception) -> None:
        self.request()

    return [(Commits, "_go_on_after", go_on)]


def _later_offset() -> list[tuple[Any, str, Any]]:
    return [(State, "offset", property(lambda self: self.cut))]


def _refused_is_accepted() -> list[tuple[Any, str, Any]]:
    commit = SimulatedConsumer._commit_current

    async def taken(self: SimulatedConsumer, offsets: Any, is_current: Any) -> Any:
        try:
            return await commit(self, offsets, is_current)
        except Exception:  # noqa: BLE001 - the mutation
            return offsets

    return [(SimulatedConsumer, "_commit_current", taken)]


def _early_epoch() -> list[tuple[Any, str, Any]]:
    seek = SimulatedConsumer.seek

    async def begins_first(self: SimulatedConsumer, partition: Any, is_current: Any, begin: Any) -> None:
        offset = await begin()

        async def begun() -> Any:
            return offset

        await seek(self, partition, lambda: True, begun)

    return [(SimulatedConsumer, "seek", begins_first)]


def _parts_by_count() -> list[tuple[Any, str, Any]]:
    def known_parts(self: TwoPhaseUpload, wanted: PartList) -> Any:
        if wanted.count != len(self._stored):
            return None
        return [self._stored[number] for number in sorted(self._stored)]

    def is_complete(self: Upload) -> bool:
        return self.is_closing and not self.sent and self.tail is None

    return [(TwoPhaseUpload, "known_parts", known_parts), (Upload, "is_complete", property(is_complete))]


def _old_batches() -> list[tuple[Any, str, Any]]:
    async def put(self: LedgerWriter, batch: Any) -> None:
        await self._ready.wait()
        if self._rewrite:
            batch = await self._write_again(batch, self._rewrite)
        await self._put(batch)

    return [(LedgerWriter, "put", put)]


def _early_seal() -> list[tuple[Any, str, Any]]:
    frozen = Ledger._frozen

    def above(self: Ledger, upload: Upload, cut: int | None, *args: Any) -> UploadState | None:
        if upload.is_complete and upload.upload_id and self._resumes:
            return frozen(self, upload, None if cut is None else sys.maxsize, *args)
        return frozen(self, upload, cut, *args)

    return [(Ledger, "_frozen", above)]


def _same_topic() -> list[tuple[Any, str, Any]]:
    def start(self: PartitionLedger) -> int | None:
        head = self._reference.state if self._reference else self.book.committed
        return head.cut if head.cut is not None else self._found.offset if self._found else None

    return [
        (Ledger, "is_other_topic", property(lambda self: False)),
        (PartitionLedger, "start", property(start)),
    ]


def _same_options() -> list[tuple[Any, str, Any]]:
    from connector.sinks.s3.config import S3Config  # noqa: PLC0415 - of this mutation alone

    return [(S3Config, "fingerprint", property(lambda self: "same"))]


def _no_straddle() -> list[tuple[Any, str, Any]]:
    return [(Ledger, "_lowered", lambda self, cut: cut)]


def _start_at_offset() -> list[tuple[Any, str, Any]]:
    def start(self: PartitionLedger) -> int | None:
        return self._found.offset if self._found else BEGINNING

    return [(PartitionLedger, "start", property(start))]


_PLAIN = ("one group", "two groups", "two groups, large", "one group, large")
_GROUPS = ("two groups", "two groups, large", "three groups, large batches", "two groups by age")
_OUT = ("outside", "outside, one group", "outside, wall clock")

MUTATIONS = {
    "complete-first": Mutation("completed only after the commit that seals it", _PLAIN, _complete_first),
    "no-tails": Mutation("a cut at the position needs the tails saved", _GROUPS, _no_tails),
    "cut-at-position": Mutation("the cut is no higher than what is stored", _PLAIN, _cut_at_position),
    "cut-goes-back": Mutation("the cut never goes back", _GROUPS, _cut_goes_back),
    "used-numbers": Mutation(
        "a successor starts above what was reserved", ("one long object",), _used_numbers
    ),
    "late-claim": Mutation(
        "a takeover commits its range of numbers before it uses it", ("one long object",), _late_claim
    ),
    "gone-is-done": Mutation("gone, absent and old is not taken for completed", _OUT, _gone_is_done),
    "there-is-ours": Mutation("an object is ours only by its nonce", ("foreign objects",), _there_is_ours),
    "old-decisions": Mutation(
        "what was decided in an earlier epoch is not committed", _PLAIN, _old_decisions
    ),
    "kept-state": Mutation("loss and revocation destroy the state", _PLAIN, _kept_state),
    "abort-on-loss": Mutation("what was announced is not aborted when lost", _PLAIN, _abort_on_loss),
    "no-digest": Mutation("parts are compared before they are completed", _OUT, _no_digest),
    "old-etags": Mutation("parts that changed are listed anew", ("encrypted by a key",), _old_etags),
    "forgotten-seal": Mutation(
        "a sealed upload stays until it is known to be completed", _PLAIN, _forgotten_seal
    ),
    "unanswered-parts": Mutation("a part counts when its answer came", _PLAIN, _unanswered_parts),
    "state-after-commit": Mutation(
        "a state object is stored before the commit", _GROUPS, _state_after_commit
    ),
    "same-name": Mutation("the name of a state object is used once", _GROUPS, _same_name),
    "wrong-tails": Mutation("tails are saved as they are", _GROUPS, _old_tails),
    "unconfirmed-stop": Mutation(
        "what looks wrong counts only after a commit", ("two groups, large",), _unconfirmed_stop
    ),
    "kept-empty": Mutation("an upload without parts and tail is dropped", _PLAIN, _kept_empty),
    "short-parts": Mutation("a part below the minimum seals its upload", _PLAIN, _short_parts),
    "never-worn": Mutation("an upload retires before its numbers end", ("few part numbers",), _never_worn),
    "all-groups": Mutation("a vanished upload is written again from its own group", _OUT, _all_groups),
    "no-rejoin": Mutation("an unanswered commit ends the membership", _PLAIN, _no_rejoin),
    "later-offset": Mutation("the offset is the first that is not visible", _PLAIN, _later_offset),
    "refused-is-accepted": Mutation("nothing follows from a refused commit", _PLAIN, _refused_is_accepted),
    "early-epoch": Mutation("no poll comes between an epoch and its seek", _OUT, _early_epoch),
    "parts-by-count": Mutation("parts are compared by number", ("json, other options",), _parts_by_count),
    "old-batches": Mutation("what waited through a rewind is dropped", _OUT, _old_batches),
    "early-seal": Mutation("nothing is sealed that reaches above the cut", _GROUPS, _early_seal),
    "same-topic": Mutation("a topic is known by its id", ("made again", "made again, groups"), _same_topic),
    "same-options": Mutation("other options end what is open", ("json, other options",), _same_options),
    "cut-through": Mutation("of formats with a footer no object is cut", ("parquet, groups",), _no_straddle),
    "start-at-offset": Mutation("reading begins at the cut, not at the offset", _GROUPS, _start_at_offset),
}


_ORIGINALS = {
    mutation.rule: [(owner, name, vars(owner)[name]) for owner, name, _ in mutation.patches()]
    for mutation in MUTATIONS.values()
}


@contextmanager
def applied(mutation: Mutation) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, replacement in mutation.patches():
            stack.enter_context(patch.object(owner, name, replacement))
        yield


class Catch(NamedTuple):
    """The first schedule that shows what a rule is for."""

    world: str
    seed: int
    schedules: int
    violation: str
    trace: list[str]


def _is_kept_without(mutation: Mutation, world: str, seed: int) -> bool:
    """The schedule breaks nothing where the code is as it is."""
    with ExitStack() as stack:
        for owner, name, original in _ORIGINALS[mutation.rule]:
            stack.enter_context(patch.object(owner, name, original))
        return not played(SETUPS[world], RandomSchedule(seed), seed).violation


def hunt(name: str, runs: int) -> Catch | None:
    """Random schedules, in turns over the worlds of the mutation, until one breaks the promise."""
    mutation, schedules = MUTATIONS[name], 0
    with applied(mutation):
        for seed in range(runs):
            for world in mutation.worlds:
                schedules += 1
                outcome = played(SETUPS[world], RandomSchedule(seed), seed)
                if outcome.violation and _is_kept_without(mutation, world, seed):
                    return Catch(world, seed, schedules, outcome.violation, outcome.trace)
    return None


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=1500, help="schedules in each world")
    options.add_argument("--only", choices=MUTATIONS)
    given = options.parse_args()
    missed = 0
    for name in [given.only] if given.only else MUTATIONS:
        started = time.perf_counter()
        found = hunt(name, given.runs)
        seconds = time.perf_counter() - started
        if found is None:
            missed += 1
            print(f"{name:20} NOT CAUGHT in {seconds:.0f} s", flush=True)
            continue
        if given.only:
            print(*found.trace, sep="\n")
        print(
            f"{name:20} caught in {found.world!r} by seed {found.seed}, schedule {found.schedules}:"
            f" {found.violation.splitlines()[0][:110]}",
            flush=True,
        )
    return missed


if __name__ == "__main__":
    sys.exit(main())
