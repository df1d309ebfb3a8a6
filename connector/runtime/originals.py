"""Reads single records again, by offset, as Kafka has them: what the dead letter queue copies."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaTopicPartition

from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import RetriableError

if TYPE_CHECKING:
    import logging
    import threading
    from collections.abc import Iterator, Mapping, Sequence

    from connector.record import TopicPartition

_SECONDS = 30.0
"""Without a record or the end of the partition."""
_POLL_SECONDS = 1.0
_MOST = 500
_GAP = 1000
"""Offsets between two wanted ones that are cheaper read than jumped over."""
_NO_TIMESTAMP = 0

_OPTIONS: dict[str, Any] = {
    # To see that an offset is gone for good; and what is behind the wanted ones need not be fetched.
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "queued.max.messages.kbytes": 4096,
    "queued.min.messages": _MOST,
    "statistics.interval.ms": 0,
}


class Original(NamedTuple):
    """A record as it was produced."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp_ms: int | None


class Originals:
    """A consumer in no group, for one thread; it reads only what it is asked for."""

    def __init__(
        self, config: Mapping[str, Any], stopping: threading.Event, lines: logging.LoggerAdapter[Any]
    ) -> None:
        """Reach nobody yet.

        Args:
            config: That of the consumer that read the records first.
            stopping: Once it is set, nothing is waited for any more.
            lines: Takes what librdkafka has to say.
        """
        self._stopping = stopping
        # The group is not joined; a static member would throw out the one of its name.
        own = {name: value for name, value in config.items() if name != "group.instance.id"}
        self._consumer = Consumer(
            {
                "isolation.level": "read_committed",
                "group.id": "none",
                **with_login(own),
                **_OPTIONS,
                "client.id": f"{config.get('client.id', 'connector')}-errant",
            },
            logger=lines,
        )

    def read(self, partition: TopicPartition, offsets: Sequence[int]) -> Iterator[Original]:
        """The records at these offsets, which ascend; without those that are gone by now.

        Raises:
            RetriableError: The brokers do not give them.
        """
        try:
            for run in _runs(offsets):
                yield from self._read_run(partition, run)
        finally:
            self._consumer.unassign()

    def poll(self) -> None:
        """Let librdkafka say what it has to say, while there is nothing to read."""
        self._consumer.poll(0)

    def close(self) -> None:
        self._consumer.close()

    def _read_run(self, partition: TopicPartition, run: Sequence[int]) -> Iterator[Original]:
        wanted, last = set(run), run[-1]
        self._consumer.assign([KafkaTopicPartition(*partition, run[0])])
        why = "no answer in time"
        while True:
            for message in self._next(partition, why):
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    if _are_gone(run, message.offset()):
                        return
                    why = (
                        f"at the moment the partition ends at offset {message.offset()}. If its topic was"
                        " made again or truncated, restart the task"
                    )
                    continue
                if error is not None:
                    raise _unreadable(partition, error.str())
                if message.offset() in wanted:
                    yield _original(message)
                if message.offset() >= last:
                    return

    def _next(self, partition: TopicPartition, why: str) -> list[Any]:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and not self._stopping.is_set():
            if messages := self._consume(partition):
                return messages
        raise _unreadable(partition, why)

    def _consume(self, partition: TopicPartition) -> list[Any]:
        try:
            return list(self._consumer.consume(_MOST, _POLL_SECONDS))
        except KafkaException as error:
            raise _unreadable(partition, error.args[0].str()) from error


def _unreadable(partition: TopicPartition, why: str) -> RetriableError:
    return RetriableError(
        f"Errant records of {partition} could not be read again: {why}",
        code=ErrorCode.ERRANT_RECORD_UNREADABLE,
    )


def _are_gone(run: Sequence[int], end: int) -> bool:
    """Whether a partition that ends there will never show the rest of them.

    What lies behind them was read, so retention or compaction took them; what ends before all of them is
    another topic. In between, a new leader may not know yet how far its replicas had come: consumers are
    then shown less than before, for a while.
    """
    return not run[0] <= end <= run[-1]


def _runs(offsets: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for offset in offsets:
        if run and offset - run[-1] > _GAP:
            yield run
            run = []
        run.append(offset)
    if run:
        yield run


def _original(message: Any) -> Original:
    kind, timestamp = message.timestamp()
    return Original(
        message.offset(),
        message.key(),
        message.value(),
        message.headers() or (),
        None if kind == _NO_TIMESTAMP else timestamp,
    )
