"""A compacted topic as a log: read to its end, followed on a thread, written with read-back.

Records reach one handler on the event loop, in the order of their partitions, so what is made of them needs
no lock. A write returns once its records are acknowledged by all replicas in sync and have been handled
here: whoever wrote reads its own.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from connector import logs
from connector.aws.msk import with_login
from connector.cluster.records import LogRecord
from connector.error_codes import ErrorCode
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confluent_kafka import Message

    from connector.cluster.records import Entry

T = TypeVar("T")
log = logs.get(__name__)

WRITE_SECONDS = 20.0
READ_SECONDS = 30.0
_CLOSE_SECONDS = 5.0
_POLL_SECONDS = 0.2
_PAUSE_SECONDS = 10.0
_AT_ONCE = 2_000
_BASE = "base"
_PASSING = frozenset(
    {
        # Of a topic that was just made, or whose leader has just moved.
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError._NOENT,  # noqa: SLF001 - its public name; no leader is known
        KafkaError._TIMED_OUT,  # noqa: SLF001 - its public name
        KafkaError._TRANSPORT,  # noqa: SLF001 - likewise
    }
)


class LogError(ConnectorError):
    """The operator looks at Kafka: the topic cannot be read or written; the message says why."""

    code = ErrorCode.CLUSTER_TOPIC_UNUSABLE


class TopicLog:
    """One topic, from its beginning on.

    Args:
        topic: Its name; it exists.
        client: How to connect, in librdkafka's names; holds secrets.
        handle: Gets every record.
    """

    def __init__(
        self, topic: str, client: Mapping[str, Any], handle: Callable[[Sequence[LogRecord]], None]
    ) -> None:
        """Nothing is read yet."""
        self.topic = topic
        self._handle = handle
        self._consumer = Consumer(with_login(_consumer_config(client, topic)))
        self._producer_config = _producer_config(client, topic)
        self._producer = Producer(with_login(self._producer_config))
        self._admin = AdminClient(
            {**with_login(client), "client.id": f"connector-log-{topic}", "log_level": 0}
        )
        self._thread = threading.Thread(target=self._follow, name=f"log-{topic}", daemon=True)
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._partitions: list[int] = []
        self._positions: dict[int, int] = {}
        self._waiting: list[tuple[dict[int, int], asyncio.Future[None]]] = []
        self._failure: LogError | None = None
        self._denial: LogError | None = None

    async def start(self) -> None:
        """Read to the end as it is now, and follow from there.

        Raises:
            LogError: It cannot be read, or not within 30 seconds.
        """
        self._loop = asyncio.get_running_loop()
        self._partitions = await asyncio.to_thread(self._list_partitions)
        self._thread.start()
        await self.read_to_end()

    async def stop(self) -> None:
        """Let go; what was written is acknowledged already."""
        self._stopping.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)
        self._fail(LogError(f"topic {self.topic} is no longer read: the worker stops"))

    async def read_to_end(self, seconds: float = READ_SECONDS) -> None:
        """Come back once everything that anybody wrote before this call has been handled.

        Raises:
            LogError: Not within this time, or not at all.
        """
        try:
            async with asyncio.timeout(seconds):
                ends = await asyncio.to_thread(self._ends, seconds)
                await self._reached(ends)
        except TimeoutError:
            raise LogError(
                f"topic {self.topic} could not be read to its end within {seconds:g} s: look at its brokers"
            ) from None

    async def write(self, entries: Sequence[Entry]) -> list[int]:
        """Append records, in this order where they share a partition.

        Returns:
            The offset of each.

        Raises:
            LogError: Kafka refused one, or did not answer in time; it may still have been written.
        """
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                written = await asyncio.gather(*(asyncio.wrap_future(self._send(entry)) for entry in entries))
                ends: dict[int, int] = {}
                for partition, offset in written:
                    ends[partition] = max(ends.get(partition, 0), offset + 1)
                await self._reached(ends)
        except TimeoutError:
            raise LogError(
                f"topic {self.topic} did not take what was written within {WRITE_SECONDS:g} s: look at its"
                " brokers"
            ) from None
        except KafkaException as error:
            raise LogError(f"topic {self.topic} cannot be written: {_text(error)}") from error
        return [offset for _, offset in written]

    # ---- on the event loop ----

    def _take(self, records: Sequence[LogRecord], positions: Mapping[int, int]) -> None:
        if records:
            try:
                self._handle(records)
            except Exception:  # a defect in us must not stop the log
                log.exception("records were not handled", topic=self.topic)
        for partition, position in positions.items():
            self._positions[partition] = max(self._positions.get(partition, 0), position)
        if positions:
            self._denial = None
        for ends, waiter in self._waiting:
            if not waiter.done() and self._is_at(ends):
                waiter.set_result(None)
        self._waiting = [(ends, waiter) for ends, waiter in self._waiting if not waiter.done()]

    def _deny(self, denial: LogError) -> None:
        """Nobody waits for what the worker may not read; once it may again, it reads on."""
        self._denial = denial
        self._tell_waiting(denial)

    async def _reached(self, ends: Mapping[int, int]) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_at(ends):
            return
        if self._denial is not None:
            raise self._denial
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((dict(ends), waiter))
        await waiter

    def _is_at(self, ends: Mapping[int, int]) -> bool:
        return all(self._positions.get(partition, 0) >= end for partition, end in ends.items())

    def _fail(self, failure: LogError) -> None:
        self._failure = failure
        self._tell_waiting(failure)

    def _tell_waiting(self, failure: LogError) -> None:
        for _, waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(failure)
        self._waiting.clear()

    # ---- on threads ----

    def _list_partitions(self) -> list[int]:
        try:
            return _until_it_passes(self._ask_partitions, READ_SECONDS)
        except KafkaException as error:
            raise LogError(f"topic {self.topic} cannot be looked at: {_text(error)}") from error

    def _ask_partitions(self) -> list[int]:
        found = self._admin.list_topics(self.topic, timeout=READ_SECONDS).topics[self.topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _ends(self, seconds: float) -> dict[int, int]:
        try:
            return _until_it_passes(lambda: self._ask_ends(seconds), seconds)
        except KafkaException as error:
            raise LogError(f"topic {self.topic} cannot be read: {_text(error)}") from error

    def _ask_ends(self, seconds: float) -> dict[int, int]:
        """As far as a reader of committed records can come."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(self.topic, partition): latest for partition in self._partitions}
        futures = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=seconds
        )
        return {where.partition: found.result().offset for where, found in futures.items()}

    def _send(self, entry: Entry) -> Future[tuple[int, int]]:
        future: Future[tuple[int, int]] = Future()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if not future.set_running_or_notify_cancel():
                return
            if error is not None:
                future.set_exception(KafkaException(error))
            else:
                future.set_result(_place(message))

        headers: list[tuple[str, str | bytes | None]] = (
            [] if entry.base is None else [(_BASE, str(entry.base).encode())]
        )
        try:
            self._producer.produce(
                self.topic, entry.value, entry.key.encode(), on_delivery=delivered, headers=headers
            )
        except (KafkaException, BufferError) as error:
            reason = _text(error) if isinstance(error, KafkaException) else str(error)
            raise LogError(f"topic {self.topic} cannot be written: {reason}") from error
        return future

    def _follow(self) -> None:
        self._consumer.assign(
            [TopicPartition(self.topic, partition, OFFSET_BEGINNING) for partition in self._partitions]
        )
        serving = threading.Thread(target=self._serve_producer, name=f"log-{self.topic}-out", daemon=True)
        serving.start()
        try:
            while not self._stopping.is_set():
                # consume() waits for all it is asked for; a single record is to be seen at once.
                first = self._consumer.poll(_POLL_SECONDS)
                if first is not None:
                    self._hand_over([first, *self._consumer.consume(_AT_ONCE, 0)])
        finally:
            self._consumer.close()
            serving.join(_CLOSE_SECONDS)

    def _serve_producer(self) -> None:
        while not self._stopping.is_set():
            try:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                # An idempotent producer that was refused once refuses everything from then on.
                log.warning("topic cannot be written just now", topic=self.topic, reason=_text(error))
                self._stopping.wait(_PAUSE_SECONDS)
                with suppress(KafkaException):  # the old one says again that another is needed
                    self._producer = Producer(with_login(self._producer_config))
        self._producer.flush(_CLOSE_SECONDS)

    def _hand_over(self, messages: Sequence[Message]) -> None:
        records: list[LogRecord] = []
        positions: dict[int, int] = {}
        for message in messages:
            error, (partition, offset) = message.error(), _place(message)
            if error is None:
                records.append(_record(message))
                positions[partition] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                # Behind what compaction or transactions leave out there is no record to tell how far we are.
                positions[partition] = offset
            elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                self._call(self._deny, LogError(f"topic {self.topic} cannot be read: {error.str()}"))
                self._stopping.wait(_POLL_SECONDS)
            elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # librdkafka asks for its coordinator
                log.warning("topic cannot be read just now", topic=self.topic, reason=error.str())
                time.sleep(_POLL_SECONDS)
        self._call(self._take, records, positions)

    def _call(self, function: Callable[..., None], *args: object) -> None:
        assert self._loop is not None  # noqa: S101 - set before the thread starts
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            self._stopping.set()  # the loop is closed


def _until_it_passes(ask: Callable[[], T], seconds: float) -> T:
    """Ask again while brokers come back or hand over; blocks.

    Raises:
        KafkaException: Another error, or one that did not pass within this time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KafkaException as error:
            if _code(error) not in _PASSING or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECONDS)


def _place(message: Message) -> tuple[int, int]:
    partition, offset = message.partition(), message.offset()
    return (-1 if partition is None else partition), (-1 if offset is None else offset)


def _record(message: Message) -> LogRecord:
    partition, offset = _place(message)
    return LogRecord(partition, offset, message.key(), message.value(), _base(message))


def _base(message: Message) -> int | None:
    headers: Any = message.headers() or ()  # a dictionary only for producers
    for name, value in headers:
        if name == _BASE and isinstance(value, bytes):
            try:
                return int(value)
            except ValueError:
                return None
    return None


def _consumer_config(client: Mapping[str, Any], topic: str) -> dict[str, Any]:
    return {
        **client,
        "client.id": f"connector-log-{topic}",
        # No group is ever joined; librdkafka wants a name.
        "group.id": f"connector-log-{topic}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        # A JVM worker with exactly-once sources writes configs in transactions.
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": 500,
        "fetch.queue.backoff.ms": 5,
        "logger": logs.LIBRDKAFKA,
    }


def _producer_config(client: Mapping[str, Any], topic: str) -> dict[str, Any]:
    return {
        **client,
        "client.id": f"connector-log-{topic}",
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 0,
        "delivery.timeout.ms": int(WRITE_SECONDS * 1000),
        # The partition of a key is the one that Java's clients choose, so that one key has one order.
        "partitioner": "murmur2_random",
        "logger": logs.LIBRDKAFKA,
    }


def _code(error: KafkaException) -> int | None:
    return error.args[0].code() if error.args and isinstance(error.args[0], KafkaError) else None


def _text(error: KafkaException) -> str:
    return str(error.args[0].str() if error.args and isinstance(error.args[0], KafkaError) else error)
