"""The SNS sink keeps the sink contract, on a real SNS protocol; a queue that has subscribed is the reader."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from connector.record import TopicPartition
from connector.sinks.dispatch import sink as dispatch
from connector.sinks.sns import SnsSink
from connector.testing.contract.sinks import FIRST, SinkContract, batch_of
from connector.testing.topics import SubscribedTopic

if TYPE_CHECKING:
    from connector.sinks.base import Sink
    from connector.testing.aws import AwsServer


class _SnsContract(SinkContract):
    sink_class = SnsSink
    suffix = ""
    more: dict[str, str] = {}

    @pytest.fixture(autouse=True)
    def _destination(self, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        # A commit waits a second for what is under way; moto needs longer for a thousand records.
        monkeypatch.setattr(dispatch, "_FLUSH_SECONDS", 60)
        self.aws = aws
        self.topic = SubscribedTopic(aws, f"topic-{uuid.uuid4().hex[:12]}{self.suffix}")

    def options(self) -> dict[str, str]:
        return {
            "aws.access.key.id": self.aws.access_key_id,
            "aws.secret.access.key": self.aws.secret_access_key,
            "aws.sns.endpoint": self.aws.url,
            "aws.sns.topic.arn": self.topic.arn,
            "delivery.linger.ms": "0",
            "delivery.max.requests": "1",
            **self.more,
        }

    async def test_memory_is_free_after_a_flush(self, sink: Sink) -> None:
        """With fewer records than the suite has: moto looks at a whole queue for each further message."""
        await sink.put(batch_of(FIRST, *range(100)))
        await sink.flush()
        assert sink.buffered_bytes == 0

    async def stored(self) -> dict[TopicPartition, list[bytes]]:
        found: dict[TopicPartition, list[bytes]] = {}
        for body in self.topic.bodies():
            topic, _, partition = body.partition("@")[0].rpartition("-")
            found.setdefault(TopicPartition(topic, int(partition)), []).append(body.encode())
        return found


class TestStandardTopic(_SnsContract):
    pass


class TestFifoTopic(_SnsContract):
    suffix = ".fifo"
    more = {"aws.sns.message.group.id": "{{topic}}-{{partition}}", "delivery.order": "none"}
    """One request at a time keeps the order, too, and many in a request are sooner done."""


del SinkContract, _SnsContract
