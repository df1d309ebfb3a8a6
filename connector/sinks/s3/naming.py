"""The options that name objects, and what groups, names and dates records by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connector import logs
from connector.config.option import (
    INT,
    LONG,
    STRING,
    Importance,
    Option,
    at_least,
    defaulted,
    non_empty,
    one_of,
    optional,
)
from connector.errors import Problem
from connector.sinks.s3.compression import LEVELS, SUFFIXES
from connector.sinks.s3.event_time import EventTime, legal_format
from connector.sinks.s3.grouping import Grouper
from connector.sinks.s3.interval import Interval
from connector.sinks.s3.legal import is_named_by_offset, legal_template, run_together, template_from
from connector.sinks.s3.name_text import FieldText
from connector.sinks.s3.prefix import PrefixConfig, template_of
from connector.sinks.s3.rotation import Rotation, RotationConfig
from connector.sinks.s3.zone import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sinks.s3.template import Template

log = logs.get(__name__)

_DEFAULT_NAME = "{{topic}}-{{partition}}-{{start_offset}}"
_SOURCES = ("wallclock", "event", "header", "field")
_ESCAPES: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "fields": frozenset({"field"}),
    "all": frozenset({"field", "topic", "key"}),
}


def _time_zone(name: str) -> None:
    zone(name)


def _timestamp_source(value: str) -> None:
    if value.lower() not in _SOURCES:
        raise ValueError(f"Unknown timestamp source: {value}. Use wallclock, event, header or field.")


class _Times(NamedTuple):
    """The time that names show: where it is from, its zone, and the option that says where from."""

    source: str
    zone: str
    option: str


class FileNameConfig(RotationConfig, PrefixConfig):
    """How records are grouped into objects, what objects are called, how they are compressed."""

    name_template: Option[str | None] = optional(
        "file.name.template",
        STRING,
        "The object key, with {{topic}}, {{original_topic}}, {{partition}}, {{start_offset}},"
        " {{timestamp:…}}, {{key}}, {{header:NAME}}, {{key:FIELD}} and {{value:FIELD}} filled in; records"
        " with equal names share an object. By {{key}} without {{start_offset}}, an object holds the last"
        " record of its key. If absent: topic, partition and first offset, and the suffix of the"
        " compression, which a template must bring itself.",
        validate=legal_template,
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
        "What {{timestamp}} shows: wallclock, the time of writing; event, the record's own timestamp; header"
        " or field, what file.name.timestamp.header or file.name.timestamp.field names. All but wallclock"
        " put records that are delivered again into objects of the same time, and late ones into objects of"
        " their own time.",
        validate=_timestamp_source,
        choices=_SOURCES,
        importance=Importance.LOW,
        group="File",
    )
    timestamp_header = optional(
        "file.name.timestamp.header",
        STRING,
        "The header that holds the time of a record.",
        validate=non_empty,
        importance=Importance.LOW,
        group="File",
    )
    timestamp_field = optional(
        "file.name.timestamp.field",
        STRING,
        "The field of the value that holds the time of a record; a path such as meta.created leads inside.",
        validate=non_empty,
        importance=Importance.LOW,
        aliases=("timestamp.field",),
        group="File",
    )
    timestamp_format = optional(
        "file.name.timestamp.format",
        STRING,
        "How header or field show the time: epoch_ms, epoch_s, epoch_us, epoch_ns, iso, or a pattern such as"
        " yyyy-MM-dd HH:mm:ss. If absent, numbers are milliseconds and text is ISO 8601. A text without an"
        " offset is of file.name.timestamp.timezone.",
        validate=legal_format,
        importance=Importance.LOW,
        group="File",
    )
    timestamp_format_timezone = optional(
        "file.name.timestamp.format.timezone",
        STRING,
        "The time zone of a text without an offset, if it is not file.name.timestamp.timezone.",
        validate=_time_zone,
        importance=Importance.LOW,
        group="File",
    )
    timestamp_interval_ms = defaulted(
        "file.name.timestamp.interval.ms",
        LONG,
        0,
        "{{timestamp}} shows the beginning of the interval of this length that the time is in: 900000 is"
        " quarters of an hour. Intervals are counted from midnight, longer ones than a day from 1970. 0 shows"
        " the time itself.",
        validate=at_least(0),
        importance=Importance.LOW,
        group="File",
    )
    missing_text = defaulted(
        "file.name.missing.value",
        STRING,
        "__HIVE_DEFAULT_PARTITION__",
        "What a name shows for a header or field that a record does not have, or that is null or empty.",
        validate=non_empty,
        importance=Importance.LOW,
        group="File",
    )
    empty_text = optional(
        "file.name.empty.value",
        STRING,
        "What a name shows for a header or field that is an empty text, which may be nothing;"
        " file.name.missing.value if absent.",
        importance=Importance.LOW,
        group="File",
    )
    escape = defaulted(
        "file.name.escape",
        STRING,
        "fields",
        "Where names have unsafe characters as %2F: fields, in headers and fields; all, also in {{topic}} and"
        " {{key}}; none, nowhere, so that a slash begins another level.",
        validate=one_of(*_ESCAPES),
        choices=tuple(_ESCAPES),
        importance=Importance.LOW,
        group="File",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        yield from self._check_level()
        yield from self._check_source()
        if self.name_template is None:
            return
        if self.prefix is not None and "key" in template_from(self.name_template).variables:
            yield Problem(
                "aws.s3.prefix",
                "cannot be combined with {{key}} in file.name.template, since names then show no key: remove"
                " one of them",
            )
        if not is_named_by_offset(self.name_template) and self.together:
            yield Problem(
                "file.rotate.together",
                f"cannot be combined with file.name.template {self.name_template}, whose objects hold one"
                " record each: remove one of them",
            )
        if not is_named_by_offset(self.name_template) and self.max_records > 1:
            yield Problem(
                "file.max.records",
                f"When file.name.template is {self.name_template}, file.max.records must be either 1 or not"
                " set",
            )

    def _check_source(self) -> Iterator[Problem]:
        for source, option in (
            ("header", FileNameConfig.timestamp_header),
            ("field", FileNameConfig.timestamp_field),
        ):
            if self._times.source == source and not self.value(option.name):
                yield Problem(option.name, f"is needed where file.name.timestamp.source is {source}: set it")

    def notes(self) -> Iterator[str]:
        yield from super().notes()
        if self.prefix is not None or self.name_template is None:
            return
        template = template_from(self.name_template)
        if pair := run_together(template, with_topic=self._has_topics):
            yield (
                f"file.name.template has {pair[0]} and {pair[1]} side by side: 1 and 11 read like 11 and 1,"
                " so an object can replace another; put something in between, or pad"
            )
        for text in template.parts:
            if isinstance(text, str) and "{{" in text:
                yield (
                    f"file.name.template has {text}, which is no placeholder and stands in names as it is:"
                    " look for blanks and braces that do not belong there"
                )

    @property
    def _has_topics(self) -> bool:
        """Several, or who knows how many."""
        return "," in (self.raw.get("topics") or ",")

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
            return template_from(template_of(self.prefix) + format_suffix + SUFFIXES[self.compression])
        if self.name_template is not None:
            return template_from(self.name_template)
        return template_from(_DEFAULT_NAME + format_suffix + self._compression_suffix)

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
        text = FieldText(self.missing_text, _ESCAPES[self.escape], self.empty_text)
        where = zone(self._times.zone)
        length = self.timestamp_interval_ms
        interval = Interval(length, where) if length else None
        return Grouper(template, where, event_time=self._event_time(), field_text=text, interval=interval)

    def rotation(self) -> Rotation:
        """When objects are finished."""
        return self.create_rotation(
            is_wallclock=self._times.source == "wallclock", default_zone=self._times.zone
        )

    @property
    def _times(self) -> _Times:
        """By a prefix, or by a template."""
        if self.prefix is not None:
            option = PrefixConfig.prefix_source.name
            return _Times(self.prefix_source.lower(), self.prefix_timezone, option)
        option = FileNameConfig.timestamp_source.name
        return _Times(self.timestamp_source.lower(), self.timestamp_timezone, option)

    def _event_time(self) -> EventTime | None:
        times = self._times
        if times.source == "wallclock":
            return None
        name = self.timestamp_header if times.source == "header" else self.timestamp_field
        return EventTime(
            times.source,
            name or "",
            self.timestamp_format,
            zone(self.timestamp_format_timezone or times.zone),
            option=times.option,
        )
