"""Whose a config is, and what it is here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.config.connector import ConnectorConfig
from connector.config.dialect import Fate, Line
from connector.errors import ConfigError
from connector.migration.aiven import from_aiven, is_aivens
from connector.migration.camel import from_camel, service_of
from connector.migration.confluent import from_confluent, is_confluents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.config.schema import RawConfig
    from connector.errors import Problem

_CLASS = ConnectorConfig.connector_class.name
_FIRST = ("name", _CLASS, "tasks.max", "topics", "topics.regex")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A config in our words.

    Attributes:
        config: Of a built-in sink, by its short name; holds secrets.
        lines: What became of each key, in the order they were submitted.
        problems: What has no counterpart, by the keys that were submitted.
    """

    config: RawConfig = field(repr=False)
    lines: Sequence[Line]
    problems: Sequence[Problem]


def rewritten(raw: Mapping[str, str]) -> Rewritten:
    """Rewrite the config of a connector.

    Raises:
        ConfigError: It is of none that is known here.
    """
    java = raw.get(_CLASS, "")
    service = service_of(java)
    if is_confluents(java):
        short, found = "s3", from_confluent(raw)
    elif is_aivens(java):
        short, found = "s3", from_aiven(raw)
    elif service is not None:
        short, found = service, from_camel(raw, service)
    else:
        raise ConfigError.of(
            _CLASS,
            f"{java or 'Nothing'} is no connector that can be rewritten: there are Aiven's and Confluent's S3"
            " sinks, and Camel's sinks for S3, SQS, SNS, Kinesis and EventBridge.",
        )
    config = {**found.config, _CLASS: short}
    lines = {line.key: line for line in found.lines}
    lines[_CLASS] = Line(
        _CLASS, Fate.KEPT if java == short else Fate.RENAMED, (_CLASS,), f"the sink is {short}"
    )
    for key in raw:
        lines.setdefault(key, Line(key, Fate.KEPT, (key,)))
    ordered = [key for key in _FIRST if key in config]
    return Rewritten(
        {key: config[key] for key in dict.fromkeys([*ordered, *config])},
        [lines[key] for key in raw if key in lines],
        found.problems,
    )
