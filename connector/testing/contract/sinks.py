"""The suite that every sink must pass; subclass it, say how to make the sink and how to read back.

::

    class TestMySink(SinkContract):
        sink_class = MySink

        def options(self) -> dict[str, str]:
            return {"my.path": str(self.path)}

        async def stored(self) -> dict[TopicPartition, list[bytes]]:
            return read_back(self.path)
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import pytest

from connector.record import Record, RecordBatch, TopicPartition
from connector.testing.sink import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connector.sinks.base import Sink

_SETTLE_SECONDS = 60.0
FIRST = TopicPartition("orders", 0)
SECOND = TopicPartition("orders", 1)


def batch_of(partition: TopicPartition, *offsets: int) -> RecordBatch:
    """Records whose values tell where they are from, e.g. ``orders-0@17``."""
    return RecordBatch.of(
        partition,
        [
            Record(
                offset, f"key-{offset}".encode(), value_at(partition, offset), 1_700_000_000_000 + offset, []
            )
            for offset in offsets
        ],
    )


def value_at(partition: TopicPartition, offset: int) -> bytes:
    return f"{partition}@{offset}".encode()


def values(partition: TopicPartition, *offsets: int) -> list[bytes]:
    return [value_at(partition, offset) for offset in offsets]


class SinkContract(ABC):
    """What the runtime relies on, whatever the destination."""

    sink_class: ClassVar[type[Sink]]

    @abstractmethod
    def options(self) -> dict[str, str]:
        """The sink's options for one test; each test wants a destination of its own."""

    @abstractmethod
    async def stored(self) -> dict[TopicPartition, list[bytes]]:
        """The values at the destination, per partition, in the order that a reader sees them."""

    async def settle(self, sink: Sink) -> None:
        """Have everything stored that was put; a flush may leave some to the next."""
        async with asyncio.timeout(_SETTLE_SECONDS):
            await sink.flush()
            while sink.buffered_bytes:
                await asyncio.sleep(0)
                await sink.flush()

    @pytest.fixture
    async def sink(self) -> AsyncIterator[Sink]:
        sink = self.sink_class(self.sink_class.config_class.parse(self.options()))
        async with running(sink, [FIRST, SECOND]) as started:
            yield started

    async def test_flush_stores_everything_that_was_put(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 5, 6, 7))
        await sink.put(batch_of(SECOND, 0, 1))
        await self.settle(sink)
        assert await self.stored() == {FIRST: values(FIRST, 5, 6, 7), SECOND: values(SECOND, 0, 1)}

    async def test_after_a_flush_everything_is_committable(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 5, 6, 7))
        await sink.put(batch_of(SECOND, 0, 1))
        await self.settle(sink)
        assert sink.committable() == {FIRST: 8, SECOND: 2}

    async def test_nothing_is_committable_before_it_is_stored(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 5, 6, 7))
        committable = sink.committable().get(FIRST, 5)
        stored = (await self.stored()).get(FIRST, [])
        assert set(values(FIRST, *range(5, committable))) <= set(stored)

    async def test_a_partition_that_was_never_put_is_not_committable(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 0))
        await self.settle(sink)
        assert SECOND not in sink.committable()

    async def test_order_within_a_partition_is_kept_over_many_batches(self, sink: Sink) -> None:
        for start in range(0, 100, 10):
            await sink.put(batch_of(FIRST, *range(start, start + 10)))
            if start % 30 == 0:
                await self.settle(sink)
        await self.settle(sink)
        assert (await self.stored())[FIRST] == values(FIRST, *range(100))

    async def test_an_empty_batch_moves_the_position_only(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 0, 1))
        filtered = batch_of(FIRST, 2, 3).select([])
        await sink.put(filtered)
        await self.settle(sink)
        assert sink.committable()[FIRST] == 4
        assert (await self.stored())[FIRST] == values(FIRST, 0, 1)

    async def test_closing_a_partition_stores_what_was_put_for_it(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 0, 1))
        await sink.close([FIRST])
        assert sink.committable()[FIRST] == 2
        assert (await self.stored())[FIRST] == values(FIRST, 0, 1)

    async def test_a_dropped_partition_is_committable_no_more(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 0, 1))
        await sink.drop([FIRST])
        assert FIRST not in sink.committable()

    async def test_dropping_one_partition_leaves_the_others(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 0))
        await sink.put(batch_of(SECOND, 0))
        await sink.drop([FIRST])
        await self.settle(sink)
        assert sink.committable() == {SECOND: 1}
        assert (await self.stored())[SECOND] == values(SECOND, 0)

    async def test_a_partition_that_comes_back_starts_from_nothing(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, 0, 1))
        await sink.drop([FIRST])
        sink.open([FIRST])
        assert FIRST not in sink.committable()
        await sink.put(batch_of(FIRST, 0, 1, 2))
        await self.settle(sink)
        assert sink.committable()[FIRST] == 3
        assert set((await self.stored())[FIRST]) == set(values(FIRST, 0, 1, 2))

    async def test_a_put_that_a_drop_overtakes_says_nothing_about_the_next_life_of_its_partition(
        self, sink: Sink
    ) -> None:
        put = asyncio.ensure_future(sink.put(batch_of(FIRST, 0, 1)))
        await asyncio.sleep(0)
        await sink.drop([FIRST])
        sink.open([FIRST])
        await put
        assert FIRST not in sink.committable()

    async def test_memory_is_free_after_a_flush(self, sink: Sink) -> None:
        await sink.put(batch_of(FIRST, *range(1000)))
        await self.settle(sink)
        assert sink.buffered_bytes == 0

    async def test_flushing_with_nothing_put_is_harmless(self, sink: Sink) -> None:
        await self.settle(sink)
        assert not sink.committable()
