"""Confluent's options of formats: what an object is made of, and how it is compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import foreign
from connector.config.option import BOOLEAN, INT, STRING, Importance, between, one_of
from connector.config.schema import Config
from connector.sinks.s3.confluent.options.java_class import class_of
from connector.sinks.s3.confluent.options.names import TEMPLATE

if TYPE_CHECKING:
    from connector.config.option import Option

_GROUP = "Confluent: format"
FORMATS = ("AvroFormat", "JsonFormat", "ByteArrayFormat", "ParquetFormat")
PARQUET_SUFFIXES = {"none": "", "uncompressed": "", "gzip": ".gz", "snappy": ".snappy", "zstd": ".zstd"}
"""What is written before ``.parquet``."""


class FormatOptions(Config):
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
        validate=class_of(*FORMATS),
        choices=FORMATS,
        importance=Importance.HIGH,
        group=_GROUP,
    )
    bytes_extension: Option[str] = foreign(
        "format.bytearray.extension",
        STRING,
        ".bin",
        "What names of ByteArrayFormat end with.",
        TEMPLATE,
        group=_GROUP,
    )
    bytes_separator: Option[str] = foreign(
        "format.bytearray.separator",
        STRING,
        "\n",
        "What follows each record of ByteArrayFormat, as it is: blanks count, and it may be nothing.",
        "format.output.raw.framing",
        "format.output.raw.separator",
        group=_GROUP,
    )
    compression: Option[str] = foreign(
        "s3.compression.type",
        STRING,
        "none",
        "The compression of JsonFormat and ByteArrayFormat.",
        "file.compression.type",
        validate=one_of("none", "gzip"),
        choices=("none", "gzip"),
        group=_GROUP,
    )
    compression_level: Option[int] = foreign(
        "s3.compression.level",
        INT,
        -1,
        "How hard gzip tries; -1 is 1 here, which is ten times as fast as Java's 6, and 8 % larger.",
        "file.compression.level",
        validate=between(-1, 9),
        group=_GROUP,
    )
    avro_codec: Option[str] = foreign(
        "avro.codec", STRING, "null", "How AvroFormat compresses blocks.", "avro.codec", group=_GROUP
    )
    parquet_codec: Option[str] = foreign(
        "parquet.codec",
        STRING,
        "snappy",
        "How ParquetFormat compresses pages.",
        "file.compression.type",
        validate=one_of(*PARQUET_SUFFIXES, ignore_case=True),
        choices=tuple(PARQUET_SUFFIXES),
        group=_GROUP,
    )
    connect_meta_data: Option[bool] = foreign(
        "connect.meta.data",
        BOOLEAN,
        True,
        "Whether schemas keep what only Connect knows.",
        "connect.meta.data",
        group=_GROUP,
    )
    decimal_format: Option[str] = foreign(
        "json.decimal.format",
        STRING,
        "BASE64",
        "How JsonFormat writes decimals, of which only BASE64 can be had: NUMERIC is refused.",
        group=_GROUP,
    )
    null_values: Option[str] = foreign(
        "behavior.on.null.values",
        STRING,
        "fail",
        "What becomes of records without a value. write needs store.kafka.keys, and is refused with it.",
        "behavior.on.null.values",
        validate=one_of("ignore", "fail", "write", ignore_case=True),
        choices=("ignore", "fail", "write"),
        group=_GROUP,
    )
    nulls_to_dead_letters: Option[bool] = foreign(
        "report.null.values.to.dlq",
        BOOLEAN,
        True,
        "With ignore, errors.tolerance=all and a dead letter queue, records without a value go there: here"
        " that is fail, which does so.",
        "behavior.on.null.values",
        group=_GROUP,
    )
    store_keys: Option[bool] = foreign(
        "store.kafka.keys",
        BOOLEAN,
        False,
        "Objects of keys beside those of values, which cannot be had: true is refused. Let the S3 sink write"
        " key and value into one object, by format.output.fields=key,value.",
        group=_GROUP,
    )
    store_headers: Option[bool] = foreign(
        "store.kafka.headers",
        BOOLEAN,
        False,
        "As store.kafka.keys, with headers: true is refused; format.output.fields=value,headers has both.",
        group=_GROUP,
    )
