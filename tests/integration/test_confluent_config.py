"""Which objects Confluent's connector makes of a sequence of records, and what is in them; on moto.

The sequences are those that its own documentation and tests describe.
"""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from pyarrow import parquet

from connector.cluster.plan import plan
from connector.column import SchemaColumn
from connector.record import Record, RecordBatch, TopicPartition
from connector.schema import Field, Schema, Schemas, Type
from connector.settings import WorkerSettings
from connector.testing.sink import running, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.testing.aws import AwsServer

PARTITION = TopicPartition("t", 12)
SETTINGS = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
FORMAT = "io.confluent.connect.s3.format."
STORAGE = "io.confluent.connect.storage.partitioner."
HOURLY = {
    "partitioner.class": f"{STORAGE}HourlyPartitioner",
    "locale": "en",
    "timezone": "America/Los_Angeles",
    "timestamp.extractor": "Record",
    "flush.size": "1000",
    "rotate.interval.ms": "600000",
}
TEN = 1488477600_000
"""Ten o'clock on the second of March 2017 in Los Angeles."""
MINUTE = 60_000
NUMBER = Schema(Type.STRUCT, fields=(Field("n", Schema(Type.INT32)),))
WIDER = Schema(
    Type.STRUCT, fields=(Field("n", Schema(Type.INT32)), Field("m", Schema(Type.STRING, optional=True)))
)


def config(aws: AwsServer, bucket: str, **options: str) -> dict[str, str]:
    return {
        "name": "sink",
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "topics": "t",
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": f"{FORMAT}json.JsonFormat",
        "flush.size": "3",
        "s3.region": "us-east-1",
        "s3.bucket.name": bucket,
        "store.url": aws.url,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        **options,
    }


def records(values: Sequence[Any], times: Sequence[int] | None = None, first: int = 0) -> RecordBatch:
    times = times or [0] * len(values)
    return RecordBatch.of(
        PARTITION,
        [Record(first + at, None, value, times[at], []) for at, value in enumerate(values)],
    )


async def names(
    aws: AwsServer, bucket: str, raw: dict[str, str], batches: Sequence[RecordBatch]
) -> dict[str, bytes]:
    """The visible objects, by name below the topic."""
    (blueprint,) = plan([raw], SETTINGS)
    async with running(blueprint.make_sink(), [PARTITION]) as sink:
        for batch in batches:
            await sink.put(batch)
        await stored(sink, [PARTITION])
    return {key.removeprefix("topics/t/"): data for key, data in aws.objects(bucket).items()}


def file(offset: int, suffix: str = ".json") -> str:
    return f"t+12+{offset:010}{suffix}"


@pytest.mark.parametrize("in_batches_of", [1, 7, 100])
async def test_flush_size_counts_the_records_of_all_fields_of_a_partition(
    aws: AwsServer, bucket: str, in_batches_of: int
) -> None:
    fields = {
        "partitioner.class": f"{STORAGE}FieldPartitioner",
        "partition.field.name": "int",
        "flush.size": "9",
    }
    values = [{"int": 16 + at % 3} for at in range(20)]
    batches = [
        records(values[at : at + in_batches_of], first=at) for at in range(0, len(values), in_batches_of)
    ]
    found = await names(aws, bucket, config(aws, bucket, **fields), batches)
    assert set(found) == {f"int={16 + at % 3}/{file(at)}" for at in (0, 1, 2, 9, 10, 11)}
    assert found[f"int=17/{file(10)}"] == b'{"int":17}\n' * 3


@pytest.mark.parametrize(
    ("on_change", "expected"),
    [
        ("false", {"10": [0], "09": [1]}),
        ("true", {"10": [0, 2], "09": [1, 3]}),
    ],
)
@pytest.mark.parametrize("in_batches_of", [1, 5])
async def test_time_ends_all_hours_of_a_partition(
    aws: AwsServer, bucket: str, on_change: str, expected: dict[str, list[int]], in_batches_of: int
) -> None:
    times = [TEN + minutes * MINUTE for minutes in (0, -2, 9, -5, 10)]
    raw = config(aws, bucket, **HOURLY, **{"rotate.file.on.partition.change": on_change})
    values = [{"n": at} for at in range(5)]
    batches = [
        records(values[at : at + in_batches_of], times[at : at + in_batches_of], at)
        for at in range(0, 5, in_batches_of)
    ]
    found = await names(aws, bucket, raw, batches)
    assert set(found) == {
        f"year=2017/month=03/day=02/hour={hour}/{file(offset)}"
        for hour, offsets in expected.items()
        for offset in offsets
    }


async def test_another_schema_ends_objects_and_counting_begins_anew(aws: AwsServer, bucket: str) -> None:
    schemas = [NUMBER] * 2 + [WIDER] * 3 + [NUMBER] * 4
    values = [{"n": at, **({"m": "x"} if schema is WIDER else {})} for at, schema in enumerate(schemas)]
    batch = records(values)
    batch = batch.with_columns(values=SchemaColumn(values, Schemas(schemas)))
    raw = config(aws, bucket, **{"format.class": f"{FORMAT}avro.AvroFormat", "flush.size": "3"})
    found = await names(aws, bucket, raw, [batch])
    assert set(found) == {f"partition=12/{file(at, '.avro')}" for at in (0, 2, 5)}
    reader = fastavro.reader(io.BytesIO(found[f"partition=12/{file(2, '.avro')}"]))
    assert list(reader) == [{"n": at, "m": "x"} for at in (2, 3, 4)]
    schema: Any = reader.writer_schema
    assert schema["name"] == "io.confluent.connect.avro.ConnectDefault"
    assert "connect.name" not in schema


async def test_what_nothing_ends_stays_open_and_is_not_committed(aws: AwsServer, bucket: str) -> None:
    raw = config(aws, bucket, **{"flush.size": "10"})
    (blueprint,) = plan([raw], SETTINGS)
    async with running(blueprint.make_sink(), [PARTITION]) as sink:
        await sink.put(records([{"n": 1}] * 5))
        assert (await stored(sink, [PARTITION]))[PARTITION] == 0
    assert aws.objects(bucket) == {}


@pytest.mark.parametrize(
    ("options", "values", "suffix", "read", "expected"),
    [
        ({}, [{"b": "ü", "a": 1}, [1], "x"], ".json", bytes, b'{"b":"\xc3\xbc","a":1}\n[1]\n"x"\n'),
        (
            {"s3.compression.type": "gzip"},
            [{"a": at} for at in range(3)],
            ".json.gz",
            gzip.decompress,
            b'{"a":0}\n{"a":1}\n{"a":2}\n',
        ),
        (
            {"format.class": f"{FORMAT}bytearray.ByteArrayFormat", "format.bytearray.separator": " ;\n"},
            [b"one", b"", b"three"],
            ".bin",
            bytes,
            b"one ;\n ;\nthree ;\n",
        ),
        (
            {"format.class": f"{FORMAT}bytearray.ByteArrayFormat", "format.bytearray.separator": ""},
            [b"one", b"", b"three"],
            ".bin",
            bytes,
            b"onethree",
        ),
        (
            {"format.class": f"{FORMAT}parquet.ParquetFormat"},
            [{"a": at, "b": {"c": "x"}} for at in range(3)],
            ".snappy.parquet",
            lambda data: parquet.read_table(io.BytesIO(data)).to_pylist(),
            [{"a": at, "b": {"c": "x"}} for at in range(3)],
        ),
    ],
)
async def test_an_object_has_the_bytes_that_confluents_writes(
    aws: AwsServer,
    bucket: str,
    options: dict[str, str],
    values: list[Any],
    suffix: str,
    read: Any,
    expected: Any,
) -> None:
    found = await names(aws, bucket, config(aws, bucket, **options), [records(values)])
    assert list(found) == [f"partition=12/{file(0, suffix)}"]
    assert read(found[f"partition=12/{file(0, suffix)}"]) == expected
