"""What Confluent's options become, a function per subject; nothing here knows how objects are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.config.connector import with_prefix
from connector.config.dialect import Fate, ForeignOption, Line, Translation
from connector.config.suggest import did_you_mean
from connector.errors import Problem
from connector.sinks.s3.confluent.joda import PathFormat
from connector.sinks.s3.confluent.options import (
    IDLE,
    PARQUET_SUFFIXES,
    TEMPLATE,
    ConfluentOptions,
    simple_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.config.option import Option

PROVIDER = "s3.credentials.provider."
_ROLE_PROVIDER = "AwsAssumeRoleCredentialsProvider"
_ROLE = {
    "sts.role.arn": "aws.sts.role.arn",
    "sts.role.external.id": "aws.sts.role.external.id",
    "sts.role.session.name": "aws.sts.role.session.name",
    "sts.region": "aws.sts.region",
}
_CHAIN = frozenset({"DefaultCredentialsProvider", "DefaultAWSCredentialsProviderChain"})
_LINKS = frozenset(
    {
        "ContainerCredentialsProvider",
        "EC2ContainerCredentialsProviderWrapper",
        "EnvironmentVariableCredentialsProvider",
        "InstanceProfileCredentialsProvider",
        "ProfileCredentialsProvider",
        "WebIdentityTokenCredentialsProvider",
        "WebIdentityTokenFileCredentialsProvider",
    }
)
"""Providers of the SDKs of which each asks one of the places that the default chain asks."""
_ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0", " ": r"\s"}
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000


def translate(raw: Mapping[str, str | None]) -> Translation:
    """A config of Confluent's S3 sink in the words of ours; what both have in common stays as it is.

    An option of ours beside it holds where Confluent's is not given.
    """
    return _Translating(raw).all()


class _Translating:
    """One config on its way."""

    def __init__(self, raw: Mapping[str, str | None]) -> None:
        self._given = ConfluentOptions(raw)
        self._known = ConfluentOptions.options()
        self._found = Translation()
        self._implied: dict[str, str] = {}

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
            if key not in self._known and not key.startswith(PROVIDER) and value is not None
        }
        found.config = {**self._implied, **ours, **found.config}
        return found

    # ---- what all subjects do ----

    def _text(self, option: Option[Any]) -> str | None:
        """As it was submitted, blank or not; references stay what they are."""
        return self._given.raw.get(option.name)

    def _rename(self, option: Option[Any]) -> None:
        """One to one; what is blank counts as absent, as it does there."""
        assert isinstance(option, ForeignOption)  # noqa: S101 - declared so
        text = self._text(option)
        if text is None:
            return
        if not text.strip():
            self._line(option, Fate.DROPPED, why="blank, so that it says nothing")
            return
        (ours,) = option.becomes
        self._found.config[ours] = text
        self._line(option, Fate.KEPT if ours == option.name else Fate.RENAMED, ours)

    def _line(self, option: Option[Any], fate: Fate, *becomes: str, why: str = "") -> None:
        if self._given.is_set(option):
            self._found.lines.append(Line(option.name, fate, becomes, why))

    def _refuse(self, option: Option[Any], why: str) -> None:
        self._found.problems.append(Problem(option.name, why))
        self._line(option, Fate.ATTENTION, why=why)

    # ---- subjects ----

    def _bucket(self) -> None:
        options = ConfluentOptions
        if not self._given.is_set(options.bucket):
            message = 'Missing required configuration "s3.bucket.name" which has no default value.'
            self._found.problems.append(Problem(options.bucket.name, message))
        for option in (
            options.bucket,
            options.region,
            options.store_url,
            options.path_style,
            options.part_size,
            options.retry_backoff_ms,
            options.proxy_url,
            options.proxy_user,
            options.proxy_password,
        ):
            self._rename(option)
        if (
            not self._given.is_set(options.region)
            and not {"aws.region", "aws.s3.url"} & self._given.raw.keys()
        ):
            self._implied["aws.s3.region"] = self._given.region
        if self._given.wan_mode:
            self._refuse(options.wan_mode, "transfer acceleration cannot be had: set it to false")
        else:
            self._line(options.wan_mode, Fate.DROPPED, why="it is never used")

    def _objects(self) -> None:
        options = ConfluentOptions
        for option in (options.sse, options.sse_kms_key, options.sse_customer_key, options.acl):
            self._rename(option)
        pairs = [pair for pair in self._given.tag_pairs if pair]
        if not self._given.tagging:
            self._line(options.tagging, Fate.DROPPED, why="objects are not tagged")
            self._line(options.tag_pairs, Fate.DROPPED, why="objects are not tagged")
            return
        if broken := next((pair for pair in pairs if ":" not in pair), None):
            self._refuse(options.tag_pairs, f"{broken} is no pair: write name:value")
            return
        tags = ["startOffset={{start_offset}}", *("=".join(pair.split(":")[:2]) for pair in pairs)]
        self._found.config["aws.s3.object.tags"] = ",".join(tags)
        why = (
            "objects are tagged when they are begun, so that endOffset and recordCount are not known yet:"
            " they are left out"
        )
        self._line(options.tagging, Fate.ATTENTION, "aws.s3.object.tags", why=why)
        self._line(options.tag_pairs, Fate.RENAMED, "aws.s3.object.tags")

    def _credentials(self) -> None:
        options = ConfluentOptions
        self._rename(options.access_key_id)
        self._rename(options.secret_access_key)
        provider = simple_name(self._given.provider)
        below = with_prefix(self._given.raw, PROVIDER)
        below.pop("class", None)
        if provider == _ROLE_PROVIDER:
            self._role(below)
            return
        if provider in _CHAIN:
            self._line(options.provider, Fate.DROPPED, why="it is the default here, too")
        elif provider in _LINKS:
            why = f"{provider} is one place of the default chain, which asks the others, too"
            self._line(options.provider, Fate.ATTENTION, why=why)
        elif provider == "AnonymousCredentialsProvider":
            self._found.config["aws.credentials.provider"] = "anonymous"
            self._line(options.provider, Fate.RENAMED, "aws.credentials.provider")
        else:
            self._found.config["aws.credentials.provider"] = self._given.provider
            why = "a plug-in of this name must be installed here"
            self._line(options.provider, Fate.ATTENTION, "aws.credentials.provider", why=why)
            for key, value in below.items():
                ours = f"aws.credentials.provider.{key}"
                self._found.config[ours] = value
                self._found.lines.append(Line(PROVIDER + key, Fate.RENAMED, (ours,)))
            return
        for key in below:
            why = f"{provider} has no options"
            self._found.lines.append(Line(PROVIDER + key, Fate.DROPPED, why=why))

    def _role(self, below: Mapping[str, str]) -> None:
        options = ConfluentOptions
        self._line(
            options.provider, Fate.RENAMED, "aws.sts.role.arn", why="a role is assumed by its ARN alone"
        )
        if not below.get("sts.role.arn", "").strip():
            self._found.problems.append(Problem(PROVIDER + "sts.role.arn", "is needed for the role: set it"))
        for key, value in below.items():
            ours = _ROLE.get(key)
            if ours is None:
                why = f"the role has no such option.{did_you_mean(key, list(_ROLE))}"
                self._found.lines.append(Line(PROVIDER + key, Fate.ATTENTION, why=why))
            elif value.strip():
                self._found.config[ours] = value
                self._found.lines.append(Line(PROVIDER + key, Fate.RENAMED, (ours,)))

    def _format(self) -> None:
        options = ConfluentOptions
        if not self._given.is_set(options.format_class):
            message = 'Missing required configuration "format.class" which has no default value.'
            self._found.problems.append(Problem(options.format_class.name, message))
            return
        name = simple_name(self._given.format_class or "")
        ours = {"format.output.fields": "value", "format.output.envelope": "false"}
        match name:
            case "JsonFormat":
                ours |= {"format.output.type": "jsonl", "format.output.final.separator": "true"}
            case "ByteArrayFormat":
                del ours["format.output.envelope"]
                ours |= {"format.output.type": "raw", **self._framing()}
            case "AvroFormat" | "ParquetFormat":
                kind = name.removesuffix("Format").lower()
                ours |= {"format.output.type": kind, "format.output.record.name": ""}
        self._found.config |= ours
        self._line(options.format_class, Fate.RENAMED, *ours)
        self._compression(name)
        for option, of in (
            (options.avro_codec, "AvroFormat"),
            (options.parquet_codec, "ParquetFormat"),
            (options.bytes_extension, "ByteArrayFormat"),
            (options.bytes_separator, "ByteArrayFormat"),
            (options.decimal_format, "JsonFormat"),
        ):
            if name != of:
                self._line(option, Fate.DROPPED, why=f"it is of {of}")
        if name == "AvroFormat":
            self._rename(options.avro_codec)
        if name == "JsonFormat":
            self._decimals()
        self._rename(options.connect_meta_data)

    def _decimals(self) -> None:
        option = ConfluentOptions.decimal_format
        if self._given.decimal_format.upper() == "BASE64":
            self._line(option, Fate.DROPPED, why="it is how decimals are written")
        else:
            self._refuse(
                option,
                "decimals are written as BASE64 only: set it so, or let a Cast make them text or float64",
            )

    def _framing(self) -> dict[str, str]:
        option = ConfluentOptions.bytes_separator
        text = self._text(option)
        separator = "\n" if text is None else text
        self._line(option, Fate.RENAMED, "format.output.raw.framing", "format.output.raw.separator")
        if not separator:
            return {"format.output.raw.framing": "none"}
        return {
            "format.output.raw.framing": "separator",
            "format.output.raw.separator": "".join(_ESCAPES.get(each, each) for each in separator),
            "format.output.final.separator": "true",
        }

    def _compression(self, name: str) -> None:
        options = ConfluentOptions
        ours = "file.compression.type"
        if name == "ParquetFormat":
            codec = self._given.parquet_codec.lower()
            self._found.config[ours] = "none" if codec == "uncompressed" else codec
            self._line(options.parquet_codec, Fate.RENAMED, ours)
            self._implied["connect.parquet.page.size"] = "65536"
        elif name != "AvroFormat":
            self._found.config[ours] = self._given.compression
            self._line(options.compression, Fate.RENAMED, ours)
        else:
            self._found.config[ours] = "none"
        if name in {"AvroFormat", "ParquetFormat"}:
            if self._given.compression != "none":
                self._refuse(
                    options.compression, f"is not for {name}: remove it, and set avro.codec or parquet.codec"
                )
            else:
                self._line(options.compression, Fate.DROPPED, why=f"it is not for {name}")
        if self._given.compression == "gzip" and self._given.compression_level != -1:
            self._rename(options.compression_level)
        else:
            why = "-1 is the default" if self._given.compression == "gzip" else "nothing is compressed by it"
            self._line(options.compression_level, Fate.DROPPED, why=why)

    def _suffix(self) -> str:
        given = self._given
        compressed = ".gz" if given.compression == "gzip" else ""
        match simple_name(given.format_class or ""):
            case "ByteArrayFormat":
                return given.bytes_extension + compressed
            case "AvroFormat":
                return ".avro"
            case "ParquetFormat":
                return f"{PARQUET_SUFFIXES.get(given.parquet_codec.lower(), '')}.parquet"
        return f".json{compressed}"

    # ---- names ----

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

    # ---- rotation ----

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

    # ---- the rest ----

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
