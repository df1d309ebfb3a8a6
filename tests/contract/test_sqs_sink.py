"""The SQS sink keeps the sink contract, on a real SQS protocol."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from connector.record import TopicPartition
from connector.sinks.dispatch import sink as dispatch
from connector.sinks.sqs import SqsSink
from connector.testing.contract.sinks import FIRST, SinkContract, batch_of
from connector.testing.queues import QueueReader

if TYPE_CHECKING:
    from connector.sinks.base import Sink
    from connector.testing.aws import AwsServer


class _SqsContract(SinkContract):
    sink_class = SqsSink
    suffix = ""
    attributes: dict[str, str] = {}
    more: dict[str, str] = {}

    @pytest.fixture(autouse=True)
    def _destination(self, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        # A commit waits a second for what is under way; moto needs longer for a thousand records.
        monkeypatch.setattr(dispatch, "_FLUSH_SECONDS", 60)
        self.aws = aws
        name = f"queue-{uuid.uuid4().hex[:12]}{self.suffix}"
        self.url = aws.client("sqs").create_queue(QueueName=name, Attributes=self.attributes)["QueueUrl"]
        self.reader = QueueReader(aws, self.url)

    def options(self) -> dict[str, str]:
        return {
            "aws.access.key.id": self.aws.access_key_id,
            "aws.secret.access.key": self.aws.secret_access_key,
            "aws.endpoint": self.aws.url,
            "aws.sqs.queue": self.url.rpartition("/")[2],
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
        for message in self.reader.read():
            topic, _, partition = message["Body"].partition("@")[0].rpartition("-")
            found.setdefault(TopicPartition(topic, int(partition)), []).append(message["Body"].encode())
        return found


class TestFifoQueue(_SqsContract):
    suffix = ".fifo"
    attributes = {"FifoQueue": "true"}
    more = {"aws.sqs.message.group.id": "{{topic}}-{{partition}}", "delivery.order": "none"}
    """One request at a time keeps the order, too, and many in a request are sooner done."""


class TestStandardQueue(_SqsContract):
    pass


del SinkContract, _SqsContract
