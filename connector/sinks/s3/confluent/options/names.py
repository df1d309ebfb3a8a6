"""Confluent's options of names: the layout of keys, the partitioner, the time that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import foreign
from connector.config.option import INT, LIST, LONG, STRING, between
from connector.config.schema import Config
from connector.sinks.s3.confluent.options.java_class import class_of, simple_name
from connector.sinks.s3.zone import zone

if TYPE_CHECKING:
    from connector.config.option import Option

_GROUP = "Confluent: names"
TEMPLATE = "file.name.template"
PARTITIONERS = (
    "DefaultPartitioner",
    "FieldPartitioner",
    "TimeBasedPartitioner",
    "DailyPartitioner",
    "HourlyPartitioner",
)
EXTRACTORS = ("Wallclock", "Record", "RecordField")
_MOST_DIGITS = 99


def _extractor(value: str) -> None:
    if simple_name(value).removesuffix("TimestampExtractor") not in EXTRACTORS:
        raise ValueError(f"Only Confluent's own can be had here: {', '.join(EXTRACTORS)}")


def _zone(value: str) -> None:
    if value:
        zone(value)


class NameOptions(Config):
    topics_dir: Option[str] = foreign(
        "topics.dir", STRING, "topics", "What names begin with; blank for nothing.", TEMPLATE, group=_GROUP
    )
    directory_delim: Option[str] = foreign(
        "directory.delim", STRING, "/", "What parts the levels of a name.", TEMPLATE, group=_GROUP
    )
    file_delim: Option[str] = foreign(
        "file.delim", STRING, "+", "What parts topic, partition and offset.", TEMPLATE, group=_GROUP
    )
    pad_width: Option[int] = foreign(
        "filename.offset.zero.pad.width",
        INT,
        10,
        "The least digits of the offset.",
        TEMPLATE,
        validate=between(0, _MOST_DIGITS),
        group=_GROUP,
    )
    partitioner: Option[str] = foreign(
        "partitioner.class",
        STRING,
        "io.confluent.connect.storage.partitioner.DefaultPartitioner",
        "What the levels between topic and object are made of. Partitioners of your own cannot be run: most"
        " can be written as a template.",
        TEMPLATE,
        validate=class_of(*PARTITIONERS),
        choices=PARTITIONERS,
        group=_GROUP,
    )
    fields: Option[list[str]] = foreign(
        "partition.field.name",
        LIST,
        [],
        "The fields of FieldPartitioner; a path such as meta.country leads inside. Values without a schema"
        " have fields, too, and what is no number, text or boolean is shown as well.",
        TEMPLATE,
        "file.name.missing.value",
        "file.name.empty.value",
        "file.name.escape",
        group=_GROUP,
    )
    path_format: Option[str] = foreign(
        "path.format",
        STRING,
        "",
        "The levels of TimeBasedPartitioner, as Joda-Time writes times. Weeks, eras and the names of zones"
        " are refused.",
        TEMPLATE,
        group=_GROUP,
    )
    duration_ms: Option[int] = foreign(
        "partition.duration.ms",
        LONG,
        -1,
        "How long TimeBasedPartitioner shows the same time; of no effect where path.format shows nothing"
        " shorter.",
        "file.name.timestamp.interval.ms",
        group=_GROUP,
    )
    locale: Option[str] = foreign(
        "locale",
        STRING,
        "",
        "The language of names of months and days, of which there is only English.",
        group=_GROUP,
    )
    timezone: Option[str] = foreign(
        "timezone",
        STRING,
        "",
        "The time zone of names and of the schedule.",
        "file.name.timestamp.timezone",
        "file.rotate.schedule.timezone",
        validate=_zone,
        group=_GROUP,
    )
    extractor: Option[str] = foreign(
        "timestamp.extractor",
        STRING,
        "Wallclock",
        "Where the time of a record is from.",
        "file.name.timestamp.source",
        validate=_extractor,
        choices=EXTRACTORS,
        group=_GROUP,
    )
    timestamp_field: Option[str] = foreign(
        "timestamp.field",
        STRING,
        "timestamp",
        "The field of RecordField. A text without an offset is of UTC; Confluent's takes the zone of the"
        " JVM.",
        "file.name.timestamp.field",
        "file.name.timestamp.format.timezone",
        group=_GROUP,
    )
    affix: Option[str] = foreign(
        "s3.schema.partition.affix.type",
        STRING,
        "NONE",
        "A level with the name of the schema, which cannot be had: only NONE is taken.",
        group=_GROUP,
    )
