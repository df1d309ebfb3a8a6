"""What operators see of a task's reading: lag, client errors, statistics; nothing here decides anything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from connector import logs, metrics
from connector.error_codes import ErrorCode
from connector.repetition import Repetitions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from confluent_kafka import KafkaError

    from connector.record import TopicPartition
    from connector.runtime.offsets import Offsets
    from connector.runtime.state import State

log = logs.get(__name__)


class TaskObserver:
    """Keeps the gauges of one task."""

    def __init__(self, connector: str, task: int) -> None:
        self._labels = (connector, str(task))
        self.named: Mapping[str, str | int] = {"connector": connector, "task": task}
        """For traces."""
        self._bytes_seen = 0
        self._errors = Repetitions()
        self._waiting: dict[TopicPartition, tuple[int, float]] = {}
        """What each partition's first uncommitted offset is, and since when."""
        for event in ("assigned", "revoked", "lost"):
            metrics.REBALANCES.labels(*self._labels, event)
        self.records_read = metrics.RECORDS_READ.labels(*self._labels)
        self.records_put = metrics.RECORDS_PUT.labels(*self._labels)
        self.put_seconds = metrics.PUT_SECONDS.labels(*self._labels)
        self.flush_seconds = metrics.FLUSH_SECONDS.labels(*self._labels)
        self.commit_seconds = metrics.COMMIT_SECONDS.labels(*self._labels)
        self.commit_failures = metrics.COMMIT_FAILURES.labels(*self._labels)
        self.buffered_bytes = metrics.BUFFERED_BYTES.labels(*self._labels)
        self.budget_bytes = metrics.BUDGET_BYTES.labels(*self._labels)
        self.paused = metrics.PAUSED.labels(*self._labels)

    def client_error(self, error: KafkaError) -> None:
        """From any thread."""
        metrics.CONSUMER_ERRORS.labels(*self._labels, error.name()).inc()
        untold = self._errors.untold((error.name(), error.fatal()))
        if untold is None:
            return
        log.warning(
            "kafka client error",
            code=ErrorCode.KAFKA_CLIENT,
            reason=error.name(),
            error=error.str(),
            fatal=error.fatal(),
            **({"more_like_this": untold} if untold else {}),
        )

    def statistics(self, statistics: Mapping[str, Any]) -> None:
        """From the consumer's thread; fields as in librdkafka's STATISTICS.md."""
        total = statistics.get("rxmsg_bytes", 0)
        metrics.BYTES_READ.labels(*self._labels).inc(max(0, total - self._bytes_seen))
        self._bytes_seen = total
        partitions = [
            partition
            for topic in statistics.get("topics", {}).values()
            for partition in topic.get("partitions", {}).values()
        ]
        queued = sum(partition.get("fetchq_size", 0) for partition in partitions)
        metrics.CONSUMER_QUEUED_BYTES.labels(*self._labels).set(queued)
        round_trips = [
            broker.get("rtt", {}).get("avg", 0) for broker in statistics.get("brokers", {}).values()
        ]
        metrics.BROKER_ROUND_TRIP.labels(*self._labels).set(max(round_trips, default=0) / 1e6)

    def rebalanced(self, event: str, partitions: Collection[TopicPartition]) -> None:
        if not partitions:
            return
        metrics.REBALANCES.labels(*self._labels, event).inc()
        log.info("rebalance", rebalance=event, partitions=[str(partition) for partition in partitions])

    def progress(self, offsets: Offsets, end_offset: Callable[[TopicPartition], int | None]) -> None:
        for partition in offsets:
            labels = (*self._labels, partition.topic, str(partition.partition))
            uncommitted = offsets.uncommitted(partition)
            metrics.UNCOMMITTED.labels(*labels).set(uncommitted)
            first = (offsets.position(partition) or 0) - uncommitted
            waited = self._waited(partition, first if uncommitted else None, time.monotonic())
            metrics.UNCOMMITTED_SECONDS.labels(*labels).set(waited)
            end, position = end_offset(partition), offsets.position(partition)
            if end is not None and position is not None:
                metrics.LAG.labels(*labels).set(max(0, end - position))

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions that moved away must not leave their last lag behind."""
        for partition in partitions:
            self._waiting.pop(partition, None)
            labels = (*self._labels, partition.topic, str(partition.partition))
            for gauge in (metrics.LAG, metrics.UNCOMMITTED, metrics.UNCOMMITTED_SECONDS):
                gauge.remove(*labels)

    def _waited(self, partition: TopicPartition, first: int | None, now: float) -> float:
        """Seconds since the first uncommitted offset, if there is one, is what it is."""
        if first is None:
            self._waiting.pop(partition, None)
            return 0.0
        known = self._waiting.get(partition)
        if known is None or known[0] != first:
            known = self._waiting[partition] = first, now
        return now - known[1]

    def started(self, outcome: str) -> None:
        metrics.TASK_STARTS.labels(outcome).inc()

    def failed(self) -> None:
        metrics.TASK_FAILURES.labels(self._labels[0]).inc()

    def state(self, state: State) -> None:
        for known in type(state):
            metrics.TASK_STATE.labels(*self._labels, known.value).set(known is state)
