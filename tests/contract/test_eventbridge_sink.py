"""The EventBridge sink keeps the sink contract; what is stored is what a rule delivers to a queue."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from connector.record import TopicPartition
from connector.sinks.eventbridge import EventBridgeSink
from connector.testing.contract.sinks import FIRST, SinkContract, batch_of
from connector.testing.events import BusWithQueue

if TYPE_CHECKING:
    from connector.sinks.base import Sink
    from connector.testing.aws import AwsServer


class TestEventBridge(SinkContract):
    sink_class = EventBridgeSink

    @pytest.fixture(autouse=True)
    def _destination(self, aws: AwsServer) -> None:
        self.aws = aws
        self.bus = BusWithQueue(aws, f"bus-{uuid.uuid4().hex[:8]}")

    def options(self) -> dict[str, str]:
        return {
            "aws.access.key.id": self.aws.access_key_id,
            "aws.secret.access.key": self.aws.secret_access_key,
            "aws.eventbridge.bus": self.bus.name,
            "aws.eventbridge.endpoint": self.aws.url,
            # The suite reads partitions in order, which buses keep for nobody but who sends one by one.
            "delivery.order": "partition",
            "delivery.linger.ms": "0",
        }

    async def stored(self) -> dict[TopicPartition, list[bytes]]:
        found: dict[TopicPartition, list[bytes]] = {}
        for event in self.bus.events():
            detail = event["detail"]
            partition = TopicPartition(detail["topic"], detail["partition"])
            found.setdefault(partition, []).append(json.dumps(detail["value"]).strip('"').encode())
        return found

    async def test_memory_is_free_after_a_flush(self, sink: Sink) -> None:
        """A thousand events one by one take longer than a flush waits, but not longer than a close."""
        await sink.put(batch_of(FIRST, *range(1000)))
        await sink.close([FIRST])
        assert sink.buffered_bytes == 0


del SinkContract
