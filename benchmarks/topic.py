"""Fills the topic that all measurements read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

if TYPE_CHECKING:
    from collections.abc import Callable

PARTITIONS = 4
FIELDS = {"id": "string", "user": "string", "amount": "double", "page": "string"}
"""What an event has, in Connect's types."""
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
    make: Callable[[int], bytes] | None = None,
) -> None:
    """Values of one size with ids that do not repeat, spread over the partitions; maybe with keys.

    Values are JSON unless ``make`` makes something else of their numbers.
    """
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
                    make(number) if make else event(number, value_bytes),
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


def fields(number: int, value_bytes: int) -> dict[str, Any]:
    """The same event, for what is not JSON."""
    found: dict[str, Any] = json.loads(event(number, value_bytes))
    return found
