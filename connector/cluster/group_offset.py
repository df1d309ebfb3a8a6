"""The offsets of a sink, which are those of its consumer group: reads and changes them in Kafka.

Kafka keeps a string beside each offset, in which a sink of two phases has its ledger. An offset that is
altered comes without: what was announced there is over.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException

from connector.cluster.request_error import BadRequestError, FailedError
from connector.record import TopicPartition
from connector.sinks.base import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from connector.cluster.group_requests import GroupRequests
    from connector.cluster.offset import OffsetEntry

KAFKA_SECONDS = 10.0
"""For each request; a change makes up to three, and REST answers within 90 seconds."""
LEAVE_SECONDS = 20.0
"""For how long tasks of a connector that is stopped may still be on their way out of their group."""
_LEAVE_POLL_SECONDS = 0.5
_TOPIC, _PARTITION, _OFFSET = "kafka_topic", "kafka_partition", "kafka_offset"
_MOST_INT, _MOST_LONG = (1 << 31) - 1, (1 << 63) - 1

# Consumer properties that an admin client does not know are named in a warning each; it has no use for them.
_CONNECTING = ("bootstrap.servers", "security.", "sasl.", "ssl.", "socket.", "broker.", "client.dns.lookup")

_IN_USE = frozenset(
    {
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.GROUP_SUBSCRIBED_TO_TOPIC,
    }
)
_NO_GROUP = frozenset({KafkaError.GROUP_ID_NOT_FOUND})
_CLIENTS_MISTAKE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._INVALID_ARG})  # noqa: SLF001


def parse(entries: Sequence[OffsetEntry]) -> dict[TopicPartition, int | None]:
    """Offsets by partition, None for those to be dropped; the last entry of a partition counts.

    Raises:
        BadRequestError: In Kafka Connect's words.
    """
    return dict(_parsed(entry) for entry in entries)


class GroupOffsets:
    """The committed offsets of one connector's group."""

    def __init__(
        self, connector: str, group: str, consumer_config: Mapping[str, Any], requests: GroupRequests
    ) -> None:
        """Connect to nothing yet.

        Args:
            connector: For messages.
            group: Its consumer group.
            consumer_config: How its consumers connect, in librdkafka's names.
            requests: Makes them.
        """
        self._requests = requests
        self._connector = connector
        self._group = group
        self._config = {key: value for key, value in consumer_config.items() if key.startswith(_CONNECTING)}

    async def read(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """What is committed, by topic and partition; nothing if there is no group."""
        with self._told("read"):
            return await self._requests.read(self._group, self._config)

    async def alter(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Commit these offsets without metadata, and drop those that are None."""
        for where, offset in offsets.items():
            if where.partition < 0 or (offset is not None and offset < 0):
                raise BadRequestError(
                    f"Failed to modify offsets for sink connector {self._connector}: neither partitions nor"
                    " offsets are negative"
                )
        with self._told("alter"):
            await _once_left(lambda: self._alter(offsets))

    async def delete(self) -> None:
        """Delete the group; none is fine."""
        with self._told("reset"):
            await _once_left(self._delete)

    async def _alter(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """In Connect's order. Whatever happens in between, partitions that are not named keep theirs."""
        altered = {
            where: OffsetAndMetadata(offset) for where, offset in offsets.items() if offset is not None
        }
        if altered:
            await self._requests.commit(self._group, self._config, altered)
        dropped = {where for where, offset in offsets.items() if offset is None}
        # Kafka would refuse those of topics that are gone, of which nothing is committed any more.
        if dropped and (committed := dropped & (await self.read()).keys()):
            await self._requests.drop(self._group, self._config, committed)

    async def _delete(self) -> None:
        try:
            await self._requests.delete(self._group, self._config)
        except KafkaException as error:
            if error.args[0].code() not in _NO_GROUP:
                raise

    # ---- errors ----

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        what = f"Failed to {verb} consumer group offsets for connector {self._connector}"
        try:
            yield
        except KafkaException as error:
            found: KafkaError = error.args[0]
            if found.code() in _CLIENTS_MISTAKE:
                raise BadRequestError(f"{what}: {found.str()}") from error
            if found.code() in _IN_USE:
                raise FailedError(
                    f"{what}, since consumers are still in the group {self._group}. If the connector is"
                    " stopped, the same may be tried again in a while; if that does not help, other workers"
                    " may have to be restarted to get rid of zombie sink tasks."
                ) from error
            raise FailedError(f"{what}: {found.str()}") from error
        except TimeoutError as error:
            raise FailedError(
                f"{what}: Kafka did not answer within {self._requests.seconds:g} s; look whether its brokers"
                " run"
            ) from error


async def _once_left(change: Callable[[], Awaitable[None]]) -> None:
    """Again for a while as long as tasks are in the group: a stop is acknowledged before they have left."""
    deadline = time.monotonic() + LEAVE_SECONDS
    while True:
        try:
            return await change()
        except KafkaException as error:
            if error.args[0].code() not in _IN_USE or time.monotonic() > deadline:
                raise
        await asyncio.sleep(_LEAVE_POLL_SECONDS)


def _parsed(entry: OffsetEntry) -> tuple[TopicPartition, int | None]:
    if entry.partition is None:
        raise BadRequestError("The partition for a sink connector offset cannot be null or missing")
    if _TOPIC not in entry.partition or _PARTITION not in entry.partition:
        raise BadRequestError(
            f"The partition for a sink connector offset must contain the keys '{_TOPIC}' and '{_PARTITION}'"
        )
    topic, partition = entry.partition[_TOPIC], entry.partition[_PARTITION]
    if topic is None:
        raise BadRequestError("Kafka topic names must be valid strings and may not be null")
    if partition is None:
        raise BadRequestError("Kafka partitions must be valid numbers and may not be null")
    number = _number(partition, "partition", _MOST_INT)
    return TopicPartition(_text(topic), number), _offset(entry)


def _offset(entry: OffsetEntry) -> int | None:
    if entry.offset is None:
        return None
    if _OFFSET not in entry.offset:
        raise BadRequestError(
            f"The offset for a sink connector should either be null or contain the key '{_OFFSET}'"
        )
    return _number(entry.offset[_OFFSET], "offset", _MOST_LONG)


def _number(value: Any, what: str, most: int) -> int:
    text = _text(value)
    # As Java reads numbers: ASCII digits with a sign, no blanks, no underscores.
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not (digits.isascii() and digits.isdecimal()) or abs(int(digits[:25])) > most:
        raise BadRequestError(
            f"Failed to parse the following Kafka {what} value in the provided offsets: '{text}'."
            f" {what.capitalize()} values for sink connectors need to be integers."
        )
    return int(text)


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
    return str(value)
