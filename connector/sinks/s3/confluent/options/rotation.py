"""Confluent's options of rotation: when objects end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import foreign
from connector.config.option import BOOLEAN, INT, LONG, STRING, Importance, at_least, one_of
from connector.config.schema import Config

if TYPE_CHECKING:
    from connector.config.option import Option

_GROUP = "Confluent: rotation"


class RotationOptions(Config):
    flush_size: Option[int | None] = foreign(
        "flush.size",
        INT,
        None,
        "Records of a partition, whatever their objects, after which all of its objects end.",
        "file.max.records",
        "file.rotate.together",
        "file.rotate.on.commit",
        "file.max.idle.ms",
        validate=at_least(1),
        importance=Importance.HIGH,
        group=_GROUP,
    )
    rotate_interval_ms: Option[int] = foreign(
        "rotate.interval.ms",
        LONG,
        -1,
        "A record so much later than the first that is open ends all objects of its partition, by the time of"
        " timestamp.extractor; with Wallclock they end without a record, too. For time-based partitioners.",
        "file.max.timespan.ms",
        group=_GROUP,
    )
    on_partition_change: Option[bool] = foreign(
        "rotate.file.on.partition.change",
        BOOLEAN,
        True,
        "With rotate.interval.ms: whether a record of another hour ends them, too.",
        "file.rotate.on.change",
        group=_GROUP,
    )
    rotate_schedule_ms: Option[int] = foreign(
        "rotate.schedule.interval.ms",
        LONG,
        -1,
        "Objects end at fixed times of the day, counted from midnight.",
        "file.rotate.schedule.interval.ms",
        group=_GROUP,
    )
    compatibility: Option[str] = foreign(
        "schema.compatibility",
        STRING,
        "NONE",
        "Another schema ends all objects of the partition, which is what NONE says. Records are not changed"
        " to another version: with BACKWARD, FORWARD and FULL each is written in its own schema.",
        validate=one_of("NONE", "BACKWARD", "FORWARD", "FULL"),
        choices=("NONE", "BACKWARD", "FORWARD", "FULL"),
        group=_GROUP,
    )
