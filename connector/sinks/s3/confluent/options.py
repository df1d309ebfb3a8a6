"""The options of Confluent's S3 sink, with its names and defaults, and the options here that they become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import foreign
from connector.config.option import (
    BOOLEAN,
    INT,
    LIST,
    LONG,
    PASSWORD,
    STRING,
    Importance,
    at_least,
    between,
    non_empty,
    one_of,
)
from connector.config.schema import Config
from connector.sinks.s3.zone import zone

if TYPE_CHECKING:
    from connector.config.option import Option

S3, NAMES, FORMAT, ROTATION, IDLE = (
    f"Confluent: {group}" for group in ("S3", "names", "format", "rotation", "without effect")
)
TEMPLATE = "file.name.template"
FORMATS = ("AvroFormat", "JsonFormat", "ByteArrayFormat", "ParquetFormat")
PARTITIONERS = (
    "DefaultPartitioner",
    "FieldPartitioner",
    "TimeBasedPartitioner",
    "DailyPartitioner",
    "HourlyPartitioner",
)
EXTRACTORS = ("Wallclock", "Record", "RecordField")
PARQUET_SUFFIXES = {"none": "", "uncompressed": "", "gzip": ".gz", "snappy": ".snappy", "zstd": ".zstd"}
"""What is written before ``.parquet``."""
_MOST_DIGITS = 99


def simple_name(class_name: str) -> str:
    """A Java class without its package, and an inner class without the one around it."""
    return class_name.rpartition(".")[2].rpartition("$")[2]


def _class_of(*known: str) -> object:
    def validate(value: str) -> None:
        if simple_name(value) not in known:
            raise ValueError(f"Only Confluent's own can be had here: {', '.join(known)}")

    return validate


def _extractor(value: str) -> None:
    if simple_name(value).removesuffix("TimestampExtractor") not in EXTRACTORS:
        raise ValueError(f"Only Confluent's own can be had here: {', '.join(EXTRACTORS)}")


def _zone(value: str) -> None:
    if value:
        zone(value)


class _Bucket(Config):
    bucket: Option[str] = foreign(
        "s3.bucket.name",
        STRING,
        None,
        "The bucket.",
        "aws.s3.bucket.name",
        importance=Importance.HIGH,
        group=S3,
    )
    region: Option[str] = foreign(
        "s3.region",
        STRING,
        "us-west-2",
        "The region of the bucket; the default holds unless aws.region or a named connection gives another.",
        "aws.s3.region",
        importance=Importance.HIGH,
        group=S3,
    )
    store_url: Option[str | None] = foreign(
        "store.url", STRING, None, "The endpoint of an S3-compatible store.", "aws.s3.endpoint", group=S3
    )
    path_style: Option[bool | None] = foreign(
        "s3.path.style.access.enabled",
        BOOLEAN,
        None,
        "Whether the bucket is part of the path. If absent, as the S3 sink does it, which is the same to S3.",
        "aws.s3.path.style.access.enabled",
        group=S3,
    )
    wan_mode: Option[bool] = foreign(
        "s3.wan.mode",
        BOOLEAN,
        False,
        "Transfer acceleration, which cannot be had: true is refused.",
        group=S3,
    )
    part_size: Option[int | None] = foreign(
        "s3.part.size",
        INT,
        None,
        "Bytes of a part. If absent 5 MiB, less memory than Confluent's 25, and the same objects.",
        "aws.s3.part.size.bytes",
        group=S3,
    )
    retry_backoff_ms: Option[int | None] = foreign(
        "s3.retry.backoff.ms",
        LONG,
        None,
        "The first wait before a request is repeated.",
        "aws.s3.backoff.delay.ms",
        group=S3,
    )
    sse: Option[str] = foreign(
        "s3.ssea.name", STRING, "", "What S3 encrypts objects with.", "aws.s3.sse.algorithm", group=S3
    )
    sse_kms_key: Option[str] = foreign(
        "s3.sse.kms.key.id", STRING, "", "The key of KMS.", "aws.s3.sse.kms.key.id", group=S3
    )
    sse_customer_key: Option[object] = foreign(
        "s3.sse.customer.key",
        PASSWORD,
        None,
        "A key of yours, for AES256 only.",
        "aws.s3.sse.customer.key",
        group=S3,
    )
    acl: Option[str | None] = foreign(
        "s3.acl.canned", STRING, None, "The canned ACL of objects.", "aws.s3.object.acl", group=S3
    )
    tagging: Option[bool] = foreign(
        "s3.object.tagging",
        BOOLEAN,
        False,
        "Tags objects when they are begun, with startOffset and the pairs below; endOffset and recordCount"
        " are not known then, and left out.",
        "aws.s3.object.tags",
        group=S3,
    )
    tag_pairs: Option[list[str]] = foreign(
        "s3.object.tagging.key.value.pairs",
        LIST,
        [],
        "Further tags, as name:value.",
        "aws.s3.object.tags",
        group=S3,
    )
    provider: Option[str] = foreign(
        "s3.credentials.provider.class",
        STRING,
        "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
        "Who signs. AwsAssumeRoleCredentialsProvider becomes a role, with"
        " s3.credentials.provider.sts.role.arn, .sts.role.external.id, .sts.role.session.name and"
        " .sts.region; those of the SDK that the default chain holds become the default chain; others must"
        " be installed here as plug-ins.",
        "aws.sts.role.arn",
        "aws.sts.role.external.id",
        "aws.sts.role.session.name",
        "aws.sts.region",
        "aws.credentials.provider",
        validate=non_empty,
        group=S3,
    )
    access_key_id: Option[object] = foreign(
        "aws.access.key.id", PASSWORD, None, "A long-term access key.", "aws.access.key.id", group=S3
    )
    secret_access_key: Option[object] = foreign(
        "aws.secret.access.key", PASSWORD, None, "Its secret.", "aws.secret.access.key", group=S3
    )
    proxy_url: Option[str] = foreign(
        "s3.proxy.url", PASSWORD, "", "The proxy of requests to AWS.", "aws.proxy.url", group=S3
    )
    proxy_user: Option[str | None] = foreign(
        "s3.proxy.user", STRING, None, "Its user.", "aws.proxy.username", group=S3
    )
    proxy_password: Option[object] = foreign(
        "s3.proxy.password", PASSWORD, None, "The user's password.", "aws.proxy.password", group=S3
    )


class _Names(Config):
    topics_dir: Option[str] = foreign(
        "topics.dir", STRING, "topics", "What names begin with; blank for nothing.", TEMPLATE, group=NAMES
    )
    directory_delim: Option[str] = foreign(
        "directory.delim", STRING, "/", "What parts the levels of a name.", TEMPLATE, group=NAMES
    )
    file_delim: Option[str] = foreign(
        "file.delim", STRING, "+", "What parts topic, partition and offset.", TEMPLATE, group=NAMES
    )
    pad_width: Option[int] = foreign(
        "filename.offset.zero.pad.width",
        INT,
        10,
        "The least digits of the offset.",
        TEMPLATE,
        validate=between(0, _MOST_DIGITS),
        group=NAMES,
    )
    partitioner: Option[str] = foreign(
        "partitioner.class",
        STRING,
        "io.confluent.connect.storage.partitioner.DefaultPartitioner",
        "What the levels between topic and object are made of. Partitioners of your own cannot be run: most"
        " can be written as a template.",
        TEMPLATE,
        validate=_class_of(*PARTITIONERS),
        choices=PARTITIONERS,
        group=NAMES,
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
        group=NAMES,
    )
    path_format: Option[str] = foreign(
        "path.format",
        STRING,
        "",
        "The levels of TimeBasedPartitioner, as Joda-Time writes times. Weeks, eras and the names of zones"
        " are refused.",
        TEMPLATE,
        group=NAMES,
    )
    duration_ms: Option[int] = foreign(
        "partition.duration.ms",
        LONG,
        -1,
        "How long TimeBasedPartitioner shows the same time; of no effect where path.format shows nothing"
        " shorter.",
        "file.name.timestamp.interval.ms",
        group=NAMES,
    )
    locale: Option[str] = foreign(
        "locale",
        STRING,
        "",
        "The language of names of months and days, of which there is only English.",
        group=NAMES,
    )
    timezone: Option[str] = foreign(
        "timezone",
        STRING,
        "",
        "The time zone of names and of the schedule.",
        "file.name.timestamp.timezone",
        "file.rotate.schedule.timezone",
        validate=_zone,
        group=NAMES,
    )
    extractor: Option[str] = foreign(
        "timestamp.extractor",
        STRING,
        "Wallclock",
        "Where the time of a record is from.",
        "file.name.timestamp.source",
        validate=_extractor,
        choices=EXTRACTORS,
        group=NAMES,
    )
    timestamp_field: Option[str] = foreign(
        "timestamp.field",
        STRING,
        "timestamp",
        "The field of RecordField. A text without an offset is of UTC; Confluent's takes the zone of the"
        " JVM.",
        "file.name.timestamp.field",
        "file.name.timestamp.format.timezone",
        group=NAMES,
    )
    affix: Option[str] = foreign(
        "s3.schema.partition.affix.type",
        STRING,
        "NONE",
        "A level with the name of the schema, which cannot be had: only NONE is taken.",
        group=NAMES,
    )


class _Format(Config):
    format_class: Option[str] = foreign(
        "format.class",
        STRING,
        None,
        "The format. JsonFormat is a line of JSON per record; ByteArrayFormat the bytes; in avro and"
        " parquet a struct is the row.",
        "format.output.type",
        "format.output.envelope",
        "format.output.fields",
        "format.output.final.separator",
        "format.output.record.name",
        validate=_class_of(*FORMATS),
        choices=FORMATS,
        importance=Importance.HIGH,
        group=FORMAT,
    )
    bytes_extension: Option[str] = foreign(
        "format.bytearray.extension",
        STRING,
        ".bin",
        "What names of ByteArrayFormat end with.",
        TEMPLATE,
        group=FORMAT,
    )
    bytes_separator: Option[str] = foreign(
        "format.bytearray.separator",
        STRING,
        "\n",
        "What follows each record of ByteArrayFormat, as it is: blanks count, and it may be nothing.",
        "format.output.raw.framing",
        "format.output.raw.separator",
        group=FORMAT,
    )
    compression: Option[str] = foreign(
        "s3.compression.type",
        STRING,
        "none",
        "The compression of JsonFormat and ByteArrayFormat.",
        "file.compression.type",
        validate=one_of("none", "gzip"),
        choices=("none", "gzip"),
        group=FORMAT,
    )
    compression_level: Option[int] = foreign(
        "s3.compression.level",
        INT,
        -1,
        "How hard gzip tries; -1 is 1 here, which is ten times as fast as Java's 6, and 8 % larger.",
        "file.compression.level",
        validate=between(-1, 9),
        group=FORMAT,
    )
    avro_codec: Option[str] = foreign(
        "avro.codec", STRING, "null", "How AvroFormat compresses blocks.", "avro.codec", group=FORMAT
    )
    parquet_codec: Option[str] = foreign(
        "parquet.codec",
        STRING,
        "snappy",
        "How ParquetFormat compresses pages.",
        "file.compression.type",
        validate=one_of(*PARQUET_SUFFIXES, ignore_case=True),
        choices=tuple(PARQUET_SUFFIXES),
        group=FORMAT,
    )
    connect_meta_data: Option[bool] = foreign(
        "connect.meta.data",
        BOOLEAN,
        True,
        "Whether schemas keep what only Connect knows.",
        "connect.meta.data",
        group=FORMAT,
    )
    decimal_format: Option[str] = foreign(
        "json.decimal.format",
        STRING,
        "BASE64",
        "How JsonFormat writes decimals, of which only BASE64 can be had: NUMERIC is refused.",
        group=FORMAT,
    )
    null_values: Option[str] = foreign(
        "behavior.on.null.values",
        STRING,
        "fail",
        "What becomes of records without a value. write needs store.kafka.keys, and is refused with it.",
        "behavior.on.null.values",
        validate=one_of("ignore", "fail", "write", ignore_case=True),
        choices=("ignore", "fail", "write"),
        group=FORMAT,
    )
    nulls_to_dead_letters: Option[bool] = foreign(
        "report.null.values.to.dlq",
        BOOLEAN,
        True,
        "With ignore, errors.tolerance=all and a dead letter queue, records without a value go there: here"
        " that is fail, which does so.",
        "behavior.on.null.values",
        group=FORMAT,
    )
    store_keys: Option[bool] = foreign(
        "store.kafka.keys",
        BOOLEAN,
        False,
        "Objects of keys beside those of values, which cannot be had: true is refused. Let the S3 sink write"
        " key and value into one object, by format.output.fields=key,value.",
        group=FORMAT,
    )
    store_headers: Option[bool] = foreign(
        "store.kafka.headers",
        BOOLEAN,
        False,
        "As store.kafka.keys, with headers: true is refused; format.output.fields=value,headers has both.",
        group=FORMAT,
    )


class _Rotation(Config):
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
        group=ROTATION,
    )
    rotate_interval_ms: Option[int] = foreign(
        "rotate.interval.ms",
        LONG,
        -1,
        "A record so much later than the first that is open ends all objects of its partition, by the time of"
        " timestamp.extractor; with Wallclock they end without a record, too. For time-based partitioners.",
        "file.max.timespan.ms",
        group=ROTATION,
    )
    on_partition_change: Option[bool] = foreign(
        "rotate.file.on.partition.change",
        BOOLEAN,
        True,
        "With rotate.interval.ms: whether a record of another hour ends them, too.",
        "file.rotate.on.change",
        group=ROTATION,
    )
    rotate_schedule_ms: Option[int] = foreign(
        "rotate.schedule.interval.ms",
        LONG,
        -1,
        "Objects end at fixed times of the day, counted from midnight.",
        "file.rotate.schedule.interval.ms",
        group=ROTATION,
    )
    compatibility: Option[str] = foreign(
        "schema.compatibility",
        STRING,
        "NONE",
        "Another schema ends all objects of the partition, which is what NONE says. Records are not changed"
        " to another version: with BACKWARD, FORWARD and FULL each is written in its own schema.",
        validate=one_of("NONE", "BACKWARD", "FORWARD", "FULL"),
        choices=("NONE", "BACKWARD", "FORWARD", "FULL"),
        group=ROTATION,
    )


def _idle(name: str, why: str) -> Option[str | None]:
    found: Option[str | None] = foreign(name, STRING, None, f"No effect: {why}.", group=IDLE)
    return found


class ConfluentOptions(_Bucket, _Names, _Format, _Rotation):
    """All of them."""

    storage_class = _idle("storage.class", "objects go to S3")
    part_retries = _idle("s3.part.retries", "requests are repeated until they succeed or cannot")
    task_backoff = _idle("retry.backoff.ms", "requests are repeated, batches are not put again")
    shutdown_timeout = _idle("shutdown.timeout.ms", "task.shutdown.graceful.timeout.ms of the worker decides")
    write_duration = _idle("max.write.duration.ms", "a task polls while it writes")
    expect_continue = _idle("s3.http.send.expect.continue", "large bodies are announced")
    send_digest = _idle("s3.send.digest", "aws.s3.checksum.algorithm verifies every request")
    elastic_buffer = _idle("s3.elastic.buffer.enable", "buffers grow with what they hold")
    elastic_capacity = _idle("s3.elastic.buffer.init.capacity", "buffers grow with what they hold")
    conditional_writes = _idle("enable.conditional.writes", "commits in Kafka decide what becomes visible")
    scan_limit = _idle("max.files.scan.limit", "nothing looks for free names")
    most_open = _idle("partitioner.max.open.files", "file.max.open.objects bounds what a task keeps open")
    tagging_errors = _idle("s3.object.behavior.on.tagging.error", "tags are part of the object's own request")
    schema_cache = _idle("schemas.cache.config", "schemas are kept as long as they are used")
    enhanced_avro = _idle("enhanced.avro.schema.support", "names and enums of schemas are always kept")
    optional_keys = _idle("allow.optional.map.keys", "keys of maps may be optional")
    keys_format = _idle("keys.format.class", "there are no objects of keys")
    headers_format = _idle("headers.format.class", "there are no objects of headers")
    tombstones = _idle("tombstone.encoded.partition", "there are no objects of records without a value")
    license = _idle("confluent.license", "no licence of Confluent's is needed")
    schema_generator = _idle("schema.generator.class", "schemas of partitions are for Hive alone")
