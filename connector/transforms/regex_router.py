"""Kafka's RegexRouter: gives topics other names; values are never looked at."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from connector.config.option import STRING, required
from connector.config.schema import Config
from connector.errors import Problem
from connector.java_regex import check_java_regex, compile_java, compile_replacement
from connector.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.record import RecordBatch

_NOTHING = re.compile("")


class RegexRouterConfig(Config):
    regex = required(
        "regex",
        STRING,
        "The Java regular expression that a topic's name must match as a whole to be replaced.",
        validate=check_java_regex,
        group="Transform",
    )
    replacement = required(
        "replacement",
        STRING,
        "The new name; $1 is the text of the first group. Names that two topics share make them one.",
        group="Transform",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.is_faulty(RegexRouterConfig.regex) or self.replacement is None:
            return
        pattern = compile_java(self.regex) if self.regex is not None else _NOTHING
        try:
            compile_replacement(self.replacement, pattern)
        except ValueError as error:
            option = RegexRouterConfig.replacement.name
            yield Problem(option, f"Invalid value {self.replacement} for configuration {option}: {error}")


class RegexRouter(Transform):
    """Replaces the first place where the expression matches, in names that it matches as a whole."""

    config_class: ClassVar[type[Config]] = RegexRouterConfig
    columns = frozenset()

    def __init__(self, config: RegexRouterConfig) -> None:
        super().__init__(config)
        self._pattern = compile_java(config.regex)
        self._expand = compile_replacement(config.replacement, self._pattern)
        self._new_name = lru_cache(1000)(self._renamed)

    def apply(self, batch: RecordBatch) -> RecordBatch:
        if batch.has_one_topic:
            return batch.renamed(self._new_name(batch.topic))
        return batch.renamed([self._new_name(topic) for topic in batch.topics])

    def topics(self, topics: Sequence[str]) -> Sequence[str]:
        return [self._new_name(topic) for topic in topics]

    def _renamed(self, topic: str) -> str:
        if not self._pattern.fullmatch(topic):
            return topic
        # Java looks for the place anew, so it may be shorter than the name: (a|ab) in ab is a.
        return self._pattern.sub(self._expand, topic, count=1)
