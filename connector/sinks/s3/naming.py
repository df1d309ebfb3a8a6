"""The options that name objects, and which templates are legal: everything is refused before the start.

The peer's later versions check too little: a template without a unit then fails at the first record.
The rules here are those of its 2.15, the version that most existing configurations were written for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector import logs
from connector.config.option import (
    INT,
    STRING,
    Importance,
    Option,
    between,
    defaulted,
    one_of,
    optional,
)
from connector.errors import Problem
from connector.sinks.s3.compression import LEVELS, SUFFIXES
from connector.sinks.s3.grouping import MAX_KEY_BYTES, Grouper
from connector.sinks.s3.prefix import PrefixConfig, template_of
from connector.sinks.s3.template import Placeholder, Template
from connector.sinks.s3.zone import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logs.get(__name__)

_DEFAULT_NAME = "{{topic}}-{{partition}}-{{start_offset}}"
_RESERVED = ".well-known/acme-challenge"
_WEEK_YEAR = re.compile(r"(\{\{\s*timestamp:unit=)YYYY(\s*\}\})", re.ASCII)
_SETS = (
    "topic,partition,start_offset,timestamp; topic,partition,key,start_offset,timestamp; key;"
    " key,topic,partition"
)
_PARAMETERS = {
    "partition": ("padding", ("true", "false")),
    "start_offset": ("padding", ("true", "false")),
    "timestamp": ("unit", ("yyyy", "MM", "dd", "HH")),
}
_NAMED_BY_OFFSET = {"topic", "partition", "start_offset"}


def _legal_template(text: str) -> None:
    if text.startswith(_RESERVED):
        raise ValueError(f"An object name must not start with {_RESERVED}, which certificate checks use.")
    template = _template(text)
    if len(template.render(dict.fromkeys(template.placeholders, "")).encode()) >= MAX_KEY_BYTES:
        raise ValueError(f"An object name may have {MAX_KEY_BYTES} bytes, and the fixed text fills them.")
    _check_variables(template)
    for placeholder in template.placeholders:
        _check_parameter(placeholder)


def _template(text: str) -> Template:
    return Template(_WEEK_YEAR.sub(r"\1yyyy\2", text))


def _check_variables(template: Template) -> None:
    variables = template.variables
    if not variables:
        raise ValueError(
            f"RecordGrouper requires that the template [{template.text}] has variables defined."
            f" Supported variables are: {_SETS}"
        )
    by_offset = variables >= _NAMED_BY_OFFSET and variables <= {*_NAMED_BY_OFFSET, "key", "timestamp"}
    by_key = "key" in variables and variables <= {"key", "topic", "partition"}
    if not by_offset and not by_key:
        raise ValueError(f"unsupported set of template variables, supported sets are: {_SETS}")


def _check_parameter(placeholder: Placeholder) -> None:
    parameter, values = _PARAMETERS.get(placeholder.variable, (None, ()))
    if placeholder.variable == "timestamp" and placeholder.parameter is None:
        raise ValueError(
            "parameter unit is required for the the variable timestamp, supported values are: yyyy|MM|dd|HH"
        )
    if placeholder.parameter is None:
        return
    if placeholder.parameter != parameter or placeholder.value not in values:
        supported = ",".join(f"{name}:{of}={'|'.join(known)}" for name, (of, known) in _PARAMETERS.items())
        raise ValueError(f"unsupported set of template variables parameters, supported sets are: {supported}")


def is_named_by_offset(template: str) -> bool:
    """Whether objects of a legal template are never meant to be replaced."""
    return "start_offset" in _template(template).variables


def _time_zone(name: str) -> None:
    zone(name)


def _timestamp_source(value: str) -> None:
    if value.lower() not in {"wallclock", "event"}:
        raise ValueError(f"Unknown timestamp source: {value}. Use wallclock or event.")


class FileNameConfig(PrefixConfig):
    """How records are grouped into objects, what objects are called, how they are compressed."""

    name_template: Option[str | None] = optional(
        "file.name.template",
        STRING,
        "The object key, with {{topic}}, {{partition}}, {{start_offset}}, {{timestamp}} and {{key}} filled"
        " in; records with equal names share an object. By {{key}} without {{start_offset}}, an object holds"
        " the last record of its key. If absent: topic, partition and first offset, and the suffix of the"
        " compression, which a template must bring itself.",
        validate=_legal_template,
        importance=Importance.HIGH,
        group="File",
    )
    compression_type = defaulted(
        "file.compression.type",
        STRING,
        "gzip",
        "How objects are compressed; no Content-Encoding is set, so readers get the compressed bytes. parquet"
        " compresses inside, and only if this is set.",
        validate=one_of(*SUFFIXES, ignore_case=True),
        choices=tuple(SUFFIXES),
        aliases=("output_compression",),
        group="File",
    )
    compression_level = optional(
        "file.compression.level",
        INT,
        "How hard the compression tries: gzip 1 to 9, zstd 1 to 22, more is smaller and slower; 1 if absent."
        " gzip above 3 is as slow as Java's, which writes 6.",
        importance=Importance.LOW,
        group="File",
    )
    compatibility = defaulted(
        "file.name.compatibility",
        STRING,
        "2.15",
        "Which versions of Aiven's connector the default name is that of. 2.15 to 3.1 (2.15) end it with the"
        " suffix of the compression, .gz if none is chosen; 3.2 and later (3.x) leave the suffix out unless"
        " file.compression.type is given by that name.",
        validate=one_of("2.15", "3.x", ignore_case=True),
        choices=("2.15", "3.x"),
        importance=Importance.LOW,
        group="File",
    )
    max_records = defaulted(
        "file.max.records",
        INT,
        0,
        "The most records of an object; the next object starts after them. 0 sets no limit.",
        validate=between(0, 2**31 - 1),
        group="File",
    )
    timestamp_timezone = defaulted(
        "file.name.timestamp.timezone",
        STRING,
        "Z",
        "The time zone of {{timestamp}}: an IANA name, Z, or an offset such as +02:00 or UTC+2.",
        validate=_time_zone,
        importance=Importance.LOW,
        group="File",
    )
    timestamp_source = defaulted(
        "file.name.timestamp.source",
        STRING,
        "WALLCLOCK",
        "What {{timestamp}} shows: wallclock, the time of writing, or event, the record's own timestamp,"
        " which puts records that are delivered again into the same objects.",
        validate=_timestamp_source,
        choices=("wallclock", "event"),
        importance=Importance.LOW,
        group="File",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        yield from self._check_level()
        if self.name_template is None:
            return
        if self.prefix is not None and "key" in _template(self.name_template).variables:
            yield Problem(
                "aws.s3.prefix",
                "cannot be combined with {{key}} in file.name.template, since names then show no key: remove"
                " one of them",
            )
        if not is_named_by_offset(self.name_template) and self.max_records > 1:
            yield Problem(
                "file.max.records",
                f"When file.name.template is {self.name_template}, file.max.records must be either 1 or not"
                " set",
            )

    def _check_level(self) -> Iterator[Problem]:
        if self.compression_level is None:
            return
        option = FileNameConfig.compression_level.name
        lowest, highest = LEVELS.get(self.compression, (0, -1))
        if highest < lowest:
            yield Problem(option, f"{self.compression} has no levels: leave it out, or use gzip or zstd")
        elif not lowest <= self.compression_level <= highest:
            yield Problem(option, f"a level of {self.compression} is from {lowest} to {highest}")

    @property
    def compression(self) -> str:
        """One of ``SUFFIXES``."""
        return self.compression_type.lower()

    def create_template(self, format_suffix: str = "") -> Template:
        """What names objects.

        Args:
            format_suffix: What the format adds to the default name, before the compression's suffix.
        """
        if self.prefix is not None:
            return _template(template_of(self.prefix) + format_suffix + SUFFIXES[self.compression])
        if self.name_template is not None:
            return _template(self.name_template)
        return _template(_DEFAULT_NAME + format_suffix + self._compression_suffix)

    @property
    def _compression_suffix(self) -> str:
        is_named = self.raw.get(FileNameConfig.compression_type.name) is not None
        return SUFFIXES[self.compression] if is_named or self.compatibility == "2.15" else ""

    def create_grouper(self, format_suffix: str = "") -> Grouper:
        """What sorts records into objects and names these; takes what :meth:`create_template` takes."""
        template = self.create_template(format_suffix)
        if self.prefix is None and self.name_template not in {None, template.text}:
            log.warning(
                "unit=YYYY is the year of the week and wrong around New Year; unit=yyyy is used instead",
                option=FileNameConfig.name_template.name,
            )
        is_prefixed = self.prefix is not None
        source = self.prefix_source if is_prefixed else self.timestamp_source
        name = self.prefix_timezone if is_prefixed else self.timestamp_timezone
        return Grouper(template, zone(name), is_event_time=source.lower() == "event")
