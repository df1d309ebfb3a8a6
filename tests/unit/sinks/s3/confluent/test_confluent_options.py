"""What Confluent's options become, and which of them are refused."""

from __future__ import annotations

import pytest

from connector.config.dialect import Fate
from connector.plugins import PluginKind, find
from connector.runtime.blueprint import draw
from connector.settings import WorkerSettings
from connector.sinks.s3 import S3Config
from connector.sinks.s3.confluent import ConfluentOptions, ConfluentS3Config, ConfluentS3Sink, translate

SETTINGS = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
BASE = {
    "name": "sink",
    "connector.class": "io.confluent.connect.s3.S3SinkConnector",
    "topics": "orders",
    "s3.bucket.name": "shop",
    "flush.size": "1000",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
}
PARTITIONER = "io.confluent.connect.storage.partitioner."
HOURLY = {"partitioner.class": f"{PARTITIONER}HourlyPartitioner", "locale": "en", "timezone": "UTC"}
ROLE_PROVIDER = "io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider"
DLQ = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dead"}


def ours(**options: str) -> dict[str, str]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    return translate({**BASE, **raw}).config


def refused(options: dict[str, str]) -> dict[str, str]:
    return {found.option: found.message for found in ConfluentS3Config({**BASE, **options}).problems()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"aws.s3.region": "us-west-2"}),
        ({"s3.region": "eu-north-1"}, {"aws.s3.region": "eu-north-1"}),
        ({"store.url": "http://minio:9000"}, {"aws.s3.endpoint": "http://minio:9000"}),
        (
            {"s3.path.style.access.enabled": "false"},
            {"aws.s3.path.style.access.enabled": "false"},
        ),
        ({"s3.part.size": "26214400"}, {"aws.s3.part.size.bytes": "26214400"}),
        ({"s3.retry.backoff.ms": "200"}, {"aws.s3.backoff.delay.ms": "200"}),
        (
            {"s3.ssea.name": "aws:kms", "s3.sse.kms.key.id": "alias/k"},
            {"aws.s3.sse.algorithm": "aws:kms", "aws.s3.sse.kms.key.id": "alias/k"},
        ),
        (
            {"s3.acl.canned": "bucket-owner-full-control"},
            {"aws.s3.object.acl": "bucket-owner-full-control"},
        ),
        (
            {"s3.object.tagging": "true", "s3.object.tagging.key.value.pairs": "team:a,env:prod"},
            {"aws.s3.object.tags": "startOffset={{start_offset}},team=a,env=prod"},
        ),
        (
            {"s3.proxy.url": "http://p:3128", "s3.proxy.user": "u", "s3.proxy.password": "w"},
            {"aws.proxy.url": "http://p:3128", "aws.proxy.username": "u", "aws.proxy.password": "w"},
        ),
        (
            {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s"},
            {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s"},
        ),
        (
            {
                "s3.credentials.provider.class": ROLE_PROVIDER,
                "s3.credentials.provider.sts.role.arn": "arn:aws:iam::123456789012:role/r",
                "s3.credentials.provider.sts.role.external.id": "tenant",
                "s3.credentials.provider.sts.role.session.name": "sink",
                "s3.credentials.provider.sts.region": "eu-north-1",
            },
            {
                "aws.sts.role.arn": "arn:aws:iam::123456789012:role/r",
                "aws.sts.role.external.id": "tenant",
                "aws.sts.role.session.name": "sink",
                "aws.sts.region": "eu-north-1",
            },
        ),
        (
            {"s3.credentials.provider.class": "com.amazonaws.auth.AnonymousCredentialsProvider"},
            {"aws.credentials.provider": "anonymous"},
        ),
        (
            {"flush.size": "5"},
            {
                "file.max.records": "5",
                "file.rotate.together": "true",
                "file.rotate.on.commit": "false",
                "file.max.idle.ms": "0",
            },
        ),
        (
            {**HOURLY, "rotate.interval.ms": "600000"},
            {"file.max.timespan.ms": "600000", "file.rotate.on.change": "true"},
        ),
        (
            {**HOURLY, "rotate.interval.ms": "600000", "rotate.file.on.partition.change": "false"},
            {"file.rotate.on.change": "false"},
        ),
        (
            {"rotate.schedule.interval.ms": "60000", "timezone": "Europe/Berlin"},
            {
                "file.rotate.schedule.interval.ms": "60000",
                "file.rotate.schedule.timezone": "Europe/Berlin",
            },
        ),
        (
            {"format.class": "x.ByteArrayFormat", "format.bytearray.separator": " \\\n"},
            {"format.output.raw.separator": r"\s\\\n", "format.output.final.separator": "true"},
        ),
        (
            {"format.class": "x.ByteArrayFormat", "format.bytearray.separator": ""},
            {"format.output.raw.framing": "none"},
        ),
        (
            {"format.class": "x.AvroFormat", "avro.codec": "snappy", "connect.meta.data": "false"},
            {"avro.codec": "snappy", "connect.meta.data": "false", "file.compression.type": "none"},
        ),
        (
            {"s3.compression.type": "gzip", "s3.compression.level": "6"},
            {"file.compression.type": "gzip", "file.compression.level": "6"},
        ),
        ({"behavior.on.null.values": "ignore"}, {"behavior.on.null.values": "ignore"}),
        ({**DLQ, "behavior.on.null.values": "ignore"}, {"behavior.on.null.values": "fail"}),
        (
            {**DLQ, "behavior.on.null.values": "ignore", "report.null.values.to.dlq": "false"},
            {"behavior.on.null.values": "ignore"},
        ),
    ],
)
def test_an_option_becomes_one_of_the_s3_sink(options: dict[str, str], expected: dict[str, str]) -> None:
    found = translate({**BASE, **options})
    assert found.problems == []
    assert found.config == {**found.config, **expected}
    assert S3Config(found.config).problems() == []


@pytest.mark.parametrize(
    ("options", "key", "text"),
    [
        ({"s3.wan.mode": "true"}, "s3.wan.mode", "set it to false"),
        ({"store.kafka.keys": "true"}, "store.kafka.keys", "format.output.fields=key,value"),
        ({"store.kafka.headers": "true"}, "store.kafka.headers", "format.output.fields=value,headers"),
        ({"behavior.on.null.values": "write"}, "behavior.on.null.values", "set ignore"),
        ({"s3.schema.partition.affix.type": "PREFIX"}, "s3.schema.partition.affix.type", "set it to NONE"),
        ({"json.decimal.format": "NUMERIC"}, "json.decimal.format", "BASE64"),
        ({"partitioner.class": "com.acme.MyPartitioner"}, "partitioner.class", "Only Confluent's own"),
        ({"format.class": "com.acme.MyFormat"}, "format.class", "Only Confluent's own"),
        ({**HOURLY, "timestamp.extractor": "com.acme.X"}, "timestamp.extractor", "Only Confluent's own"),
        ({**HOURLY, "timezone": ""}, "timezone", "is needed for HourlyPartitioner"),
        ({**HOURLY, "locale": ""}, "locale", "is needed for HourlyPartitioner"),
        ({"partitioner.class": f"{PARTITIONER}FieldPartitioner"}, "partition.field.name", "name the fields"),
        ({**HOURLY, "partitioner.class": "TimeBasedPartitioner"}, "path.format", "is needed"),
        (
            {
                **HOURLY,
                "partitioner.class": "TimeBasedPartitioner",
                "path.format": "MMM",
                "partition.duration.ms": "3600000",
                "locale": "de",
            },
            "locale",
            "in English, not in de",
        ),
        ({"rotate.schedule.interval.ms": "1000"}, "timezone", "is needed for rotate.schedule.interval.ms"),
        ({"format.class": "x.AvroFormat", "s3.compression.type": "gzip"}, "s3.compression.type", "remove it"),
        ({"format.class": "x.ParquetFormat", "parquet.codec": "lz4"}, "parquet.codec", "'snappy'"),
        ({"s3.acl.canned": "nobody"}, "s3.acl.canned", "for configuration s3.acl.canned"),
        ({"s3.part.size": "1"}, "s3.part.size", "at least 5242880"),
        ({"s3.bucket.name": "Shop"}, "s3.bucket.name", "uppercase"),
        ({"flush.size": "0"}, "flush.size", "at least 1"),
        (
            {"s3.credentials.provider.class": "AwsAssumeRoleCredentialsProvider"},
            "s3.credentials.provider.sts.role.arn",
            "set it",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_by_its_own_name(options: dict[str, str], key: str, text: str) -> None:
    found = refused(options)
    assert list(found) == [key]
    assert text in found[key]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = refused(
        {"s3.wan.mode": "true", "store.kafka.keys": "true", "s3.acl.canned": "x", "flush.size": "many"}
    )
    assert found.keys() == {"s3.wan.mode", "store.kafka.keys", "s3.acl.canned", "flush.size"}


@pytest.mark.parametrize("key", ["s3.bucket.name", "flush.size", "format.class"])
def test_what_confluents_requires_is_required(key: str) -> None:
    raw = {name: value for name, value in BASE.items() if name != key}
    assert [found.option for found in ConfluentS3Config(raw).problems()] == [key]


def test_other_rules_for_schemas_are_taken_with_a_note() -> None:
    config = ConfluentS3Config.parse({**BASE, "schema.compatibility": "BACKWARD"})
    assert any(note.startswith("schema.compatibility: records are not changed") for note in config.notes())


def test_a_connector_is_drawn_with_no_key_of_confluents_unknown() -> None:
    every = {
        name: "x" for name, option in ConfluentOptions.options().items() if "without effect" in option.group
    }
    blueprint = draw({**BASE, **every, "delivery.guarantee": "at-least-once", "flash.size": "1"}, SETTINGS)
    assert blueprint.unknown == {"flash.size": "flush.size"}
    sink = blueprint.make_sink()
    assert isinstance(sink, ConfluentS3Sink)
    assert not sink.config.is_exactly_once
    assert find(PluginKind.SINK, "S3SinkConnector", "connector.class") is ConfluentS3Sink


def test_an_option_of_ours_holds_where_confluents_is_not_given() -> None:
    assert ours(file_max_idle_ms="5000")["file.max.idle.ms"] == "5000"
    assert ours(aws_region="eu-north-1").get("aws.s3.region") is None
    found = translate({**BASE, "aws.s3.region": "eu-north-1", "s3.region": "eu-west-1"})
    assert found.config["aws.s3.region"] == "eu-west-1"


def test_every_option_says_what_became_of_it() -> None:
    for partitioner in ("Default", "Field", "TimeBased", "Hourly"):
        for kind in ("Json", "ByteArray", "Avro", "Parquet"):
            given = {
                **{name: str(option.default or "x") for name, option in ConfluentOptions.options().items()},
                **BASE,
                "partitioner.class": f"{partitioner}Partitioner",
                "format.class": f"{kind}Format",
                "timezone": "UTC",
            }
            keys = {line.key for line in translate(given).lines}
            assert ConfluentOptions.options().keys() - keys == set()
            assert all(line.why for line in translate(given).lines if line.fate is Fate.DROPPED)
