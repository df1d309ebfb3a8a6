"""What a commit may promise: the cut, what is sealed by it, and what a successor makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.sinks.s3.ledger.ledger import Dropped, Identity, Ledger
from connector.sinks.s3.ledger.state import NO_CLOCK, Clock, GroupLabel, Span, State, UploadState
from connector.sinks.s3.ledger.upload import Limits, StoredPart, Upload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.s3.ledger.ledger import Prepared

IDENTITY = Identity("topic-id", "bucket", "fingerprint")
LIMITS = Limits(100, 10)


class Writing:
    """A ledger in the hands of a writer whose S3 answers at once."""

    def __init__(
        self, committed: State | None = None, identity: Identity = IDENTITY, *, resumes: bool = True
    ) -> None:
        self.book = Ledger(identity, committed, resumes=resumes, limits=LIMITS)

    def begin(self, key: str) -> Upload:
        return self.book.begin(key, f"nonce of {key}", GroupLabel(key), NO_CLOCK)

    def take(self, upload: Upload, *offsets: int) -> None:
        for offset in offsets:
            upload.took(Span(offset, offset + 1, 1, 1), Clock(1, 2))
        self.book.advance(max(self.book.position or 0, offsets[-1] + 1))

    def send(self, upload: Upload) -> None:
        part = upload.send()
        if not upload.upload_id:
            self.book.created(upload, f"id of {upload.key}", 1)
        upload.store(part, StoredPart(part.number, 5, "c"))

    def close(self, upload: Upload) -> None:
        upload.is_closing = True
        if upload.tail or upload.is_empty:
            self.send(upload)

    def prepare(self, *tails: Upload) -> Prepared | None:
        return self.book.prepare({upload.nonce: 3 for upload in tails})

    def commit(self, *tails: Upload) -> State:
        prepared = self.prepare(*tails)
        assert prepared is not None
        assert prepared.offset == prepared.state.offset
        self.book.accepted(prepared)
        return prepared.state


def names(found: Sequence[Upload | UploadState]) -> list[str]:
    return [upload.key for upload in found]


def open_upload(key: str, first: int, end: int, **changes: object) -> UploadState:
    made = Writing()
    upload = made.begin(key)
    made.take(upload, *range(first, end))
    made.send(upload)
    (found,) = made.commit().uploads
    return replace(found, **changes)  # type: ignore[arg-type]


# ---- the cut ----


def test_nothing_is_committed_before_a_record_was_taken() -> None:
    assert Writing().prepare() is None


def test_the_tail_of_the_only_open_object_is_left_to_be_read_again() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0, 1, 2)
    w.send(upload)
    w.take(upload, 3, 4)
    assert not w.book.needs_tails
    state = w.commit()
    assert (state.cut, state.offset) == (3, 0)
    assert state.uploads[0].durable == Span(0, 3, 3, 3)
    assert state.uploads[0].tail is None


def test_an_object_that_s3_does_not_know_yet_is_not_in_a_commit() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0, 1)
    state = w.commit()
    assert (state.cut, state.offset, state.uploads) == (0, 0, ())


def test_a_part_on_its_way_holds_the_cut_at_its_first_record() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0, 1)
    w.send(upload)
    w.take(upload, 2, 3)
    upload.send()
    w.take(upload, 4)
    assert w.commit().cut == 2


def test_records_of_several_open_objects_are_committed_with_their_tails_or_from_the_lowest_of_them() -> None:
    w = Writing()
    first, second = w.begin("a"), w.begin("b")
    w.take(first, 0, 2)
    w.take(second, 1, 3)
    # Nothing durable lies across: whatever is open is read again.
    assert not w.book.needs_tails
    assert w.commit().cut == 0
    w.send(first)
    # The part holds 0 and 2, and 1 is nowhere: no cut without the tail of the other one.
    assert w.book.needs_tails
    assert w.prepare() is None
    state = w.commit(second)
    assert (state.cut, state.offset) == (4, 0)
    assert [found.tail for found in state.uploads] == [None, Span(1, 4, 2, 2)]


def test_while_a_part_is_on_its_way_no_tail_makes_up_for_it() -> None:
    w = Writing()
    first, second = w.begin("a"), w.begin("b")
    w.take(first, 0, 2)
    w.take(second, 1, 3)
    w.send(first)
    second.send()
    assert w.book.needs_tails
    assert w.prepare(first, second) is None


def test_the_cut_never_goes_back() -> None:
    w = Writing()
    first, second = w.begin("a"), w.begin("b")
    w.take(first, 0, 2)
    w.take(second, 1, 3)
    w.send(first)
    assert w.commit(second).cut == 4
    third = w.begin("c")
    w.take(third, 4, 5)
    # The saved tail starts at 1, below what is committed: it has to be saved again.
    assert w.book.needs_tails
    assert w.commit(second, third).cut == 6
    w.send(second)
    w.send(third)
    assert not w.book.needs_tails
    assert w.commit().cut == 6


# ---- sealing ----


def test_an_object_is_handed_out_once_when_a_commit_that_seals_it_was_accepted() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0, 1)
    w.close(upload)
    prepared = w.prepare()
    assert prepared is not None
    assert prepared.state.uploads[0].is_sealed
    assert not upload.is_sealed
    assert names(w.book.accepted(prepared).sealed) == ["a"]
    w.book.require_commit()
    again = w.prepare()
    assert again is not None
    assert w.book.accepted(again).sealed == []


def test_a_sealed_object_stays_in_commits_until_it_is_visible_and_holds_the_offset_of_others_back() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0, 1)
    w.close(upload)
    w.commit()
    other = w.begin("b")
    w.take(other, 2)
    w.send(other)
    state = w.commit()
    assert (names(state.uploads), state.offset) == (["a", "b"], 0)
    w.book.completed(upload)
    state = w.commit()
    assert (names(state.uploads), state.offset, state.cut) == (["b"], 2, 3)


def test_no_object_is_sealed_that_has_a_record_at_or_above_the_cut() -> None:
    w = Writing()
    whole, open_one = w.begin("a"), w.begin("b")
    w.take(open_one, 0)
    w.take(whole, 1)
    w.close(whole)
    # The cut is 0, since 0 is only in memory; 1 must not become visible.
    state = w.commit(open_one) if w.book.needs_tails else w.commit()
    for found in state.uploads:
        if found.is_sealed:
            assert state.cut is not None
            assert found.durable is not None
            assert found.durable.end <= state.cut


def test_an_object_whose_creation_was_not_answered_is_never_sealed() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0)
    part = upload.send()
    upload.store(part, StoredPart(1, 5, "c"))
    upload.is_closing = True
    assert w.commit().uploads == ()


def test_an_upload_that_was_begun_is_announced_without_the_tails_of_others() -> None:
    w = Writing()
    first, second = w.begin("a"), w.begin("b")
    w.take(first, 0, 2)
    w.take(second, 1, 3)
    w.send(first)
    w.take(second, 4)
    assert w.book.needs_tails
    announcement = w.book.prepare_announcement()
    assert announcement is not None
    assert (announcement.offset, announcement.state.cut, names(announcement.state.uploads)) == (0, 0, ["a"])
    assert announcement.state.uploads[0].is_empty
    w.book.accepted(announcement)
    assert w.book.prepare_announcement() is None
    assert [part.number for part in first.fresh] == [1], "what is stored counts with the next commit"
    assert w.commit(second).cut == 5
    successor = Writing(announcement.state)
    assert names(successor.book.uploads) == []
    prepared = successor.prepare()
    assert prepared is not None
    assert prepared.dropped == {Dropped("a", "id of a", "")}


def test_what_other_options_have_begun_stays_theirs_however_often_it_is_claimed() -> None:
    other = IDENTITY._replace(fingerprint="other")
    state = State(3, "topic-id", "bucket", "fingerprint", (open_upload("a", 0, 3),))
    claimed = Writing(state, other).commit()
    assert claimed.fingerprint == "other"
    (found,) = Writing(claimed, other).book.uploads
    assert found.is_closing


# ---- what a successor makes of it ----


def test_a_successor_does_nothing_before_a_commit_of_its_own_was_accepted() -> None:
    committed = State(3, *IDENTITY, (open_upload("a", 0, 3),))
    w = Writing(committed)
    assert not w.book.is_claimed
    assert not w.book.uploads[0].can_send
    state = w.commit()
    assert w.book.is_claimed
    assert (state.cut, state.offset) == (3, 0)
    assert state.uploads[0].reserved == committed.uploads[0].reserved + LIMITS.step
    assert w.book.uploads[0].can_send


def test_two_owners_in_turn_never_use_the_same_part_number() -> None:
    used: list[int] = []
    committed: State | None = None
    for owner in range(3):
        w = Writing(committed)
        if committed:
            w.commit()
        upload = w.book.uploads[0] if committed else w.begin("a")
        for record in range(4):
            w.take(upload, owner * 4 + record)
            used.append(upload.next_number)
            w.send(upload)
        # It dies with two more parts on their way that no commit names.
        committed = w.commit()
        for number in range(2):
            w.take(upload, owner * 4 + 4 + number)
            used.append(upload.send().number)
    assert len(set(used)) == len(used)


def test_a_commit_is_made_for_numbers_before_they_run_out() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0)
    w.send(upload)
    w.commit()
    reserved = upload.reserved
    w.take(upload, 1)
    for _ in range(LIMITS.step // 2 + 1):
        upload.next_number += 1
    assert w.prepare() is not None
    w.commit()
    assert upload.reserved > reserved


def test_an_upload_with_nothing_in_it_is_dropped_by_the_claim() -> None:
    w = Writing(State(3, *IDENTITY, (UploadState("a", "id", "nonce"),)))
    assert w.book.uploads == []
    prepared = w.prepare()
    assert prepared is not None
    assert prepared.state.uploads == ()
    assert w.book.accepted(prepared).dropped == [Dropped("a", "id")]


def test_what_is_dropped_after_a_commit_was_prepared_waits_for_the_next() -> None:
    w = Writing()
    upload, other = w.begin("a"), w.begin("b")
    w.take(upload, 0)
    w.send(upload)
    prepared = w.prepare()
    assert prepared is not None
    w.book.discard(upload)
    assert w.book.accepted(prepared).dropped == []
    w.take(other, 1)
    later = w.prepare()
    assert later is not None
    assert w.book.accepted(later).dropped == [Dropped("a", "id of a")]


def test_a_sealed_upload_is_handed_out_by_the_claim_of_whoever_finds_it() -> None:
    w = Writing(State(3, *IDENTITY, (open_upload("a", 0, 3, is_sealed=True),)))
    prepared = w.prepare()
    assert prepared is not None
    assert names(w.book.accepted(prepared).sealed) == ["a"]


def test_what_a_predecessor_left_open_is_sealed_only_once_it_is_known_to_be_there() -> None:
    """A sealed upload that is gone counts as completed: one that was aborted before would be lost."""
    w = Writing(State(3, *IDENTITY, (open_upload("a", 0, 3),)))
    (upload,) = w.book.uploads
    upload.is_closing = True
    assert not w.commit().uploads[0].is_sealed
    w.book.checked()
    assert w.commit().uploads[0].is_sealed


# ---- other options, another bucket, another topic ----


def test_other_options_or_another_bucket_end_what_is_open_where_it_began() -> None:
    committed = State(3, *IDENTITY, (open_upload("a", 0, 3),))
    for changed, bucket in (
        (IDENTITY._replace(fingerprint="other"), ""),
        (IDENTITY._replace(bucket="elsewhere"), "bucket"),
    ):
        w = Writing(committed, changed)
        (upload,) = w.book.uploads
        assert (upload.is_closing, upload.bucket) == (True, bucket)
        assert not w.commit().uploads[0].is_sealed
        w.book.checked()
        state = w.commit()
        assert (state.bucket, state.fingerprint) == (changed.bucket, changed.fingerprint)
        assert (state.uploads[0].is_sealed, state.uploads[0].bucket) == (True, bucket)


def test_a_bucket_that_is_changed_back_is_the_same_again() -> None:
    moved = Writing(
        State(3, *IDENTITY, (open_upload("a", 0, 3),)), IDENTITY._replace(bucket="elsewhere")
    ).commit()
    assert Writing(moved).book.uploads[0].bucket == ""


def test_a_saved_tail_of_other_options_is_saved_again_until_it_is_stored() -> None:
    tail = replace(open_upload("a", 0, 3), tail=Span(3, 5, 2, 2), tail_bytes=3)
    w = Writing(State(5, *IDENTITY, (tail,)), IDENTITY._replace(fingerprint="other"))
    (upload,) = w.book.uploads
    assert w.book.needs_tails
    assert w.prepare() is None
    state = w.commit(upload)
    assert (state.cut, state.uploads[0].tail, state.uploads[0].is_closing) == (5, Span(3, 5, 2, 2), True)
    w.book.checked()
    w.send(upload)
    assert w.commit().uploads[0].is_sealed


def test_an_upload_that_is_nearly_out_of_part_numbers_is_ended() -> None:
    w = Writing(State(3, *IDENTITY, (open_upload("a", 0, 3, reserved=LIMITS.last - LIMITS.step),)))
    assert w.book.uploads[0].is_closing


def test_a_topic_that_was_made_again_begins_anew_and_its_predecessor_is_finished() -> None:
    committed = State(3, *IDENTITY, (open_upload("a", 0, 3),))
    w = Writing(committed, IDENTITY._replace(topic_id="another"))
    assert w.book.is_other_topic
    w.book.detach()
    w.book.checked()
    assert w.prepare() is None
    new = w.begin("b")
    w.take(new, 0, 1)
    w.send(new)
    state = w.commit()
    assert (state.topic_id, state.cut, state.offset) == ("another", 2, 0)
    assert [(found.key, found.is_sealed) for found in state.uploads] == [("a", True), ("b", False)]


def test_brokers_that_do_not_tell_topic_ids_change_nothing() -> None:
    committed = State(3, *IDENTITY, (open_upload("a", 0, 3),))
    assert not Writing(committed, IDENTITY._replace(topic_id="")).book.is_other_topic
    assert not Writing(replace(committed, topic_id="")).book.is_other_topic


def test_what_an_earlier_topic_left_unsent_is_in_every_commit_until_it_is_stored() -> None:
    tail = replace(open_upload("a", 0, 3), tail=Span(3, 5, 2, 2), tail_bytes=3)
    w = Writing(State(5, *IDENTITY, (tail,)), IDENTITY._replace(topic_id="another"))
    w.book.detach()
    (old,) = w.book.uploads
    w.book.checked()
    new = w.begin("b")
    w.take(new, 0, 1)
    # Its records can be read nowhere any more.
    assert w.book.needs_tails
    assert w.prepare(new) is None
    state = w.commit(old, new)
    assert (state.cut, state.uploads[0].tail) == (2, Span(3, 5, 2, 2))
    part = old.send()
    assert w.prepare(new) is None
    old.store(part, StoredPart(part.number, 5, "c"))
    assert w.commit(new).uploads[0].is_sealed


def test_records_of_an_earlier_topic_that_are_on_their_way_hold_commits_of_the_new_one() -> None:
    w = Writing(resumes=False)
    old = w.begin("a")
    w.take(old, 0, 1)
    old.is_closing = True
    part = old.send()
    w.book.created(old, "id of a", 1)
    w.book.detach()
    new = w.begin("b")
    w.take(new, 0)
    assert w.prepare() is None
    old.store(part, StoredPart(part.number, 5, "c"))
    assert w.commit().uploads[0].is_sealed


# ---- formats that cannot be gone on with ----


def test_an_unfinished_object_with_a_footer_is_not_promised_and_dropped_by_a_successor() -> None:
    w = Writing(resumes=False)
    upload = w.begin("a")
    w.take(upload, 0, 1, 2)
    w.send(upload)
    state = w.commit()
    assert (state.cut, state.offset) == (0, 0)
    assert state.uploads[0].is_empty
    next_one = Writing(state, resumes=False)
    prepared = next_one.prepare()
    assert prepared is not None
    assert next_one.book.accepted(prepared).dropped == [Dropped("a", "id of a")]


def test_objects_with_a_footer_whose_records_are_mixed_are_sealed_together() -> None:
    w = Writing(resumes=False)
    whole, other = w.begin("a"), w.begin("b")
    w.take(other, 0)
    w.take(whole, 1, 3)
    w.take(other, 2)
    w.close(whole)
    assert w.book.straddles
    state = w.commit()
    assert state.cut == 0
    assert not any(found.is_sealed for found in state.uploads)
    w.close(other)
    state = w.commit()
    assert state.cut == 4
    assert all(found.is_sealed for found in state.uploads)


def test_whole_objects_with_a_footer_below_an_open_one_are_sealed() -> None:
    w = Writing(resumes=False)
    whole, other = w.begin("a"), w.begin("b")
    w.take(whole, 0, 1)
    w.close(whole)
    w.take(other, 2)
    assert not w.book.straddles
    state = w.commit()
    assert (state.cut, state.offset) == (2, 0)
    assert [found.is_sealed for found in state.uploads] == [True]


def test_objects_with_a_footer_that_are_closing_are_waited_for_without_ending_others() -> None:
    w = Writing(resumes=False)
    whole, closing = w.begin("a"), w.begin("b")
    w.take(whole, 0, 2)
    w.take(closing, 1)
    w.close(whole)
    closing.is_closing = True
    w.take(w.begin("c"), 3)
    assert not w.book.straddles
    w.close(closing)
    assert [found.is_sealed for found in w.commit().uploads] == [True, True]


# ---- prepare and accepted ----


def test_nothing_new_is_not_committed_unless_it_is_asked_for() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0)
    w.send(upload)
    w.commit()
    assert w.prepare() is None
    w.book.require_commit()
    assert w.prepare() is not None
    w.commit()
    assert w.prepare() is None


def test_a_commit_that_was_refused_changes_nothing_but_the_numbers_that_may_be_used() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0)
    w.send(upload)
    refused = w.prepare()
    assert refused is not None
    assert w.book.committed == State()
    assert upload.parts.count == 0
    # Kafka may have taken it all the same: a successor would use higher numbers.
    assert upload.reserved == refused.state.uploads[0].reserved < LIMITS.last
    assert w.commit().uploads == refused.state.uploads


def test_what_became_of_an_upload_while_a_commit_was_under_way_is_in_the_next_one() -> None:
    w = Writing()
    upload = w.begin("a")
    w.take(upload, 0)
    w.send(upload)
    prepared = w.prepare()
    assert prepared is not None
    w.take(upload, 1)
    w.close(upload)
    assert names(w.book.accepted(prepared).sealed) == []
    assert upload.durable == Span(0, 1, 1, 1)
    state = w.commit()
    assert (state.cut, state.uploads[0].parts.numbers, state.uploads[0].is_sealed) == (2, ((1, 2),), True)


def test_an_upload_that_was_created_after_its_object_was_given_up_is_dropped() -> None:
    w = Writing()
    upload, other = w.begin("a"), w.begin("b")
    w.book.discard(upload)
    w.book.created(upload, "late", 1)
    w.take(other, 0)
    prepared = w.prepare()
    assert prepared is not None
    assert w.book.accepted(prepared).dropped == [Dropped("a", "late")]


def test_a_format_with_a_footer_ends_what_another_has_left_open_and_loses_nothing_of_it() -> None:
    other = IDENTITY._replace(fingerprint="parquet")
    for tail in (None, Span(3, 5, 2, 2)):
        left = replace(open_upload("a", 0, 3), tail=tail, tail_bytes=3 if tail else 0)
        w = Writing(State(5 if tail else 3, *IDENTITY, (left,)), other, resumes=False)
        (old,) = w.book.uploads
        new = w.begin("b")
        w.take(new, 5, 6)
        assert w.book.needs_tails == bool(tail)
        state = w.commit(*([old, new] if tail else []))
        assert state.cut == 5
        kept = state.uploads[0]
        assert (kept.durable, kept.tail, kept.parts.count) == (left.durable, tail, 1)
        assert len(state.uploads) == 1
        w.book.checked()
        if tail:
            w.send(old)
        assert w.commit().uploads[0].is_sealed
