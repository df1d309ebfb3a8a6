from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.demo.events import EventStream, Message
from connector.demo.pace import LIMIT_BYTES, RECORD_OVERHEAD_BYTES, Pace, PartitionPace, partition_of


def test_a_batch_counts_until_its_last_record_is_committed() -> None:
    pace = PartitionPace()
    pace.produced(10, 1000)
    pace.produced(5, 500)
    pace.committed(9)
    assert pace.outstanding_bytes == 1500
    pace.committed(10)
    assert pace.outstanding_bytes == 500
    pace.committed(15)
    assert pace.outstanding_bytes == 0


def test_records_of_one_key_keep_their_order_in_one_partition() -> None:
    messages = EventStream(seed=1).take(1_000)
    found = Pace(4).sort(messages)
    assert sum(map(len, found)) == 1_000
    for partition, sorted_ in enumerate(found):
        assert sorted_ == [message for message in messages if partition_of(message.key, 4) == partition]


def test_the_fullest_partition_decides_about_room() -> None:
    pace = Pace(4)
    key = b"user-1"
    pace.sort([Message(key, b"x" * (LIMIT_BYTES // 2))])
    assert pace.has_room(LIMIT_BYTES // 2 - RECORD_OVERHEAD_BYTES - len(key))
    assert not pace.has_room(LIMIT_BYTES // 2)
    pace.committed({partition_of(key, 4): 1})
    assert pace.has_room(LIMIT_BYTES)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 400)), max_size=30))
def test_what_is_not_committed_never_counts_for_less_than_it_is(steps: list[tuple[int, int]]) -> None:
    pace, sizes = PartitionPace(), []
    committed = 0
    for records, commit in steps:
        sizes += [100] * records
        pace.produced(records, 100 * records)
        committed = max(committed, min(commit, len(sizes)))
        pace.committed(committed)
        assert pace.outstanding_bytes >= sum(sizes[committed:])
    pace.committed(len(sizes))
    assert pace.outstanding_bytes == 0
