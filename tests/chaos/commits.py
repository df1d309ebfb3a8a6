"""Every commit that a group ever made, as the broker keeps them: which uploads were announced, and which not.

The format of the internal topic is that of Kafka's OffsetCommitKey and OffsetCommitValue (versions 0 to 4).
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOPIC = "__consumer_offsets"
_SECONDS = 30.0
_MOST_KEY_VERSION = 1
_WITH_EPOCH = 3
_COMPACT = 4


class Commit(NamedTuple):
    """One commit of one partition."""

    partition: int
    offset: int
    metadata: str


def history(bootstrap_servers: str, group: str, since: float) -> list[Commit]:
    """Since a time, in seconds since the epoch, in the order in which they were made."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "historian",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        partitions = len(consumer.list_topics(_TOPIC, timeout=_SECONDS).topics[_TOPIC].partitions)
        begin = TopicPartition(_TOPIC, partition_of(group, partitions), int(since * 1000))
        consumer.assign(consumer.offsets_for_times([begin], timeout=_SECONDS))
        return list(_read(consumer, group))
    finally:
        consumer.close()


def partition_of(group: str, partitions: int) -> int:
    """As a coordinator finds it: by Java's hash of a string, without its sign."""
    found = 0
    for letter in group:
        found = (31 * found + ord(letter)) & 0xFFFFFFFF
    return (found & 0x7FFFFFFF) % partitions


def _read(consumer: Consumer, group: str) -> Iterator[Commit]:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        for message in consumer.consume(1000, 0.5):
            error = message.error()
            if error is None:
                yield from _decoded(message.key() or b"", message.value(), group)
            elif error.code() == KafkaError._PARTITION_EOF:
                return


def _decoded(key: bytes, value: bytes | None, group: str) -> Iterator[Commit]:
    (version,) = struct.unpack_from(">h", key)
    if version > _MOST_KEY_VERSION or value is None:
        return
    found, at = _text(key, 2)
    if found != group:
        return
    _, at = _text(key, at)
    (partition,) = struct.unpack_from(">i", key, at)
    version, offset = struct.unpack_from(">hq", value)
    at = 14 if version >= _WITH_EPOCH else 10
    metadata, _ = _text(value, at) if version < _COMPACT else _compact_text(value, at)
    yield Commit(partition, offset, metadata)


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", data, at)
    return data[at + 2 : at + 2 + length].decode(), at + 2 + length


def _compact_text(data: bytes, at: int) -> tuple[str, int]:
    """Its length, and one more, is a number of seven bits a byte, the lowest first (KIP-482)."""
    length = shift = 0
    while True:
        length |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return data[at : at + length - 1].decode(), at + length - 1
