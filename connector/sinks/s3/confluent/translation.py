"""What a config of Confluent's becomes, subject by subject; nothing here knows how objects are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import Fate, Line, Translation
from connector.errors import Problem
from connector.sinks.s3.confluent.bucket import PROVIDER, BucketSubject
from connector.sinks.s3.confluent.names import NameSubject
from connector.sinks.s3.confluent.options import ConfluentOptions
from connector.sinks.s3.confluent.options.idle import IDLE
from connector.sinks.s3.confluent.options.java_class import simple_name

if TYPE_CHECKING:
    from collections.abc import Mapping

LEFT_OVER = {
    "confluent.topic.": "no licence of Confluent's is needed",
    "reporter.": "outcomes are reported by metrics, and by the dead letter queue",
}
"""Prefixes of what Confluent's other connectors read, and configs of this one often have all the same."""


def translate(raw: Mapping[str, str | None]) -> Translation:
    """A config of Confluent's S3 sink in the words of ours; what both have in common stays as it is.

    An option of ours beside it holds where Confluent's is not given.
    """
    return _Translating(raw).all()


class _Translating(BucketSubject, NameSubject):
    """One config on its way, with its rotation and what is left."""

    def all(self) -> Translation:
        found, given = self._found, self._given
        found.problems += given.problems()
        for subject in (self._bucket, self._objects, self._credentials, self._format, self._names):
            subject()
        self._rotation()
        self._nulls()
        self._without_effect()
        self._unreached()
        ours = {
            key: value
            for key, value in given.raw.items()
            if key not in self._known and not key.startswith((PROVIDER, *LEFT_OVER)) and value is not None
        }
        found.config = {**self._implied, **ours, **found.config}
        return found

    def _rotation(self) -> None:
        given, options = self._given, ConfluentOptions
        if not given.is_set(options.flush_size):
            message = 'Missing required configuration "flush.size" which has no default value.'
            self._found.problems.append(Problem(options.flush_size.name, message))
        else:
            self._found.config["file.max.records"] = self._text(options.flush_size) or ""
        always = {"file.rotate.together": "true", "file.rotate.on.commit": "false", "file.max.idle.ms": "0"}
        self._implied |= always
        self._line(options.flush_size, Fate.RENAMED, "file.max.records", *always)
        self._by_span()
        if given.rotate_schedule_ms > 0:
            ours = "file.rotate.schedule.interval.ms"
            self._found.config[ours] = str(given.rotate_schedule_ms)
            if given.timezone:
                self._implied["file.rotate.schedule.timezone"] = given.timezone
            self._line(options.rotate_schedule_ms, Fate.RENAMED, ours, "file.rotate.schedule.timezone")
            if not self._is_by_time:
                self._line(options.timezone, Fate.RENAMED, "file.rotate.schedule.timezone")
            if not given.timezone:
                message = "is needed for rotate.schedule.interval.ms: set it"
                self._found.problems.append(Problem(options.timezone.name, message))
        else:
            self._line(options.rotate_schedule_ms, Fate.DROPPED, why="it sets no schedule")
            if not self._is_by_time:
                self._line(options.timezone, Fate.DROPPED, why="nothing goes by the time of day")
        if given.compatibility == "NONE":
            self._line(options.compatibility, Fate.DROPPED, why="another schema always ends objects")
        else:
            why = (
                f"records are not changed to another version of their schema, as {given.compatibility} does:"
                " each is written in its own, and a change of it ends the objects of the partition"
            )
            self._line(options.compatibility, Fate.ATTENTION, why=why)

    def _by_span(self) -> None:
        given, options = self._given, ConfluentOptions
        if given.rotate_interval_ms > 0 and self._is_by_time:
            ours = "file.max.timespan.ms"
            self._found.config[ours] = str(given.rotate_interval_ms)
            self._line(options.rotate_interval_ms, Fate.RENAMED, ours)
            self._found.config["file.rotate.on.change"] = str(given.on_partition_change).lower()
            self._line(options.on_partition_change, Fate.RENAMED, "file.rotate.on.change")
            return
        if given.rotate_interval_ms > 0:
            why = f"{simple_name(given.partitioner)} goes by no time, so that it has no effect there, either"
            self._line(options.rotate_interval_ms, Fate.ATTENTION, why=why)
        else:
            self._line(options.rotate_interval_ms, Fate.DROPPED, why="it sets no interval")
        self._line(options.on_partition_change, Fate.DROPPED, why="it needs rotate.interval.ms")

    def _nulls(self) -> None:
        given, options = self._given, ConfluentOptions
        behavior = given.null_values.lower()
        ours = options.null_values.name
        if given.store_keys:
            self._refuse(
                options.store_keys,
                "objects of keys cannot be had: set it to false; the S3 sink writes both into one object with"
                " format.output.fields=key,value",
            )
        else:
            self._line(options.store_keys, Fate.DROPPED, why="only values are stored")
        if given.store_headers:
            self._refuse(
                options.store_headers,
                "objects of headers cannot be had: set it to false; the S3 sink writes both into one object"
                " with format.output.fields=value,headers",
            )
        else:
            self._line(options.store_headers, Fate.DROPPED, why="only values are stored")
        if behavior == "write":
            self._refuse(options.null_values, "write needs objects of keys, which cannot be had: set ignore")
            return
        reports = (
            behavior == "ignore"
            and given.nulls_to_dead_letters
            and given.raw.get("errors.tolerance") == "all"
            and bool(given.raw.get("errors.deadletterqueue.topic.name"))
        )
        self._found.config[ours] = "fail" if reports else behavior
        why = "fail sends them to the dead letter queue, as ignore does there" if reports else ""
        self._line(options.null_values, Fate.KEPT, ours, why=why)
        if reports:
            self._line(options.nulls_to_dead_letters, Fate.RENAMED, ours, why=why)
        else:
            why = "records without a value go to no dead letter queue"
            self._line(options.nulls_to_dead_letters, Fate.DROPPED, why=why)

    def _unreached(self) -> None:
        """Where something was refused, what depends on it was not looked at."""
        told = {line.key for line in self._found.lines}
        for name, option in self._known.items():
            if name not in told:
                self._line(option, Fate.ATTENTION, why="it depends on what is refused")

    def _without_effect(self) -> None:
        for option in self._known.values():
            if option.group == IDLE:
                why = option.description.removeprefix("No effect: ").rstrip(".")
                self._line(option, Fate.DROPPED, why=why)
        for prefix, why in LEFT_OVER.items():
            keys = [key for key in self._given.raw if key.startswith(prefix)]
            self._found.lines += [Line(key, Fate.DROPPED, why=why) for key in keys]
