"""Parts of one upload: which count, which numbers may be used, and what a listing must be to match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sinks.s3.ledger.state import NO_CLOCK, GroupLabel, PartList, Span, UploadState
from connector.sinks.s3.ledger.upload import NO_PARTS, Limits, StoredPart, Upload, extended

GROUP = GroupLabel()


def part(number: int, size_bytes: int = 5, content: str = "c") -> StoredPart:
    return StoredPart(number, size_bytes, content)


def taken(upload: Upload, first: int, end: int) -> None:
    upload.took(Span(first, end, end - first, 10 * (end - first)), NO_CLOCK)


def new(limits: Limits | None = None) -> Upload:
    return Upload("key", "nonce", GROUP, limits or Limits())


def found(parts: PartList = NO_PARTS, reserved: int = 0, limits: Limits | None = None) -> Upload:
    state = UploadState("key", "id", "nonce", GROUP, parts=parts, durable=Span(0, 9), reserved=reserved)
    return Upload.found(state, limits or Limits(), bucket="")


# ---- the digest ----


@given(st.lists(st.integers(1, 60), unique=True).map(sorted), st.integers(0, 60))
def test_a_list_of_parts_is_the_same_however_it_was_extended(numbers: list[int], cut: int) -> None:
    parts = [part(number, number * 7, f"c{number}") for number in numbers]
    at_once = extended(NO_PARTS, parts)
    assert extended(extended(NO_PARTS, parts[:cut]), parts[cut:]) == at_once
    assert at_once.count == len(numbers)
    assert [number for number in range(62) if number in at_once] == numbers
    assert at_once.size_bytes == sum(found.size_bytes for found in parts)


def test_ranges_join_what_follows_and_show_gaps() -> None:
    assert extended(NO_PARTS, map(part, [1, 2, 3, 7, 8, 20])).numbers == ((1, 3), (7, 8), (20, 20))


@pytest.mark.parametrize(
    "others",
    [
        [part(1), part(2, 6)],
        [part(1), part(2, content="x")],
        [part(1), part(3)],
        [part(1)],
        [],
        [part(1, content=""), part(2)],
    ],
    ids=["size", "content", "number", "missing", "none", "content unknown"],
)
def test_a_listing_with_another_part_does_not_match(others: list[StoredPart]) -> None:
    upload = found(extended(NO_PARTS, [part(1), part(2)]))
    assert not upload.matches(others)


def test_a_listing_matches_in_any_order_and_with_parts_that_do_not_count() -> None:
    upload = found(extended(NO_PARTS, [part(1), part(2)]))
    assert upload.matches([part(9, 99, "of a dead worker"), part(2), part(1)])


# ---- numbers ----


def test_a_found_upload_uses_no_number_before_a_commit_reserved_some() -> None:
    upload = found(extended(NO_PARTS, [part(1)]), reserved=200)
    taken(upload, 9, 12)
    assert not upload.can_send
    with pytest.raises(AssertionError, match="no part number is reserved"):
        upload.send()
    upload.reserved = upload.claim()
    assert upload.reserved == 400
    assert upload.send().number == 201


def test_before_it_is_announced_every_number_is_free_and_the_first_claim_covers_what_was_used() -> None:
    upload = new(Limits(1000, 10))
    for offset in range(25):
        taken(upload, offset, offset + 1)
        assert upload.send().number == offset + 1
    assert upload.claim() == 35


def test_a_claim_never_takes_back_what_was_reserved_and_ends_at_the_last_number() -> None:
    upload = found(reserved=990, limits=Limits(1000, 200))
    assert upload.claim() == 1000
    upload.reserved = 1000
    assert upload.claim() == 1000
    assert upload.is_worn


def test_a_sealed_upload_reserves_no_more() -> None:
    upload = found(reserved=40)
    upload.is_sealed = True
    assert upload.claim() == 40


# ---- which parts count ----


def test_a_part_counts_only_once_those_before_it_are_stored() -> None:
    upload = new()
    taken(upload, 0, 10)
    first = upload.send()
    taken(upload, 10, 20)
    second = upload.send()
    upload.store(second, part(2))
    assert upload.stored is None
    assert upload.below(None) == (NO_PARTS, None)
    upload.store(first, part(1))
    assert upload.stored == Span(0, 20, 20, 200)
    assert [each.number for each in upload.fresh] == [1, 2]
    assert not upload.sent


def test_only_parts_that_end_at_the_cut_or_below_are_counted() -> None:
    upload = new()
    for first in (0, 10, 20):
        taken(upload, first, first + 10)
        sent = upload.send()
        upload.store(sent, part(sent.number))
    parts, durable = upload.below(25)
    assert (parts.numbers, durable) == (((1, 2),), Span(0, 20, 20, 200))
    assert upload.below(9) == (NO_PARTS, None)
    assert upload.below(10)[0].count == 1
    assert upload.below(None)[0].count == 3


def test_the_ending_of_an_object_is_a_part_without_records_that_lies_below_the_same_cut() -> None:
    upload = new()
    taken(upload, 0, 10)
    upload.store(upload.send(), part(1))
    upload.is_closing = True
    assert upload.is_complete
    ending = upload.send()
    assert not upload.is_complete
    upload.store(ending, part(2))
    assert upload.is_complete
    assert upload.below(10)[0].count == 2
    assert upload.total == Span(0, 10, 10, 100)


def test_what_an_accepted_commit_names_is_folded_and_the_rest_stays_fresh() -> None:
    upload = new(Limits(1000, 10))
    for first in (0, 10):
        taken(upload, first, first + 10)
        sent = upload.send()
        upload.store(sent, part(sent.number))
    parts, durable = upload.below(10)
    upload.fold(UploadState("key", "id", "nonce", parts=parts, durable=durable, reserved=12))
    assert (upload.parts.count, upload.durable, upload.reserved) == (1, Span(0, 10, 10, 100), 12)
    assert [each.number for each in upload.fresh] == [2]
    assert upload.stored == Span(0, 20, 20, 200)
    assert not upload.is_sealed
    upload.fold(UploadState("key", "id", "nonce", parts=upload.below(None)[0], is_sealed=True))
    assert upload.is_sealed
    # A later commit cannot take back that it may be complete.
    upload.fold(UploadState("key", "id", "nonce", parts=upload.parts))
    assert upload.is_sealed
