"""Kafka's TimestampRouter: puts the time of a record into the name of its topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connector.config.option import STRING, Importance, defaulted
from connector.config.schema import Config
from connector.transforms.base import Transform
from connector.transforms.simple_date import SimpleDate, check_simple_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch


class TimestampRouterConfig(Config):
    topic_format = defaulted(
        "topic.format",
        STRING,
        "${topic}-${timestamp}",
        "The new name of the topic; ${topic} is its former name and ${timestamp} the time of the record.",
        importance=Importance.HIGH,
        group="Transform",
    )
    timestamp_format = defaulted(
        "timestamp.format",
        STRING,
        "yyyyMMdd",
        "The Java SimpleDateFormat pattern of ${timestamp}, in UTC. The finer it is, the more objects or"
        " requests a batch is cut into.",
        validate=check_simple_date,
        importance=Importance.HIGH,
        group="Transform",
    )


class TimestampRouter(Transform):
    """A record without a timestamp fails."""

    config_class: ClassVar[type[Config]] = TimestampRouterConfig
    columns = frozenset({"timestamps"})

    def __init__(self, config: TimestampRouterConfig) -> None:
        super().__init__(config)
        self._format = config.topic_format
        self._pattern = SimpleDate(config.timestamp_format)

    def apply(self, batch: RecordBatch) -> RecordBatch:
        if None in batch.timestamps:
            raise ValueError("Timestamp missing on record")
        step = self._pattern.step_ms
        steps = [timestamp // step for timestamp in batch.timestamps]  # type: ignore[operator]
        if batch.has_one_topic:
            names = {number: self._name(batch.topic, number * step) for number in set(steps)}
            return batch.renamed([names[number] for number in steps])
        pairs = list(zip(batch.topics, steps, strict=True))
        known = {pair: self._name(pair[0], pair[1] * step) for pair in set(pairs)}
        return batch.renamed([known[pair] for pair in pairs])

    def topics(self, topics: Sequence[str]) -> None:  # noqa: ARG002 - records decide
        return None

    def _name(self, topic: str, timestamp: int) -> str:
        named = self._format.replace("${topic}", topic)
        return named.replace("${timestamp}", self._pattern.format(timestamp))
