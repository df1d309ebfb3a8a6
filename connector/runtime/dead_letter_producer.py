"""Has copies of errant records acknowledged: what is refused for now goes again, for good is told.

For one thread, on which it blocks until all are acknowledged, their time is over, or nobody waits any more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from connector import logs
from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import ConnectorError, RetriableError

if TYPE_CHECKING:
    import logging
    import threading
    from collections.abc import Mapping, Sequence

    from connector.record import TopicPartition

log = logs.get(__name__)

PRODUCER_DEFAULTS: dict[str, Any] = {
    "acks": "all",
    # As Kafka Connect's: idempotence would want a permission more of old brokers.
    "enable.idempotence": False,
    "max.in.flight.requests.per.connection": 1,
    "message.timeout.ms": 120_000,
    # The client keeps to itself why it tries again; so it gives up soon, and the copy goes again from here.
    "message.send.max.retries": 3,
    # The brokers say what is too large, not this client.
    "message.max.bytes": 1_000_000_000,
    "queue.buffering.max.kbytes": 32 * 1024,
    "linger.ms": 5,
}

_SLACK_SECONDS = 10.0
"""What the client may be late with its own timeout."""
_POLL_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_SILENCE_SECONDS = 10.0
_ASK_SECONDS = 5.0

_PASSING = frozenset(
    {
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        # Brokers that have just started do not know their topics yet.
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._TIMED_OUT,  # noqa: SLF001 - librdkafka's own, as those below: a request had no answer
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
    }
)
"""Answers after which the same copy may be taken a little later."""

_OF_A_REQUEST = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError._INVALID_DIFFERENT_RECORD,  # noqa: SLF001
    }
)
"""Answers to a request as a whole: they may be about others in it."""

_NO_ANSWER = KafkaError._MSG_TIMED_OUT  # noqa: SLF001

_MISSING = "create the topic, or allow the worker's principal to do so"
_TOO_FEW = "bring back the brokers that hold its replicas, or lower min.insync.replicas of that topic"
REMEDIES = {
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "create the topic by hand, or grant CREATE on it",
    KafkaError.INVALID_RECORD: "a topic that is compacted takes no record without a key: set its"
    " cleanup.policy to delete",
    KafkaError.INVALID_REPLICATION_FACTOR: "set errors.deadletterqueue.topic.replication.factor to at most"
    " the number of brokers",
    KafkaError.INVALID_TIMESTAMP: "a copy has the timestamp of its record: set"
    " message.timestamp.before.max.ms and message.timestamp.after.max.ms of that topic to what records need",
    KafkaError.LEADER_NOT_AVAILABLE: "bring back the brokers that hold its replicas",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise max.message.bytes of that topic; the headers that tell what was"
    " wrong need room as well",
    KafkaError.NOT_ENOUGH_REPLICAS: _TOO_FEW,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND: _TOO_FEW,
    KafkaError.POLICY_VIOLATION: "create the topic by hand, as the cluster's policy wants it",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant WRITE and DESCRIBE on that topic to the worker's principal",
    KafkaError.UNKNOWN_TOPIC_OR_PART: _MISSING,
    KafkaError._UNKNOWN_TOPIC: _MISSING,  # noqa: SLF001
}


class DeadLetterError(ConnectorError):
    """The dead letter queue does not take a record, so nothing may be committed beyond it."""

    code = ErrorCode.DEAD_LETTER_QUEUE_REFUSES


class Copy(NamedTuple):
    """What is produced of a record."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, str | bytes | None]]
    timestamp_ms: int


class DeadLetterProducer:
    """Copies are handed over one by one, and all of them are waited for together."""

    def __init__(
        self,
        config: Mapping[str, Any],
        topic: str,
        stopping: threading.Event,
        lines: logging.LoggerAdapter[Any],
    ) -> None:
        """Reach nobody yet.

        Args:
            config: librdkafka's properties, ``PRODUCER_DEFAULTS`` among them.
            topic: Where the copies go.
            stopping: Once it is set, nothing is waited for any more.
            lines: Takes what librdkafka has to say.
        """
        self._topic = topic
        self._stopping = stopping
        self._seconds = float(config.get("delivery.timeout.ms", config["message.timeout.ms"])) / 1000
        self._producer = Producer(with_login(config), logger=lines)
        self._again: list[Copy] = []
        self._singly: list[Copy] = []
        self._reason: KafkaError | None = None
        self._verdict: KafkaError | None = None

    def begin(self, partition: TopicPartition) -> None:
        """What is sent from here on, and waited for by one :meth:`finish`, are records of this partition."""
        self._partition = partition
        self._again, self._singly = [], []
        self._reason = self._verdict = None

    def send(self, copy: Copy) -> None:
        """Hand over one more; what was refused by now goes again in :meth:`finish`.

        Raises:
            DeadLetterError: One of them is refused for good.
            RetriableError: Nobody waits any more.
        """
        self._hand_over(copy, is_alone=False)
        self._raise_verdict()

    def finish(self) -> None:
        """Until every copy that was sent is acknowledged.

        Raises:
            DeadLetterError: One of them is refused for good, or was not taken in time.
            RetriableError: Nobody waits any more.
        """
        deadline = time.monotonic() + self._seconds
        pause = _FIRST_PAUSE_SECONDS
        self._await_answers(deadline)
        self._send_singly(deadline)
        while self._again:
            if time.monotonic() + pause > deadline:
                raise self._refusal()
            self._tell()
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self._send_again(deadline)
            self._send_singly(deadline)

    def poll(self) -> None:
        """Let librdkafka say what it has to say, while there is nothing to send."""
        self._producer.poll(0)

    def close(self) -> None:
        """Forget what is not acknowledged."""
        self._producer.purge()

    def _hand_over(self, copy: Copy, *, is_alone: bool) -> None:
        def on_delivery(error: KafkaError | None, _message: object) -> None:
            if error is not None:
                self._note(copy, error, is_alone=is_alone)

        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value=copy.value,
                    key=copy.key,
                    headers=list(copy.headers),
                    on_delivery=on_delivery,
                    timestamp=copy.timestamp_ms,
                )
            except BufferError:
                # Ends: each that waits there has a timeout of its own.
                self._producer.poll(_POLL_SECONDS)
                self._raise_verdict()
            except KafkaException as error:
                self._note(copy, error.args[0], is_alone=is_alone)
                return
            else:
                self._producer.poll(0)
                return

    def _note(self, copy: Copy, error: KafkaError, *, is_alone: bool) -> None:
        code = error.code()
        if code in _OF_A_REQUEST and not is_alone:
            self._singly.append(copy)
        elif code in _PASSING:
            self._reason = error
            self._again.append(copy)
        else:
            self._verdict = self._verdict or error

    def _send_again(self, deadline: float) -> None:
        copies, self._again = self._again, []
        for copy in copies:
            self._hand_over(copy, is_alone=False)
        self._await_answers(deadline)

    def _send_singly(self, deadline: float) -> None:
        copies, self._singly = self._singly, []
        for copy in copies:
            self._hand_over(copy, is_alone=True)
            self._await_answers(deadline)

    def _await_answers(self, deadline: float) -> None:
        told = time.monotonic() + _SILENCE_SECONDS
        while self._producer.flush(_POLL_SECONDS):
            self._raise_verdict()
            now = time.monotonic()
            if now > deadline + _SLACK_SECONDS:
                raise self._refusal()
            if now > told:
                told = now + _SILENCE_SECONDS
                log.warning("the dead letter queue does not answer yet", topic=self._topic)
        self._raise_verdict()

    def _raise_verdict(self) -> None:
        if self._stopping.is_set():
            raise RetriableError(
                f"the task ends before the dead letter queue {self._topic} has answered",
                code=ErrorCode.DEAD_LETTER_QUEUE_REFUSES,
            )
        if self._verdict is not None:
            raise self._refusal()

    def _tell(self) -> None:
        log.warning(
            "the dead letter queue refuses for now",
            topic=self._topic,
            records=len(self._again),
            reason=_text(self._reason) if self._reason else "",
        )

    def _refusal(self) -> DeadLetterError:
        error = self._verdict
        if error is None or error.code() == _NO_ANSWER:
            # What the brokers said before the time was over, else what they say now.
            error = self._reason or self._ask()
        if error is None:
            fact, remedy = "by no answer in time", "see whether its brokers are there"
        else:
            fact, remedy = f"with {_text(error)}", REMEDIES.get(error.code(), "")
        return DeadLetterError(
            f"Records of {self._partition} were refused by the dead letter queue {self._topic} {fact},"
            f" so nothing is committed beyond them{': ' + remedy if remedy else ''}."
        )

    def _ask(self) -> KafkaError | None:
        """What is wrong with the topic; None if nobody tells."""
        try:
            topic = self._producer.list_topics(self._topic, timeout=_ASK_SECONDS).topics[self._topic]
        except KafkaException:
            return None
        faults = [topic.error, *(partition.error for partition in topic.partitions.values())]
        return next((fault for fault in faults if fault is not None), None)


def _text(error: KafkaError) -> str:
    return f"{error.name()} ({error.str()})"
