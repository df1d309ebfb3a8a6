"""Aiven's ExtractTopicFromSchemaName: records go by the name of their value's schema."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from connector.config.option import STRING, Importance, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.java_regex import check_java_regex, compile_java
from connector.transforms.aiven.rows import runs
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.record import RecordBatch


def _pairs(text: str) -> None:
    for pair in text.split(","):
        if pair.count(":") == 0 or not pair.partition(":")[2]:
            raise ValueError("must be pairs of a schema's name and a topic, as name:topic,name:topic")


class ExtractTopicFromSchemaNameConfig(Config):
    topics = optional(
        "schema.name.topic-map",
        STRING,
        "Topics by the names of schemas, as name:topic,name:topic; other names stay.",
        validate=_pairs,
        importance=Importance.LOW,
        group="Transform",
    )
    regex = optional(
        "schema.name.regex",
        STRING,
        "A Java regular expression with one group, which is the topic; else the whole name is.",
        validate=check_java_regex,
        importance=Importance.LOW,
        group="Transform",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.topics is not None and self.regex:
            yield Problem("schema.name.regex", "cannot be given beside schema.name.topic-map: keep one")


class ExtractTopicFromSchemaNameValue(Transform):
    """Values without a schema, or whose schema has no name, are errant."""

    config_class: ClassVar[type[Config]] = ExtractTopicFromSchemaNameConfig
    columns = frozenset({"values"})

    def __init__(self, config: ExtractTopicFromSchemaNameConfig) -> None:
        super().__init__(config)
        pairs = (pair.split(":")[:2] for pair in (config.topics or "").split(",") if pair)
        self._topics = {name: topic for name, topic in pairs}  # noqa: C416 - lists of two are no pairs to mypy
        self._pattern = compile_java(config.regex) if config.regex else None
        self._topic = lru_cache(1000)(self._found)

    def apply(self, batch: RecordBatch) -> RecordBatch:
        names: list[str] = []
        for schema, values in runs(batch.values):
            if schema is None or schema.name is None:
                raise ValueError("value schema name can't be null")
            names += [self._topic(schema.name)] * len(values)
        return batch.renamed(names)

    def topics(self, topics: Sequence[str]) -> None:  # noqa: ARG002 - records decide
        return None

    def _found(self, name: str) -> str:
        if name in self._topics:
            return self._topics[name]
        match = self._pattern.search(name) if self._pattern else None
        if match is None or match.re.groups != 1:
            return name
        if match[1] is None:
            raise ValueError(f"schema.name.regex finds no topic in {name}")
        return match[1]
