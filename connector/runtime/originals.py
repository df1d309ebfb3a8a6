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

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Args: ``config`` is that of the consumer that read the records first."""
        # The group is not joined; a static member would throw out the one of its name.
        own = {name: value for name, value in config.items() if name != "group.instance.id"}
        self._consumer = Consumer(
            {
                "isolation.level": "read_committed",
                "group.id": "none",
                **with_login(own),
                **_OPTIONS,
                "client.id": f"{config.get('client.id', 'connector')}-errant",
            }
        )

    def read(self, partition: TopicPartition, offsets: Sequence[int]) -> Iterator[Original]:
        """The records at these offsets, which ascend; without those that are gone by now.

        Raises:
            RetriableError: The brokers do not give them.
        """
        for run in _runs(offsets):
            yield from self._read_run(partition, run)
        self._consumer.unassign()

    def close(self) -> None:
        self._consumer.close()

    def _read_run(self, partition: TopicPartition, run: Sequence[int]) -> Iterator[Original]:
        wanted, last = set(run), run[-1]
        self._consumer.assign([KafkaTopicPartition(*partition, run[0])])
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            for message in self._consume():
                deadline = time.monotonic() + _SECONDS
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    return
                if error is not None:
                    raise RetriableError(
                        f"Errant records of {partition} could not be read again: {error.str()}",
                        code=ErrorCode.ERRANT_RECORD_UNREADABLE,
                    )
                if message.offset() in wanted:
                    yield _original(message)
                if message.offset() >= last:
                    return
        raise RetriableError(
            f"Errant records of {partition} could not be read again: no answer in time",
            code=ErrorCode.ERRANT_RECORD_UNREADABLE,
        )

    def _consume(self) -> list[Any]:
        try:
            return list(self._consumer.consume(_MOST, _POLL_SECONDS))
        except KafkaException as error:
            raise RetriableError(
                f"Errant records could not be read again: {error.args[0].str()}",
                code=ErrorCode.ERRANT_RECORD_UNREADABLE,
            ) from error


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
