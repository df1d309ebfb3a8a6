"""Aiven's legacy naming by ``aws.s3.prefix``, translated into the template that gives the same names.

Its time is that of writing or of the record, as ``timestamp.source`` says, so that a change of the hour
begins another object; there an object kept the time of its upload or of its first record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.config.option import STRING, Importance, defaulted, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.sinks.s3.object_key import climbs
from connector.sinks.s3.template import Placeholder, Template
from connector.sinks.s3.zone import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.config.option import Option

_NAME = "{{topic}}-{{partition}}-{{start_offset:padding=true}}"
_DATE = "{{timestamp:unit=yyyy}}-{{timestamp:unit=MM}}-{{timestamp:unit=dd}}"
_DATES = frozenset({"utc_date", "local_date"})
_VARIABLES = frozenset({"topic", "partition", "start_offset", "timestamp", *_DATES})
_WEEK_YEAR = re.compile(r"(\{\{\s*timestamp:unit=)YYYY(\s*\}\})", re.ASCII)


def _legal_prefix(text: str) -> None:
    if not text.strip():
        raise ValueError("String must be non-empty")
    template = Template(_WEEK_YEAR.sub(r"\1yyyy\2", text))
    if climbs(template.render(dict.fromkeys(template.placeholders, "x"))):
        raise ValueError(f"An object name must not lead out of its bucket, as {text} does: take out ..")
    for found in template.placeholders:
        if found.variable not in _VARIABLES:
            raise ValueError(f"unsupported variable, supported are: {', '.join(sorted(_VARIABLES))}")
        if found.variable == "timestamp" and found.value not in {"yyyy", "MM", "dd", "HH"}:
            raise ValueError(
                "parameter unit is required for the the variable timestamp, supported values are:"
                " yyyy|MM|dd|HH"
            )


def _time_zone(name: str) -> None:
    zone(name)


def _timestamp_source(value: str) -> None:
    if value.lower() not in {"wallclock", "event"}:
        raise ValueError(f"Unknown timestamp source: {value}. Use wallclock or event.")


def template_of(prefix: str) -> str:
    """The template of object names, without suffixes."""
    return "".join(map(_translated, Template(_WEEK_YEAR.sub(r"\1yyyy\2", prefix)).parts)) + _NAME


def _translated(part: Placeholder | str) -> str:
    match part:
        case str():
            return part
        case Placeholder(variable=variable) if variable in _DATES:
            return _DATE
        case Placeholder(variable="start_offset", value="true"):
            return "{{start_offset:padding=true}}"
        case Placeholder(variable="timestamp", value=unit):
            return f"{{{{timestamp:unit={unit}}}}}"
    return f"{{{{{part.variable}}}}}"


class PrefixConfig(Config):
    """The options of that naming, which replace ``file.name.template`` and ``file.name.timestamp.*``."""

    prefix = optional(
        "aws.s3.prefix",
        STRING,
        "Aiven's former naming, deprecated: objects are called by this prefix, topic, partition, the first"
        " offset with 20 digits, and the suffix of the compression; file.name.template is then not used. The"
        " prefix may hold {{topic}}, {{partition}}, {{start_offset}}, {{timestamp}}, {{utc_date}} and"
        " {{local_date}}.",
        validate=_legal_prefix,
        aliases=("aws_s3_prefix",),
        importance=Importance.LOW,
        group="File",
    )
    prefix_timezone = defaulted(
        "timestamp.timezone",
        STRING,
        "Z",
        "The time zone of {{timestamp}} and {{local_date}} in aws.s3.prefix.",
        validate=_time_zone,
        importance=Importance.LOW,
        group="File",
    )
    prefix_source = defaulted(
        "timestamp.source",
        STRING,
        "WALLCLOCK",
        "What the times in aws.s3.prefix are: wallclock or event.",
        validate=_timestamp_source,
        choices=("wallclock", "event"),
        importance=Importance.LOW,
        group="File",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.prefix is None:
            return
        if "utc_date" in Template(self.prefix).variables and zone(self.prefix_timezone) != zone("Z"):
            yield Problem(
                "aws.s3.prefix",
                f"holds {{{{utc_date}}}} while timestamp.timezone is {self.prefix_timezone}: names have one"
                " zone, so leave one of them out",
            )

    def notes(self) -> Iterator[str]:
        yield from super().notes()
        only_prefix: tuple[Option[str], ...] = (PrefixConfig.prefix_timezone, PrefixConfig.prefix_source)
        for option in only_prefix:
            if self.prefix is None and self.is_set(option):
                yield f"{option.name} is for aws.s3.prefix only: for templates set file.name.{option.name}"
        if self.prefix is not None:
            yield "aws.s3.prefix names objects, and file.name.template is not used; prefer file.name.template"
