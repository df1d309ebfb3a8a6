"""A dead letter queue without brokers: what it says of them, and that nobody has to wait for it."""

from __future__ import annotations

import asyncio

import pytest

from connector.config.connector import ConnectorConfig
from connector.errors import RecordError, RetriableError
from connector.record import TopicPartition
from connector.runtime.dead_letters import DeadLetterQueue
from connector.testing.kafka import KafkaClient, MockKafka


async def test_librdkafka_is_heard_while_no_record_is_bad_and_a_put_ends_with_its_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = MockKafka.launch()
    client = KafkaClient(broker)
    source, bad = client.create_topic(), client.create_topic()
    client.produce(source, [b"{no json"], partition=0)
    raw = {"name": "orders", "connector.class": "s3", "topics": source}
    config = ConnectorConfig({**raw, "errors.deadletterqueue.topic.name": bad})
    queue = DeadLetterQueue(config, 0, {"bootstrap.servers": broker.bootstrap_servers})
    error = RecordError("no", stage="VALUE_CONVERTER", origin="JsonConverter")
    await queue.put(TopicPartition(source, 0), {0: error})
    caplog.clear()
    broker.stop()
    async with asyncio.timeout(60):
        while not any("connector-dlq-producer-orders-0" in line for line in caplog.messages):
            await asyncio.sleep(0.1)
    waiting = asyncio.create_task(queue.put(TopicPartition(source, 0), {0: error}))
    await asyncio.sleep(0)
    await queue.stop()
    async with asyncio.timeout(30):
        with pytest.raises(RetriableError):
            await waiting
