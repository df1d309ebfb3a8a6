"""Kafka's three predicates: by topic, by header, by missing value."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connector.column import nulls
from connector.config.option import STRING, non_empty, required
from connector.config.schema import Config
from connector.java_regex import check_java_regex, compile_java
from connector.transforms.base import Predicate

if TYPE_CHECKING:
    from connector.record import RecordBatch


class RecordIsTombstone(Predicate):
    """Is true for records whose value is null."""

    columns = frozenset({"values"})

    def test(self, batch: RecordBatch) -> list[bool]:
        return nulls(batch.values)


def _pattern(value: str) -> None:
    non_empty(value)
    check_java_regex(value)


class TopicNameMatchesConfig(Config):
    pattern = required(
        "pattern",
        STRING,
        "The Java regular expression that the topic's name must match as a whole.",
        validate=_pattern,
        group="Predicate",
    )


class TopicNameMatches(Predicate):
    """Goes by the name that the transforms before it gave the topic."""

    config_class: ClassVar[type[Config]] = TopicNameMatchesConfig
    columns = frozenset()

    def __init__(self, config: TopicNameMatchesConfig) -> None:
        super().__init__(config)
        self._pattern = compile_java(config.pattern)

    def test(self, batch: RecordBatch) -> list[bool]:
        if batch.has_one_topic:
            return [self._matches(batch.topic)] * len(batch)
        answers = {topic: self._matches(topic) for topic in set(batch.topics)}
        return [answers[topic] for topic in batch.topics]

    def _matches(self, topic: str) -> bool:
        return self._pattern.fullmatch(topic) is not None


class HasHeaderKeyConfig(Config):
    name = required(
        "name",
        STRING,
        "The key of the header that a record must have.",
        validate=non_empty,
        group="Predicate",
    )


class HasHeaderKey(Predicate):
    """Is true for records with at least one header of that key, letter case included."""

    config_class: ClassVar[type[Config]] = HasHeaderKeyConfig
    columns = frozenset({"headers"})

    def __init__(self, config: HasHeaderKeyConfig) -> None:
        super().__init__(config)
        self._name = config.name

    def test(self, batch: RecordBatch) -> list[bool]:
        return [any(name == self._name for name, _ in headers or ()) for headers in batch.headers]
