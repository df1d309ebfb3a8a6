"""The suite for sinks that send messages, beside the one for every sink; both in one class to subclass.

::

    class TestMySink(MessagingSinkContract):
        sink_class = MySink

        def options(self) -> dict[str, str]:
            return {"my.url": self.server.url, "delivery.order": "partition"}

        async def stored(self) -> dict[TopicPartition, list[bytes]]:
            return self.server.messages_by_partition()

        def refuse(self, entries: int) -> None:
            self.server.refuse_next(entries)
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING

import pytest

from connector.testing.contract.sinks import FIRST, SECOND, SinkContract, batch_of, values

if TYPE_CHECKING:
    from connector.sinks.base import Sink
    from connector.sinks.dispatch import MessagingSink

_ENOUGH = 200
_SETTLE_SECONDS = 60.0


class MessagingSinkContract(SinkContract):
    """What the dispatcher relies on."""

    @abstractmethod
    def refuse(self, entries: int) -> None:
        """Let the service refuse the next so many entries one by one, in a way that may pass."""

    async def settle(self, sink: Sink) -> None:
        """A flush waits only for a moment, so that one key that is refused holds no commit up."""
        async with asyncio.timeout(_SETTLE_SECONDS):
            while sink.buffered_bytes:
                await sink.flush()

    async def test_every_record_is_in_an_entry_within_the_limits(self, sink: MessagingSink) -> None:
        await sink.put(batch_of(FIRST, 0))  # which finds the destination
        prepared = sink.prepare(batch_of(FIRST, *range(1, _ENOUGH)))
        assert not prepared.failed
        assert not prepared.passed_over
        offsets = [offset for entry in prepared.entries for offset in (entry.offset, *entry.folded)]
        assert sorted(offsets) == list(range(1, _ENOUGH))
        for entry in prepared.entries:
            limits = sink.limits(entry.destination)
            assert 0 < entry.size_bytes <= limits.entry_bytes <= limits.request_bytes
        await sink.close([FIRST])

    async def test_preparing_again_gives_the_same(self, sink: MessagingSink) -> None:
        await sink.put(batch_of(FIRST, 0))
        first, second = (sink.prepare(batch_of(FIRST, *range(1, 20))).entries for _ in range(2))
        assert [(entry.offset, entry.payload, entry.size_bytes, entry.order_key) for entry in first] == [
            (entry.offset, entry.payload, entry.size_bytes, entry.order_key) for entry in second
        ]
        await sink.close([FIRST])

    @pytest.mark.parametrize("refused", [1, 5])
    async def test_what_is_refused_is_sent_again_and_nothing_else_is(
        self, sink: MessagingSink, refused: int
    ) -> None:
        self.refuse(refused)
        await sink.put(batch_of(FIRST, *range(30)))
        async with asyncio.timeout(_SETTLE_SECONDS):
            await sink.close([FIRST])
        assert sink.committable() == {FIRST: 30}
        assert sorted((await self.stored())[FIRST]) == sorted(values(FIRST, *range(30)))

    async def test_what_is_refused_does_not_change_the_order(self, sink: MessagingSink) -> None:
        self.refuse(3)
        for start in range(0, 40, 10):
            await sink.put(batch_of(FIRST, *range(start, start + 10)))
            await sink.put(batch_of(SECOND, *range(start, start + 10)))
        async with asyncio.timeout(_SETTLE_SECONDS):
            await sink.close([FIRST, SECOND])
        assert await self.stored() == {
            partition: values(partition, *range(40)) for partition in (FIRST, SECOND)
        }

    async def test_nothing_is_held_after_everything_is_delivered(self, sink: MessagingSink) -> None:
        await sink.put(batch_of(FIRST, *range(_ENOUGH)))
        assert sink.buffered_bytes > 0
        await sink.close([FIRST])
        assert sink.buffered_bytes == 0
