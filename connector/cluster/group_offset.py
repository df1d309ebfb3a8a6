"""The offsets of a sink, which are those of its consumer group: reads and changes them in Kafka.

Kafka keeps a string beside each offset, in which a sink of two phases has its ledger. An offset that is
altered comes without: what was announced there is over.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition
from confluent_kafka.admin import AdminClient

from connector import logs
from connector.cluster.request_error import BadRequestError, FailedError
from connector.record import TopicPartition
from connector.sinks.base import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from connector.cluster.offset import OffsetEntry

T = TypeVar("T")
log = logs.get(__name__)

KAFKA_SECONDS = 30.0
LEAVE_SECONDS = 20.0
"""For how long tasks of a connector that is stopped may still be on their way out of their group."""
_LEAVE_POLL_SECONDS = 0.5
_TOPIC, _PARTITION, _OFFSET = "kafka_topic", "kafka_partition", "kafka_offset"
_MOST_INT, _MOST_LONG = (1 << 31) - 1, (1 << 63) - 1

# Consumer properties that an admin client does not know are named in a warning each; it has no use for them.
_CONNECTING = ("bootstrap.servers", "security.", "sasl.", "ssl.", "socket.", "broker.", "client.dns.lookup")

_IN_USE = frozenset(
    {KafkaError.NON_EMPTY_GROUP, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.REBALANCE_IN_PROGRESS}
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

    def __init__(self, connector: str, group: str, consumer_config: Mapping[str, Any]) -> None:
        """Connect to nothing yet.

        Args:
            connector: For messages.
            group: Its consumer group.
            consumer_config: How its consumers connect, in librdkafka's names.
        """
        self._connector = connector
        self._group = group
        self._config = {key: value for key, value in consumer_config.items() if key.startswith(_CONNECTING)}

    async def read(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """What is committed, by topic and partition; nothing if there is no group."""
        with self._told("read"):
            return await _in_thread(self._read)

    async def alter(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Commit these offsets without metadata, and drop those that are None."""
        for where, offset in offsets.items():
            if where.partition < 0 or (offset is not None and offset < 0):
                raise BadRequestError(
                    f"Failed to modify offsets for sink connector {self._connector}: neither partitions nor"
                    " offsets are negative"
                )
        with self._told("alter"):
            await _once_left(lambda: _in_thread(self._alter, offsets))

    async def delete(self) -> None:
        """Delete the group; none is fine."""
        with self._told("reset"):
            await _once_left(lambda: _in_thread(self._delete))

    # ---- blocking ----

    def _admin(self) -> AdminClient:
        """To be held until its answer is there: a client that is collected answers nothing."""
        return AdminClient(
            {**self._config, "client.id": f"connector-adminclient-{self._connector}", "log_level": 0}
        )

    def _read(self) -> dict[TopicPartition, OffsetAndMetadata]:
        request = [ConsumerGroupTopicPartitions(self._group)]
        admin = self._admin()
        answer = admin.list_consumer_group_offsets(request, request_timeout=KAFKA_SECONDS)
        found = answer[self._group].result(KAFKA_SECONDS).topic_partitions or []
        offsets = {
            TopicPartition(each.topic, each.partition): OffsetAndMetadata(each.offset, each.metadata or "")
            for each in found
            if each.offset >= 0 and each.error is None
        }
        return dict(sorted(offsets.items()))

    def _alter(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        dropped = {where for where, offset in offsets.items() if offset is None}
        altered = {
            where: OffsetAndMetadata(offset) for where, offset in offsets.items() if offset is not None
        }
        if dropped and dropped & (committed := self._read()).keys():
            # librdkafka's Python client cannot delete single offsets: the group goes, the others come again.
            self._check_topics(altered)
            kept = {where: found for where, found in committed.items() if where not in dropped}
            altered = {**kept, **altered}
            self._delete()
        if altered:
            self._commit(altered)

    def _commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        partitions = [
            KafkaTopicPartition(where.topic, where.partition, offset, metadata)
            for where, (offset, metadata) in offsets.items()
        ]
        request = [ConsumerGroupTopicPartitions(self._group, partitions)]
        admin = self._admin()
        answer = admin.alter_consumer_group_offsets(request, request_timeout=KAFKA_SECONDS)
        for each in answer[self._group].result(KAFKA_SECONDS).topic_partitions or []:
            if each.error is not None:
                raise KafkaException(each.error)

    def _check_topics(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Before the group goes, since Kafka would refuse them only after."""
        topics = self._admin().list_topics(timeout=KAFKA_SECONDS).topics
        for where in offsets:
            if where.topic not in topics or where.partition not in topics[where.topic].partitions:
                raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"there is no {where}"))

    def _delete(self) -> None:
        admin = self._admin()
        answer = admin.delete_consumer_groups([self._group], request_timeout=KAFKA_SECONDS)
        try:
            answer[self._group].result(KAFKA_SECONDS)
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
                f"{what}: Kafka did not answer within {KAFKA_SECONDS:g} s; look whether its brokers run"
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


async def _in_thread(function: Callable[..., T], *args: Any) -> T:
    async with asyncio.timeout(2 * KAFKA_SECONDS):
        return await asyncio.to_thread(function, *args)


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
