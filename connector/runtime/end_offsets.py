"""The ends of a task's partitions, which its lag is measured by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from connector.runtime.partitions import from_kafka

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Consumer

    from connector.record import TopicPartition

_LOOK_SECONDS = 1.0


class EndOffsets:
    """As the client knows them: nobody is asked."""

    def __init__(self) -> None:
        self._ends: Mapping[TopicPartition, int] = {}
        self._next_look = 0.0

    def of(self, partition: TopicPartition) -> int | None:
        """As of the last fetch; None when nothing was fetched yet."""
        return self._ends.get(partition)

    def look(self, consumer: Consumer) -> None:
        """Never on the event loop: the client serialises its calls, and a poll may wait for the loop."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        ends: dict[TopicPartition, int] = {}
        for assigned in consumer.assignment():
            watermarks = consumer.get_watermark_offsets(assigned, cached=True)
            if watermarks and watermarks[1] >= 0:
                ends[from_kafka(assigned)] = watermarks[1]
        self._ends = ends
