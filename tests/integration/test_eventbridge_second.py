"""The bus of version 2, against a server made of its published model; nobody here has met the real one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from connector.errors import AccessError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.eventbridge import EventBridgeConfig, EventBridgeSink
from connector.testing.second_bus import SecondBus
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

ORDERS = TopicPartition("orders", 0)


@pytest.fixture
async def bus() -> AsyncIterator[SecondBus]:
    async with SecondBus() as server:
        yield server


def running(bus: SecondBus, **options: str) -> AbstractAsyncContextManager[EventBridgeSink]:
    raw = {
        "aws.access.key.id": "nobody",
        "aws.secret.access.key": "nothing",
        "aws.eventbridge.version": "2",
        "aws.eventbridge.bus": bus.arn,
        "aws.eventbridge.endpoint": bus.url,
        **{f"aws.eventbridge.{name.replace('_', '.')}": value for name, value in options.items()},
    }
    return running_in_task(EventBridgeSink(EventBridgeConfig.parse(raw)), [ORDERS], topics=["orders"])


def batch(count: int, start: int = 0) -> RecordBatch:
    places = range(start, start + count)
    return RecordBatch.of(
        ORDERS, [Record(place, f"k{place % 3}", {"n": place}, 1_700_000_000_000, []) for place in places]
    )


async def test_events_go_a_hundred_at_a_time_with_group_and_deduplication_id(bus: SecondBus) -> None:
    async with running(bus, event_group_id="{{key}}", resources="arn:{{key}}") as sink:
        await sink.put(batch(250))
        await sink.close([ORDERS])
        assert sink.committable() == {ORDERS: 250}
    assert [len(request["Entries"]) for request in bus.requests] == [100, 100, 50]
    assert "DeduplicationConfiguration" not in bus.requests[0]
    places = [json.loads(entry["Detail"])["offset"] for entry in bus.stored]
    assert sorted(places) == list(range(250))
    for place, entry in zip(places, bus.stored, strict=True):
        assert entry["SystemMetadata"] == {
            "EventGroupId": f"k{place % 3}",
            "DeduplicationId": f"orders-0-{place}",
        }
        assert entry["Resources"] == [f"arn:k{place % 3}"]
        assert entry["Source"] == "kafka-connect.test"
        assert entry["Time"].timestamp() == 1_700_000_000


async def test_what_is_sent_again_by_another_life_is_recognised(bus: SecondBus) -> None:
    for _ in range(2):
        async with running(bus) as sink:
            await sink.put(batch(30))
            await sink.close([ORDERS])
    assert len(bus.stored) == bus.deduplicated == 30


async def test_the_bus_may_compare_contents_or_nothing(bus: SecondBus) -> None:
    async with running(bus, deduplication_id="content") as sink:
        await sink.put(batch(1))
        await sink.close([ORDERS])
    async with running(bus, deduplication_id="none") as sink:
        await sink.put(batch(1))
        await sink.close([ORDERS])
    by_content, not_at_all = bus.requests
    assert by_content["DeduplicationConfiguration"] == {"DeduplicationType": "CONTENT_BASED"}
    assert "DeduplicationConfiguration" not in not_at_all
    assert not any("SystemMetadata" in entry for entry in bus.stored)


async def test_ids_that_are_too_long_are_hashed(bus: SecondBus) -> None:
    async with running(bus, event_group_id="x" * 200, deduplication_id="ä {{offset}}") as sink:
        await sink.put(batch(2))
        await sink.close([ORDERS])
    first, second = (entry["SystemMetadata"] for entry in bus.stored)
    assert first["EventGroupId"] == second["EventGroupId"]
    assert first["DeduplicationId"] != second["DeduplicationId"]


async def test_entries_that_fail_for_now_are_sent_again(bus: SecondBus) -> None:
    bus.failures = ["ThrottlingException", "InternalException", "InternalFailure"]
    async with running(bus) as sink:
        await sink.put(batch(10))
        await sink.close([ORDERS])
    assert sorted(json.loads(entry["Detail"])["offset"] for entry in bus.stored) == list(range(10))
    assert len(bus.requests[1]["Entries"]) <= 3


async def test_a_bus_that_is_not_there_or_not_ready_is_found_at_start(bus: SecondBus) -> None:
    bus.arn = bus.arn.replace("/shop/", "/other/")
    async with running(bus):
        pass
    missing = SecondBus()
    missing.url, missing.arn = bus.url, bus.arn.replace("/other/", "/gone/")
    with pytest.raises(AccessError, match="does not exist"):
        async with running(missing):
            pass
    for state, error in (("CREATING", RetriableError), ("CREATE_FAILED", AccessError)):
        bus.state = state
        with pytest.raises(error):
            async with running(bus):
                pass
