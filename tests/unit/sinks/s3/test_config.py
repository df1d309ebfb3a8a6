"""The rules of Aiven's keys, with its texts; and what is accepted without effect."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from connector.errors import BatchError, ConfigError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config


def faults(**options: str) -> dict[str, str]:
    raw = {name.replace("__", "-").replace("_", "."): value for name, value in options.items()}
    with pytest.raises(ConfigError) as caught:
        S3Config.parse(raw)
    return {problem.option: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("aws.access.key.id", " ", "Password must be non-empty"),
        ("aws.s3.bucket.name", "a_b", "Illegal bucket name: Bucket name should not contain '_'"),
        ("aws.s3.endpoint", " ", "String must be non-empty"),
        ("aws.s3.endpoint", "ht!tp://x y", "should be valid URL"),
        ("aws.s3.part.size.bytes", "2000000001", "Part size must be no more: 2000000000 bytes (2GB)"),
        ("aws.s3.backoff.delay.ms", "0", "Value must be at least 1"),
        ("aws.s3.backoff.max.delay.ms", "0", "Value must be at least 1"),
        ("aws.s3.backoff.max.retries", "0", "Value must be at least 1"),
        ("aws.s3.backoff.max.retries", "31", "Value must be no more than 30"),
        ("aws.sts.role.session.duration", "899", "Value must be at least 900"),
        ("aws.sts.role.session.duration", "43201", "Value must be no more than 43200"),
        ("aws.sts.role.external.id", "", "String must be non-empty"),
        ("file.compression.type", "lzma", "'none', 'gzip', 'snappy', 'zstd'"),
        ("file.max.records", "-1", "Value must be at least 0"),
        ("file.name.timestamp.source", "x", "Unknown timestamp source: x"),
        ("format.output.type", "", "must not be empty or not set"),
        ("format.output.type", "xml", "Supported values are: 'avro', 'csv', 'json', 'jsonl', 'parquet'"),
        ("format.output.fields", "", "cannot be empty"),
        (
            "format.output.fields",
            "x",
            "supported values are: 'key', 'value', 'offset', 'timestamp', 'headers'",
        ),
        ("format.output.fields.value.encoding", "NONE", "supported values are: 'none', 'base64'"),
        ("kafka.retry.backoff.ms", "-1", "Value must be at least 0"),
        ("kafka.retry.backoff.ms", "86400001", "Value must be no more than 86400000 (24 hours)"),
        ("aws.s3.fetch.page.size", "0", "Value must be at least 1"),
        ("aws.s3.fetch.buffer.size", "0", "Value must be at least 1"),
        ("avro.codec", "lzo", "Unknown or not supported codec lzo"),
    ],
)
def test_a_key_is_held_to_aivens_rule_with_its_text(key: str, value: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        S3Config.parse({"aws.s3.bucket.name": "shop", key: value})
    messages = [problem.message for problem in caught.value.problems if problem.option == key]
    shown = "[hidden]" if key == "aws.access.key.id" else value
    assert any(message.startswith(f"Invalid value {shown} for configuration {key}: ") for message in messages)
    assert any(reason in message for message in messages)


def test_rules_between_keys_are_told_all_together_and_before_the_start() -> None:
    found = faults(
        aws_sts_config_endpoint="https://sts.amazonaws.com",
        format_output_envelope="false",
        format_output_fields="key,value",
        file_name_template="{{key}}",
        file_max_records="5",
    )
    assert "Neither" in found["aws.s3.bucket.name"]
    assert "aws.s3.region should be specified together" in found["aws.sts.config.endpoint"]
    assert "must contain only one field" in found["format.output.envelope"]
    assert "file.max.records must be either 1 or not set" in found["file.max.records"]


def test_keys_without_effect_are_told_at_the_start() -> None:
    raw = {
        "aws.s3.bucket.name": "shop",
        "aws.s3.backoff.max.retries": "3",
        "kafka.retry.backoff.ms": "1",
        "aws.s3.fetch.page.size": "10",
        "aws.s3.fetch.buffer.size": "10",
        "file.prefix.template": "x/",
    }
    notes = list(S3Config.parse(raw).notes())
    for key in list(raw)[1:]:
        assert any(note.startswith(f"{key} has no effect: ") for note in notes)


@pytest.mark.parametrize(
    ("options", "first", "later"),
    [
        ({}, ".gz", ""),
        ({"file.compression.type": "gzip"}, ".gz", ".gz"),
        ({"output_compression": "gzip"}, ".gz", ""),
        ({"format.output.type": "avro", "file.compression.type": "none"}, ".avro", ".avro"),
        ({"format.output.type": "parquet"}, ".gz", ""),
        ({"format.output.type": "parquet", "file.compression.type": "zstd"}, ".zst", ".zst"),
    ],
)
def test_the_default_name_is_that_of_the_chosen_version(
    options: dict[str, str], first: str, later: str
) -> None:
    for version, suffix in (("2.15", first), ("3.x", later)):
        config = S3Config.parse({"aws.s3.bucket.name": "b-b", "file.name.compatibility": version, **options})
        name = config.create_template(config.create_format().suffix).text
        assert name == "{{topic}}-{{partition}}-{{start_offset}}" + suffix


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"aws.s3.prefix": "in/{{topic}}/"}, "in/orders/orders-3-00000000000000000017.gz"),
        ({"aws_s3_prefix": "p{{partition:padding=true}}/"}, "p3/orders-3-00000000000000000017.gz"),
        (
            {"aws.s3.prefix": "{{utc_date}}/{{timestamp:unit=HH}}/", "timestamp.source": "event"},
            "1970-01-01/01/orders-3-00000000000000000017.gz",
        ),
        (
            {
                "aws.s3.prefix": "{{timestamp:unit=YYYY}}/{{local_date}}/{{timestamp:unit=HH}}-",
                "timestamp.source": "EVENT",
                "timestamp.timezone": "+02:00",
                "file.name.timestamp.timezone": "+05:00",
            },
            "1970/1970-01-01/03-orders-3-00000000000000000017.gz",
        ),
        (
            {"aws.s3.prefix": "x/", "file.name.template": "{{topic}}-{{partition}}-{{start_offset}}"},
            "x/orders-3-00000000000000000017.gz",
        ),
        (
            {"aws.s3.prefix": "x/", "format.output.type": "parquet", "file.name.compatibility": "3.x"},
            "x/orders-3-00000000000000000017.gz",
        ),
        (
            {"aws.s3.prefix": "x/", "format.output.type": "avro", "file.compression.type": "none"},
            "x/orders-3-00000000000000000017.avro",
        ),
    ],
)
def test_a_prefix_names_objects_as_it_did(options: dict[str, str], key: str) -> None:
    config = S3Config.parse({"aws.s3.bucket.name": "shop", **options})
    grouper = config.create_grouper(config.create_format().suffix)
    batch = RecordBatch.of(TopicPartition("orders", 3), [Record(17, b"k", b"v", 3_700_000)])
    ((group, _),) = grouper.split(batch, now_ms=0)
    assert grouper.object_key(group, 17) == key


RECORDS_ONLY = {"file.max.records": "10", "file.rotate.on.commit": "false", "file.max.idle.ms": "0"}


@pytest.mark.parametrize(
    ("bounds", "is_noted"),
    [
        ({}, True),
        ({"file.max.records": "10"}, True),
        ({"file.max.bytes": "1000000"}, True),
        ({"file.max.age.ms": "1000"}, True),
        ({"file.rotate.schedule.interval.ms": "1000"}, True),
        ({**RECORDS_ONLY, "file.max.idle.ms": "1000"}, True),
        (RECORDS_ONLY, False),
    ],
)
@pytest.mark.parametrize("exists", ["KEEP", "fail", "overwrite"])
def test_keeping_objects_that_may_differ_the_next_time_is_noted(
    bounds: dict[str, str], exists: str, *, is_noted: bool
) -> None:
    config = S3Config.parse({"aws.s3.bucket.name": "shop", "aws.s3.object.exists": exists, **bounds})
    found = [note for note in config.notes() if "may stop the task for good" in note]
    assert bool(found) == (is_noted and exists == "KEEP")


@pytest.mark.parametrize(
    ("escape", "key"),
    [
        ("none", "in data/a%b/.../...-3-00000000000000000017.gz"),
        ("fields", "in data/a%b/.../...-3-00000000000000000017.gz"),
        ("all", "in data/a%b/%2E%2E%2E/%2E%2E%2E-3-00000000000000000017.gz"),
    ],
)
def test_a_prefix_is_never_escaped_and_of_topics_only_those_made_of_dots(escape: str, key: str) -> None:
    config = S3Config.parse(
        {
            "aws.s3.bucket.name": "shop",
            "aws.s3.prefix": "in data/a%b/{{topic}}/",
            "file.name.escape": escape,
        }
    )
    grouper = config.create_grouper(config.create_format().suffix)
    for topic, expected in (
        ("...", key),
        ("a._-Z9", key.replace("%2E%2E%2E", "...").replace("...", "a._-Z9")),
    ):
        ((group, _),) = grouper.split(
            RecordBatch.of(TopicPartition(topic, 3), [Record(17, b"k", b"v", 0)]), 0
        )
        assert grouper.object_key(group, 17) == expected


def test_a_prefix_brings_the_time_and_the_zone_that_bounds_go_by() -> None:
    of_names = {"file.name.timestamp.source": "field", "file.name.timestamp.timezone": "Asia/Tokyo"}
    bounds = {"file.max.timespan.ms": "1000", "file.rotate.schedule.interval.ms": "60000"}
    options = {"aws.s3.bucket.name": "shop", "aws.s3.prefix": "x/", **of_names, **bounds}
    by_clock = S3Config.parse({**options, "timestamp.timezone": "Europe/Paris"}).rotation()
    assert (by_clock.max_age_ms, by_clock.max_span_ms, by_clock.zone) == (1000, 0, ZoneInfo("Europe/Paris"))
    by_event = S3Config.parse({**options, "timestamp.source": "event"})
    assert (by_event.rotation().max_age_ms, by_event.rotation().max_span_ms) == (0, 1000)
    assert by_event.create_grouper().event_column == "timestamps"


def test_a_record_without_the_time_that_a_prefix_asks_for_is_told_with_its_option() -> None:
    config = S3Config.parse(
        {"aws.s3.bucket.name": "shop", "aws.s3.prefix": "{{utc_date}}/", "timestamp.source": "event"}
    )
    batch = RecordBatch.of(TopicPartition("orders", 3), [Record(17, b"k", b"v", None)])
    with pytest.raises(BatchError, match=r"no timestamp, which timestamp\.source=event needs"):
        config.create_grouper().split(batch, now_ms=0)


def test_a_prefix_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ConfigError, match="names have one zone"):
        S3Config.parse(
            {"aws.s3.bucket.name": "shop", "aws.s3.prefix": "{{utc_date}}/", "timestamp.timezone": "+02:00"}
        )
    with pytest.raises(ConfigError, match="unsupported variable"):
        S3Config.parse({"aws.s3.bucket.name": "shop", "aws.s3.prefix": "{{key}}/"})
    with pytest.raises(ConfigError, match="since names then show no key"):
        S3Config.parse({"aws.s3.bucket.name": "shop", "aws.s3.prefix": "x/", "file.name.template": "{{key}}"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"file.compression.type": "gzip"}, {"file.compression.type": "none"}),
        ({"output_compression": "gzip"}, {"output_compression": "none"}),
        ({"output_fields": "value"}, {"output_fields": "value,offset"}),
        ({"aws.s3.prefix": "a/"}, {"aws.s3.prefix": "b/"}),
        ({}, {"format.output.type": "jsonl"}),
        ({"transforms": "a", "transforms.a.field": "x"}, {"transforms": "a", "transforms.a.field": "y"}),
        ({"predicates.p.pattern": "x"}, {"predicates.p.pattern": "y"}),
        ({"value.converter": "json"}, {"value.converter": "string"}),
    ],
)
def test_what_bytes_and_names_come_from_has_a_fingerprint_by_old_names_as_well(
    before: dict[str, str], after: dict[str, str]
) -> None:
    bucket = {"aws.s3.bucket.name": "bucket"}
    assert S3Config.parse(bucket | before).fingerprint != S3Config.parse(bucket | after).fingerprint


def test_another_password_of_a_converter_does_not_change_the_fingerprint() -> None:
    bucket = {"aws.s3.bucket.name": "bucket", "value.converter": "avro"}
    name = "value.converter.schema.registry.ssl.keystore.password"
    assert (
        S3Config.parse(bucket | {name: "a"}).fingerprint == S3Config.parse(bucket | {name: "b"}).fingerprint
    )


def test_an_old_name_and_bounds_of_objects_do_not_change_the_fingerprint() -> None:
    bucket = {"aws.s3.bucket.name": "bucket"}
    new = S3Config.parse(bucket | {"file.compression.type": "gzip"})
    old = S3Config.parse(bucket | {"output_compression": "gzip", "flush.size": "7", "file.max.bytes": "9"})
    assert old.fingerprint == new.fingerprint
