"""Configs of Aiven's S3 sink: mostly ours already; old names, and what has no effect, are tidied up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.config.connector import ConnectorConfig
from connector.config.dialect import Fate, Line, Translation
from connector.config.suggest import closest
from connector.sinks.s3 import S3Config
from connector.sinks.s3.idle import IdleConfig
from connector.sinks.s3.naming import FileNameConfig
from connector.sinks.s3.prefix import PrefixConfig
from connector.sinks.s3.rotation import RotationConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.config.option import Option

_NAMES = frozenset(
    {
        "io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector",
        "AivenKafkaConnectS3SinkConnector",
        "AivenKafkaConnectS3Sink",
        "s3",
    }
)
_PREFIX = {
    PrefixConfig.prefix_timezone.name: FileNameConfig.timestamp_timezone.name,
    PrefixConfig.prefix_source.name: FileNameConfig.timestamp_source.name,
}
_TEMPLATE = "file.name.template"
_FLUSH_SIZE = "flush.size"
_BELOW = (
    "key.",
    "value.",
    "header.",
    "transforms.",
    "predicates.",
    "consumer.override.",
    "producer.override.",
)


def is_aivens(java: str) -> bool:
    """Whether a connector's class is that sink, or ours that answers to its keys."""
    return java in _NAMES


def old_names() -> Iterator[tuple[str, Option[Any]]]:
    """Each other name that an option has, and the option."""
    for option in S3Config.options().values():
        for alias in option.aliases:
            yield alias, option


def from_aiven(raw: Mapping[str, str]) -> Translation:
    """The same in today's names."""
    found = Translation()
    olds = dict(old_names())
    by_prefix = PrefixConfig.prefix.name in raw or "aws_s3_prefix" in raw
    for key, value in raw.items():
        line, options = _one(key, value, raw, olds)
        if by_prefix and key in {*_PREFIX, PrefixConfig.prefix.name, "aws_s3_prefix", _TEMPLATE}:
            line, options = _of_prefix(key, value, raw)
        found.config |= options
        found.lines.append(line)
    return found


def _one(
    key: str, value: str, raw: Mapping[str, str], olds: Mapping[str, Option[Any]]
) -> tuple[Line, dict[str, str]]:
    known = {**ConnectorConfig.options(), **S3Config.options()}
    if key in IdleConfig.options():
        why = known[key].description.removeprefix("Accepted, without effect").lstrip(":, ").rstrip(".")
        return Line(key, Fate.DROPPED, why=why), {}
    if key in known or key.startswith(_BELOW) or key.startswith("aws.credentials.provider."):
        return Line(key, Fate.KEPT, (key,)), {key: value}
    if (option := olds.get(key)) is not None:
        if option.name in raw:
            return Line(key, Fate.DROPPED, why=f"{option.name} is given, and wins"), {}
        options = {option.name: value}
        if key == _FLUSH_SIZE and RotationConfig.on_commit.name not in raw:
            options[RotationConfig.on_commit.name] = "false"
        return Line(key, Fate.RENAMED, tuple(options), "an old name"), options
    if any(key == each or (each.endswith(".") and key.startswith(each)) for each in S3Config.tolerated):
        return Line(key, Fate.DROPPED, why="it changes nothing here"), {}
    meant = closest(key, list(known))
    why = "nothing reads it" + (f"; did you mean {meant}?" if meant else "")
    return Line(key, Fate.ATTENTION, (key,), why), {key: value}


def _of_prefix(key: str, value: str, raw: Mapping[str, str]) -> tuple[Line, dict[str, str]]:
    """The deprecated naming, as the template that gives the same names."""
    if key == _TEMPLATE:
        return Line(key, Fate.DROPPED, why="aws.s3.prefix wins over it"), {}
    if key in _PREFIX:
        return Line(key, Fate.RENAMED, (_PREFIX[key],), "for templates"), {_PREFIX[key]: value}
    config = S3Config(raw)
    template = config.create_template(config.create_format().suffix).text
    return Line(key, Fate.RENAMED, (_TEMPLATE,), "the template that gives the same names"), {
        _TEMPLATE: template
    }
