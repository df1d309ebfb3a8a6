"""Aggregated records, taken apart by Amazon's own module for consumers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.sinks.kinesis.aggregation import Aggregation
from connector.testing.kinesis import UserRecord, deaggregated

hash_keys = st.one_of(st.none(), st.integers(0, 2**128 - 1).map(str))
sizes = st.one_of(
    st.integers(0, 300),
    st.sampled_from([0, 1, 122, 123, 124, 125, 126, 127, 128, 129, 16_380, 16_384, 70_000]),
)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), hash_keys, st.lists(sizes, max_size=12))
def test_what_is_aggregated_is_found_by_consumers_byte_for_byte_in_order(
    partition_key: str, hash_key: str | None, lengths: list[int]
) -> None:
    aggregation = Aggregation(partition_key, hash_key)
    datas = [bytes([number % 256]) * length for number, length in enumerate(lengths)]
    size = None
    for data in datas:
        size = aggregation.size_with(data)
        aggregation.add(data)
    encoded = aggregation.encode()
    assert size is None or size == len(encoded)
    assert datas == [] or deaggregated(encoded) == [
        UserRecord(partition_key, hash_key, data) for data in datas
    ]


def test_a_record_that_is_not_aggregated_is_left_as_it_is() -> None:
    assert deaggregated(b"plain", "k") == [UserRecord("k", None, b"plain")]
