from __future__ import annotations

import msgspec

from connector.demo.events import Event, EventStream, event_id, event_number
from connector.demo.pace import PartitionPace, partition_of


def test_events_are_numbered_without_gaps_across_takes() -> None:
    stream = EventStream(seed=1)
    values = [message.value for count in (3, 1, 120) for message in stream.take(count)]
    assert [event_number(msgspec.json.decode(value, type=Event).id) for value in values] == list(range(124))
    assert stream.produced == 124


def test_an_id_gives_its_number_back() -> None:
    assert event_number(event_id(1_999_999)) == 1_999_999


def test_an_event_is_keyed_by_its_user() -> None:
    for message in EventStream(seed=2).take(50):
        assert msgspec.json.decode(message.value, type=Event).user == message.key.decode()


def test_only_what_costs_something_has_an_amount() -> None:
    events = [msgspec.json.decode(message.value, type=Event) for message in EventStream(seed=3).take(500)]
    assert {event.type for event in events if event.amount is not None} == {"cart_filled", "order_placed"}
    assert all((event.amount is None) == (event.currency is None) for event in events)


def test_users_spread_evenly_enough_that_no_partition_fills_alone() -> None:
    paces = [PartitionPace() for _ in range(4)]
    for message in EventStream(seed=4).take(20_000):
        paces[partition_of(message.key, 4)].produced(1, message.size_bytes)
    sizes = [pace.outstanding_bytes for pace in paces]
    assert max(sizes) < 1.25 * sum(sizes) / 4
