from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from connector.demo.tally import Tally


def test_everything_once_adds_up() -> None:
    tally = Tally()
    tally.add(range(500, 1000))
    tally.add(range(500))
    assert (tally.found, tally.duplicates, tally.missing(1000), tally.strangers(1000)) == (1000, 0, 0, 0)


def test_nothing_found_is_all_missing() -> None:
    assert Tally().missing(7) == 7


def test_one_event_found_a_thousand_times_is_999_duplicates() -> None:
    tally = Tally()
    tally.add([0] * 1000)
    assert (tally.found, tally.duplicates) == (1, 999)


@given(st.lists(st.integers(0, 60)), st.integers(0, 50))
def test_counts_are_those_of_a_plain_counter(numbers: list[int], produced: int) -> None:
    tally, counts = Tally(), Counter(numbers)
    tally.add(numbers)
    assert tally.found == len(counts)
    assert tally.duplicates == sum(counts.values()) - len(counts)
    assert tally.missing(produced) == sum(number not in counts for number in range(produced))
    assert tally.strangers(produced) == sum(number >= produced for number in counts)
