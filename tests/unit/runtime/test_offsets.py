from __future__ import annotations

import pytest

from connector.record import RecordBatch, TopicPartition
from connector.runtime.offsets import Offsets
from connector.testing.contract.sinks import batch_of

PARTITION = TopicPartition("t", 0)
OTHER = TopicPartition("t", 1)


@pytest.fixture
def offsets() -> Offsets:
    offsets = Offsets()
    offsets.own([PARTITION])
    return offsets


def put(offsets: Offsets, *of: int) -> RecordBatch | None:
    return offsets.take(batch_of(PARTITION, *of), offsets.epoch(PARTITION))


def test_a_batch_of_a_partition_that_is_not_owned_is_not_put(offsets: Offsets) -> None:
    assert offsets.take(batch_of(OTHER, 0), offsets.epoch(OTHER)) is None


def test_records_that_were_put_before_are_cut_off(offsets: Offsets) -> None:
    put(offsets, 0, 1, 2)
    fresh = put(offsets, 1, 2, 3, 4)
    assert fresh is not None
    assert fresh.offsets == [3, 4]
    assert fresh.next_offset == 5


def test_a_batch_that_was_put_as_a_whole_is_nothing_new(offsets: Offsets) -> None:
    put(offsets, 0, 1, 2)
    assert put(offsets, 0, 1, 2) is None


def test_a_gap_in_the_offsets_is_no_matter(offsets: Offsets) -> None:
    put(offsets, 0, 1)
    batch = batch_of(PARTITION, 7, 9)
    assert offsets.take(batch, offsets.epoch(PARTITION)) is batch


def test_only_what_is_durable_and_new_is_committed(offsets: Offsets) -> None:
    put(offsets, 0, 1, 2)
    assert offsets.to_commit({PARTITION: 2}) == {PARTITION: 2}
    offsets.committed({PARTITION: 2})
    assert offsets.to_commit({PARTITION: 2}) == {}
    assert offsets.to_commit({PARTITION: 3}) == {PARTITION: 3}


def test_a_sink_that_claims_more_than_it_was_given_is_a_defect(offsets: Offsets) -> None:
    put(offsets, 0, 1, 2)
    with pytest.raises(AssertionError, match="durable up to 4"):
        offsets.to_commit({PARTITION: 4})


def test_nothing_is_committed_for_a_partition_that_moved_away(offsets: Offsets) -> None:
    put(offsets, 0)
    offsets.disown([PARTITION])
    assert offsets.to_commit({PARTITION: 1}) == {}


def test_a_partition_that_comes_back_is_another_epoch_and_starts_anew(offsets: Offsets) -> None:
    first = offsets.epoch(PARTITION)
    put(offsets, 0, 1)
    offsets.disown([PARTITION])
    offsets.own([PARTITION])
    assert offsets.to_commit({PARTITION: 2}) == {}
    batch = batch_of(PARTITION, 0, 1)
    assert offsets.take(batch, first) is None
    assert offsets.take(batch, offsets.epoch(PARTITION)) is batch


def test_what_is_put_and_not_committed_is_counted(offsets: Offsets) -> None:
    put(offsets, *range(10))
    offsets.committed({PARTITION: 4})
    assert offsets.uncommitted(PARTITION) == 6


def test_where_reading_began_is_not_committed_as_if_it_were_progress(offsets: Offsets) -> None:
    put(offsets, 7, 8)
    assert offsets.to_commit({PARTITION: 7}) == {}
    assert offsets.to_commit({PARTITION: 8}) == {PARTITION: 8}


def test_going_back_within_an_assignment_is_a_reset(offsets: Offsets) -> None:
    epoch = offsets.epoch(PARTITION)
    put(offsets, 0, 1, 2)
    assert offsets.is_reset(batch_of(PARTITION, 0), epoch)
    assert not offsets.is_reset(batch_of(PARTITION, 3), epoch)
    assert not offsets.is_reset(batch_of(OTHER, 0), epoch)


def test_after_a_reset_everything_is_put_and_committed_again(offsets: Offsets) -> None:
    epoch = offsets.epoch(PARTITION)
    put(offsets, 0, 1, 2)
    offsets.committed({PARTITION: 3})
    offsets.restart(PARTITION)
    assert offsets.epoch(PARTITION) == epoch
    assert put(offsets, 0, 1) is not None
    assert offsets.to_commit({PARTITION: 2}) == {PARTITION: 2}
