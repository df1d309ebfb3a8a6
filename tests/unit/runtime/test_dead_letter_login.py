"""Whom the clients of a dead letter queue show which credentials."""

from __future__ import annotations

from connector.config.connector import ConnectorConfig
from connector.runtime.dead_letters import DeadLetterQueue

WORKER = {
    "bootstrap.servers": "kafka:9093",
    "security.protocol": "SASL_SSL",
    "sasl.username": "worker",
    "sasl.password": "of-the-worker",
}
CONNECTOR = {
    "name": "orders",
    "connector.class": "s3",
    "topics": "orders",
    "errors.deadletterqueue.topic.name": "bad",
}


def producer_of(own: dict[str, str]) -> dict[str, object]:
    queue = DeadLetterQueue(ConnectorConfig(CONNECTOR), 0, {**WORKER, "producer": own})
    return dict(queue._producer_config)


def test_a_queue_at_other_brokers_is_not_shown_the_worker_s_credentials() -> None:
    producer = producer_of({"bootstrap.servers": "elsewhere:9092"})
    assert producer["bootstrap.servers"] == "elsewhere:9092"
    assert "of-the-worker" not in producer.values()
    assert producer["acks"] == "all"


def test_a_queue_at_the_worker_s_brokers_is_written_with_them() -> None:
    assert producer_of({"linger.ms": "1"})["sasl.password"] == "of-the-worker"
    assert producer_of({"linger.ms": "1"})["linger.ms"] == "1"
