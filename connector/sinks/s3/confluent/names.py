"""What objects are called: what Confluent's layout and its partitioners become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import Fate
from connector.errors import Problem
from connector.sinks.s3.confluent.formats import FormatSubject
from connector.sinks.s3.confluent.joda import PathFormat
from connector.sinks.s3.confluent.options import ConfluentOptions
from connector.sinks.s3.confluent.options.java_class import simple_name
from connector.sinks.s3.confluent.options.names import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000


class NameSubject(FormatSubject):
    """Layout, partitioner, time."""

    def _names(self) -> None:
        given, options = self._given, ConfluentOptions
        width = f":padding={given.pad_width}" if given.pad_width else ""
        start = f"{{{{start_offset{width}}}}}"
        name = given.file_delim.join(["{{topic}}", "{{partition}}", start]) + self._suffix()
        levels = [given.topics_dir.strip(), "{{topic}}", *self._encoded_partition(), name]
        self._implied[TEMPLATE] = given.directory_delim.join(filter(None, levels))
        for option in (
            options.topics_dir,
            options.directory_delim,
            options.file_delim,
            options.pad_width,
            options.partitioner,
        ):
            self._line(option, Fate.RENAMED, TEMPLATE)
        if simple_name(given.format_class or "") == "ByteArrayFormat":
            self._line(options.bytes_extension, Fate.RENAMED, TEMPLATE)
        if given.affix.upper() != "NONE":
            self._refuse(
                options.affix,
                "names cannot show schemas: set it to NONE, and let transforms name topics by them",
            )
        else:
            self._line(options.affix, Fate.DROPPED, why="NONE is the default")

    def _encoded_partition(self) -> Sequence[str]:
        kind = simple_name(self._given.partitioner)
        by_fields, by_time = self._by_fields, self._by_time
        if kind != "FieldPartitioner":
            self._line(ConfluentOptions.fields, Fate.DROPPED, why="it is of FieldPartitioner")
        if not self._is_by_time:
            self._not_by_time()
        match kind:
            case "FieldPartitioner":
                return by_fields()
            case "DailyPartitioner":
                return [by_time(self._joined("'year'=YYYY", "'month'=MM", "'day'=dd"), _DAY_MS)]
            case "HourlyPartitioner":
                path = self._joined("'year'=YYYY", "'month'=MM", "'day'=dd", "'hour'=HH")
                return [by_time(path, _HOUR_MS)]
            case "TimeBasedPartitioner":
                return [by_time(self._path_format(), self._given.duration_ms)]
        return ["partition={{partition}}"]

    def _joined(self, *levels: str) -> str:
        for option in (ConfluentOptions.path_format, ConfluentOptions.duration_ms):
            self._line(option, Fate.DROPPED, why=f"{simple_name(self._given.partitioner)} has its own")
        return self._given.directory_delim.join(levels)

    @property
    def _is_by_time(self) -> bool:
        kind = simple_name(self._given.partitioner)
        return kind in {"TimeBasedPartitioner", "DailyPartitioner", "HourlyPartitioner"}

    def _not_by_time(self) -> None:
        options = ConfluentOptions
        for option in (
            options.path_format,
            options.duration_ms,
            options.locale,
            options.extractor,
            options.timestamp_field,
        ):
            self._line(option, Fate.DROPPED, why="it is of time-based partitioners")

    def _by_fields(self) -> list[str]:
        option = ConfluentOptions.fields
        fields = [field for field in self._given.fields if field]
        if not fields:
            message = "is needed for FieldPartitioner: name the fields"
            self._found.problems.append(Problem(option.name, message))
        more = {
            "file.name.missing.value": "null",
            "file.name.empty.value": "",
            "file.name.escape": "none",
        }
        self._implied |= more
        self._line(option, Fate.RENAMED, TEMPLATE, *more)
        return [f"{field}={{{{value:{field}}}}}" for field in fields]

    def _path_format(self) -> str:
        given, options = self._given, ConfluentOptions
        delim = given.directory_delim
        path = given.path_format
        if path in {"", delim}:
            self._refuse(options.path_format, "is needed for TimeBasedPartitioner: set it, as 'year'=YYYY")
            return ""
        if given.duration_ms <= 0:
            self._refuse(options.duration_ms, "must be positive for TimeBasedPartitioner")
        self._line(options.path_format, Fate.RENAMED, TEMPLATE)
        return path.removesuffix(delim) if delim else path

    def _by_time(self, path: str, duration_ms: int) -> str:
        given, options = self._given, ConfluentOptions
        for option in (options.timezone, options.locale):
            if not given.value(option.name):
                message = f"is needed for {simple_name(given.partitioner)}: set it"
                self._found.problems.append(Problem(option.name, message))
        try:
            found = PathFormat(path, given.timezone)
        except ValueError as error:
            self._refuse(options.path_format, str(error))
            return ""
        self._locale(found)
        self._zone_and_source()
        if duration_ms > 0 and found.is_rounded_by(duration_ms):
            ours = "file.name.timestamp.interval.ms"
            self._implied[ours] = str(duration_ms)
            self._line(options.duration_ms, Fate.RENAMED, ours)
        elif simple_name(given.partitioner) == "TimeBasedPartitioner":
            why = "path.format shows nothing that is shorter"
            self._line(options.duration_ms, Fate.DROPPED, why=why)
        return f"{{{{timestamp:format={found.pattern}}}}}" if found.pattern else ""

    def _locale(self, found: PathFormat) -> None:
        option, locale = ConfluentOptions.locale, self._given.locale
        if found.has_names and locale and not locale.lower().startswith("en"):
            self._refuse(option, f"names of months and days are in English, not in {locale}: write numbers")
        else:
            self._line(option, Fate.DROPPED, why="names of months and days are in English")

    def _zone_and_source(self) -> None:
        given, options = self._given, ConfluentOptions
        ours = "file.name.timestamp.timezone"
        self._implied[ours] = given.timezone or "UTC"
        self._line(options.timezone, Fate.RENAMED, ours)
        kind = simple_name(given.extractor).removesuffix("TimestampExtractor")
        source = {"Wallclock": "wallclock", "Record": "event", "RecordField": "field"}.get(kind, "wallclock")
        self._implied["file.name.timestamp.source"] = source
        self._line(options.extractor, Fate.RENAMED, "file.name.timestamp.source")
        if source != "field":
            self._line(options.timestamp_field, Fate.DROPPED, why="it is of RecordField")
            return
        more = {
            "file.name.timestamp.field": given.timestamp_field,
            "file.name.timestamp.format.timezone": "UTC",
        }
        self._implied |= more
        why = "a text without an offset is of UTC; Confluent's takes the zone of the JVM"
        self._line(options.timestamp_field, Fate.RENAMED, *more, why=why)
