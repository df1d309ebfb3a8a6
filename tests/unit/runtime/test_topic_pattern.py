"""Which topics a pattern means, and when they are looked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from connector.java_regex import compile_java
from connector.runtime.topic_pattern import TopicPattern


class Kafka:
    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.fault: KafkaException | None = None
        self.looks = 0

    def list_topics(self, *, timeout: float) -> Any:
        self.looks += 1
        if self.fault:
            raise self.fault
        return SimpleNamespace(topics={name: SimpleNamespace(error=None) for name in self.names})


ALWAYS = {"topic.metadata.refresh.interval.ms": "1"}


def pattern(text: str, config: dict[str, str]) -> TopicPattern:
    found = TopicPattern(compile_java(text), config)
    if config is ALWAYS:
        found._interval_seconds = 0.0
    return found


def test_java_expressions_match_whole_names_and_none_of_kafkas_own() -> None:
    kafka = Kafka("orders-1", "orders-x", "orders-12", "my-orders-1", "__consumer_offsets")
    assert pattern(r"orders-\d", ALWAYS).changed(kafka) == ["orders-1"]
    assert pattern(r"(?:my-)?orders-[\d]+?", ALWAYS).changed(kafka) == [
        "my-orders-1",
        "orders-1",
        "orders-12",
    ]
    assert pattern(r"(?!my-)[\w.-]*", ALWAYS).changed(kafka) == ["orders-1", "orders-12", "orders-x"]


def test_topics_that_come_and_go_are_told_and_nothing_else_is() -> None:
    kafka = Kafka("a1")
    found = pattern("a.", ALWAYS)
    assert found.changed(kafka) == ["a1"]
    assert found.changed(kafka) is None
    kafka.names = ["a1", "b1", "a2"]
    assert found.changed(kafka) == ["a1", "a2"]
    kafka.names = []
    assert found.changed(kafka) == []


def test_topics_stay_while_kafka_does_not_tell() -> None:
    kafka = Kafka("a1")
    found = pattern("a.", ALWAYS)
    found.changed(kafka)
    kafka.fault = KafkaException(KafkaError(KafkaError._TRANSPORT))
    assert found.changed(kafka) is None


def test_it_looks_no_more_often_than_the_client_refreshes() -> None:
    kafka = Kafka("a1")
    found = pattern("a.", {"topic.metadata.refresh.interval.ms": "60000"})
    for _ in range(3):
        found.changed(kafka)
    assert kafka.looks == 1
