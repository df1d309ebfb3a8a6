"""Keeps the topic filled: a first round at full speed, then a trickle; never more than Kafka can keep."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from connector.demo.events import EventStream
from connector.demo.pace import Pace

if TYPE_CHECKING:
    from connector.demo.kafka import EmbeddedKafka

_CHUNK = 2_000
_CHUNK_BYTES = 600_000
"""More than a chunk ever has."""
_WAIT_SECONDS = 0.05
LIVE_RECORDS_PER_SECOND = 400
_LIVE_SECONDS = 0.25


class Feed:
    """The one producer; ``produced`` counts what the brokers have confirmed."""

    def __init__(self, kafka: EmbeddedKafka, group: str) -> None:
        self.produced = 0
        self.produced_bytes = 0
        self._kafka = kafka
        self._group = group
        self._stream = EventStream()
        self._pace = Pace(kafka.partitions)

    async def first_round(self, records: int) -> None:
        while self.produced < records:
            await self._produce(min(_CHUNK, records - self.produced))

    async def trickle(self, stopping: asyncio.Event) -> None:
        """Produce some hundreds a second until told to stop."""
        while not stopping.is_set():
            swing = random.uniform(0.4, 1.6)  # noqa: S311 - so that the graph of a live stream is not flat
            await self._produce(round(LIVE_RECORDS_PER_SECOND * _LIVE_SECONDS * swing))
            await asyncio.sleep(_LIVE_SECONDS)

    async def _produce(self, records: int) -> None:
        await self._wait_for_room()
        size = await asyncio.to_thread(self._produce_in_thread, records)
        self.produced += records
        self.produced_bytes += size

    def _produce_in_thread(self, records: int) -> int:
        messages = self._stream.take(records)
        self._kafka.produce(self._pace.sort(messages))
        return sum(message.size_bytes for message in messages)

    async def _wait_for_room(self) -> None:
        """Committed is the measure: what is only read may be read again, and must still be there."""
        while not self._pace.has_room(_CHUNK_BYTES):
            self._pace.committed(await asyncio.to_thread(self._kafka.committed, self._group))
            if not self._pace.has_room(_CHUNK_BYTES):
                await asyncio.sleep(_WAIT_SECONDS)
