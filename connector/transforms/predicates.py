"""Kafka's three predicates: by topic, by header, by missing value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from connector.column import JsonColumn
from connector.config.option import STRING, non_empty, required
from connector.config.schema import Config
from connector.transforms.base import Predicate

if TYPE_CHECKING:
    from connector.record import RecordBatch


class RecordIsTombstone(Predicate):
    """Is true for records whose value is null."""

    def test(self, batch: RecordBatch) -> list[bool]:
        values = batch.values
        if isinstance(values, JsonColumn):
            return values.nulls()
        return [value is None for value in values]


def _regex(value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"Invalid regex: {error}") from None


class TopicNameMatchesConfig(Config):
    pattern = required(
        "pattern",
        STRING,
        "The regular expression that the topic's name must match as a whole.",
        validate=_regex,
        group="Predicate",
    )


class TopicNameMatches(Predicate):
    """Is true for all records of a batch or for none: a batch has one topic."""

    config_class: ClassVar[type[Config]] = TopicNameMatchesConfig

    def __init__(self, config: TopicNameMatchesConfig) -> None:
        super().__init__(config)
        self._pattern = re.compile(config.pattern)

    def test(self, batch: RecordBatch) -> list[bool]:
        matches = self._pattern.fullmatch(batch.topic_partition.topic) is not None
        return [matches] * len(batch)


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

    def __init__(self, config: HasHeaderKeyConfig) -> None:
        super().__init__(config)
        self._name = config.name

    def test(self, batch: RecordBatch) -> list[bool]:
        return [any(name == self._name for name, _ in headers or ()) for headers in batch.headers]
