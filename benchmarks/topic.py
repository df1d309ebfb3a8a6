"""Fills the topic that all measurements read."""

from __future__ import annotations

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4
_RUN = 1000
"""Records in a row on one partition, as a producer with batches writes them."""


def fill(
    bootstrap_servers: str,
    topic: str,
    records: int,
    value_bytes: int,
    *,
    keys: int = 0,
    partitions: int = PARTITIONS,
) -> None:
    """JSON values of one size with ids that do not repeat, spread over the partitions; maybe with keys."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for number in range(records):
        while True:
            try:
                producer.produce(
                    topic,
                    event(number, value_bytes),
                    b"user-%08x" % (number % keys) if keys else None,
                    partition=number // _RUN % partitions,
                )
                break
            except BufferError:
                producer.poll(0.5)
    if producer.flush(120):
        raise RuntimeError("Kafka did not acknowledge all records in 120 s")


def event(number: int, value_bytes: int) -> bytes:
    """One JSON object of exactly so many bytes, whose fields differ from record to record."""
    mixed = number * 2_654_435_761 % 2**32
    start = b'{"id":"%010d","user":"u-%08x","amount":%d.%02d,"page":"' % (
        number,
        mixed,
        mixed % 997,
        mixed % 89,
    )
    filling = b"%x" % (mixed * mixed)
    room = value_bytes - len(start) - 2
    return start + (filling * (room // len(filling) + 1))[:room] + b'"}'
