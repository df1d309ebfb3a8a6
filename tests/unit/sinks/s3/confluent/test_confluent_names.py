"""Object names, as Confluent's connector makes them; its documentation and its source are the table."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3.confluent import ConfluentS3Config

PARTITION = TopicPartition("orders", 3)
STORAGE = "io.confluent.connect.storage.partitioner."
FORMAT = "io.confluent.connect.s3.format."
BASE = {
    "s3.bucket.name": "shop",
    "flush.size": "3",
    "format.class": f"{FORMAT}json.JsonFormat",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
}
FIELD = {"partitioner.class": f"{STORAGE}FieldPartitioner", "partition.field.name": "country"}
TIME = {"locale": "en-US", "timezone": "Europe/Berlin", "timestamp.extractor": "Record"}
DAILY = {**TIME, "partitioner.class": f"{STORAGE}DailyPartitioner"}
HOURLY = {**TIME, "partitioner.class": f"{STORAGE}HourlyPartitioner"}
BY_PATH = {**TIME, "partitioner.class": f"{STORAGE}TimeBasedPartitioner", "partition.duration.ms": "3600000"}
BYTES = {"format.class": f"{FORMAT}bytearray.ByteArrayFormat"}
PARQUET = {"format.class": f"{FORMAT}parquet.ParquetFormat"}
FILE = "orders+3+0000000017"
VALUE = {"country": "SE", "meta": {"n": 7, "ok": True}, "empty": "", "at": "2026-03-29T09:08:00"}


def moment(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


AT = moment("2026-11-21T19:47:30")


def name(options: dict[str, str], at: int = AT) -> str:
    config = ConfluentS3Config.parse({**BASE, **options})
    grouper = config.create_grouper(config.create_format().suffix)
    batch = RecordBatch.of(PARTITION, [Record(17, None, VALUE, at, [])])
    ((group, _),) = grouper.split(batch, now_ms=0)
    return grouper.object_key(group, 17)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, f"topics/orders/partition=3/{FILE}.json"),
        ({"topics.dir": " "}, f"orders/partition=3/{FILE}.json"),
        ({"topics.dir": "a/b"}, f"a/b/orders/partition=3/{FILE}.json"),
        ({"filename.offset.zero.pad.width": "2"}, "topics/orders/partition=3/orders+3+17.json"),
        ({"filename.offset.zero.pad.width": "0"}, "topics/orders/partition=3/orders+3+17.json"),
        ({"filename.offset.zero.pad.width": "20"}, f"topics/orders/partition=3/orders+3+{17:020}.json"),
        ({"file.delim": "-"}, "topics/orders/partition=3/orders-3-0000000017.json"),
        ({"directory.delim": "|"}, f"topics|orders|partition=3|{FILE}.json"),
        ({"s3.compression.type": "gzip"}, f"topics/orders/partition=3/{FILE}.json.gz"),
        (BYTES, f"topics/orders/partition=3/{FILE}.bin"),
        ({**BYTES, "s3.compression.type": "gzip"}, f"topics/orders/partition=3/{FILE}.bin.gz"),
        ({**BYTES, "format.bytearray.extension": ".log"}, f"topics/orders/partition=3/{FILE}.log"),
        ({"format.class": f"{FORMAT}avro.AvroFormat"}, f"topics/orders/partition=3/{FILE}.avro"),
        (PARQUET, f"topics/orders/partition=3/{FILE}.snappy.parquet"),
        ({**PARQUET, "parquet.codec": "gzip"}, f"topics/orders/partition=3/{FILE}.gz.parquet"),
        ({**PARQUET, "parquet.codec": "zstd"}, f"topics/orders/partition=3/{FILE}.zstd.parquet"),
        ({**PARQUET, "parquet.codec": "none"}, f"topics/orders/partition=3/{FILE}.parquet"),
        (FIELD, f"topics/orders/country=SE/{FILE}.json"),
        (
            {**FIELD, "partition.field.name": "country,meta.n,meta.ok"},
            f"topics/orders/country=SE/meta.n=7/meta.ok=true/{FILE}.json",
        ),
        ({**FIELD, "partition.field.name": "gone"}, f"topics/orders/gone=null/{FILE}.json"),
        ({**FIELD, "partition.field.name": "empty"}, f"topics/orders/empty=/{FILE}.json"),
        (DAILY, f"topics/orders/year=2026/month=11/day=21/{FILE}.json"),
        (HOURLY, f"topics/orders/year=2026/month=11/day=21/hour=19/{FILE}.json"),
        (
            {**HOURLY, "timezone": "America/Los_Angeles"},
            f"topics/orders/year=2026/month=11/day=21/hour=10/{FILE}.json",
        ),
        (
            {**BY_PATH, "path.format": "'dt'=YYYY-MM-dd/'h'=HH/"},
            f"topics/orders/dt=2026-11-21/h=19/{FILE}.json",
        ),
        (
            {**BY_PATH, "path.format": "YYYY/MMM/EEE/HHmm", "partition.duration.ms": "900000"},
            f"topics/orders/2026/Nov/Sat/1945/{FILE}.json",
        ),
        (
            {**BY_PATH, "path.format": "YYYYMMdd-HHmmss", "partition.duration.ms": "86400000"},
            f"topics/orders/20261121-000000/{FILE}.json",
        ),
        ({**BY_PATH, "path.format": "yy-M-d Z"}, f"topics/orders/26-11-21 +0100/{FILE}.json"),
        ({**BY_PATH, "path.format": "YYYY ZZ"}, f"topics/orders/2026 +01:00/{FILE}.json"),
        ({**BY_PATH, "path.format": "YYYY ZZZ"}, f"topics/orders/2026 Europe/Berlin/{FILE}.json"),
        (
            {**HOURLY, "timestamp.extractor": "RecordField", "timestamp.field": "at"},
            # Nine in UTC, and clocks are put forward on this day.
            f"topics/orders/year=2026/month=03/day=29/hour=11/{FILE}.json",
        ),
    ],
)
def test_an_object_has_the_name_that_confluents_gives_it(options: dict[str, str], expected: str) -> None:
    assert name(options) == expected


@pytest.mark.parametrize(
    ("zone", "at", "duration_hours", "expected"),
    [
        # Two o'clock does not exist on these days: Joda-Time takes the moment that follows.
        ("Europe/Berlin", "2026-03-29T03:10:00", 2, "03"),
        ("America/New_York", "2026-03-08T03:10:00", 2, "03"),
        ("America/New_York", "2026-03-08T04:10:00", 2, "04"),
        ("Europe/Berlin", "2026-10-25T03:10:00", 2, "02"),
        ("Asia/Kolkata", "2026-10-25T03:10:00", 3, "03"),
    ],
)
def test_long_intervals_begin_by_the_clock_on_the_wall(
    zone: str, at: str, duration_hours: int, expected: str
) -> None:
    options = {
        **BY_PATH,
        "timezone": zone,
        "path.format": "HH",
        "partition.duration.ms": str(duration_hours * 3_600_000),
    }
    assert name(options, moment(at, zone)) == f"topics/orders/{expected}/{FILE}.json"


@pytest.mark.parametrize("pattern", ["xxxx", "ww", "e", "K", "kk", "z", "G", "CC", "D", "h", "YYYYY"])
def test_letters_that_cannot_be_had_are_refused_by_name(pattern: str) -> None:
    config = ConfluentS3Config({**BASE, **BY_PATH, "path.format": pattern})
    (problem,) = config.problems()
    assert problem.option == "path.format"
    assert f"has {pattern}, which is not supported" in problem.message
