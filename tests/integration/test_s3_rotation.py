"""Objects that outlive commits, and many of them at once; on moto."""

from __future__ import annotations

import asyncio
import gzip
import io
from random import Random
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet as pq

from connector import metrics
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config, S3Sink
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from connector.testing.aws import AwsServer

PARTITION = TopicPartition("t", 0)
TEN_O_CLOCK = 1_699_956_000
BUDGET = 32 * 1024 * 1024


class Clock:
    def __init__(self) -> None:
        self.seconds = float(TEN_O_CLOCK)

    def __call__(self) -> float:
        return self.seconds


def running_sink(
    aws: AwsServer, bucket: str, clock: Clock, options: dict[str, str]
) -> AbstractAsyncContextManager[S3Sink]:
    raw = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "delivery.guarantee": "at-least-once",
        "aws.s3.endpoint": aws.url,
        "format.output.fields.value.encoding": "none",
        **options,
    }
    return running_in_task(S3Sink(S3Config.parse(raw), now=clock), [PARTITION])


def finished_early(sink: S3Sink, reason: str) -> float:
    labels = {"connector": sink.context.connector, "task": str(sink.context.task), "reason": reason}
    return metrics.REGISTRY.get_sample_value("connector_objects_finished_early_total", labels) or 0


def lines(start: int, count: int) -> RecordBatch:
    return RecordBatch.of(
        PARTITION, [Record(offset, None, b"%d" % offset) for offset in range(start, start + count)]
    )


def numbers(data: bytes) -> list[int]:
    return [int(line) for line in gzip.decompress(data).split(b"\n")]


async def put_for_an_hour(sink: S3Sink, clock: Clock, start: int) -> None:
    """Ten records a minute, and a commit after each."""
    for minute in range(60):
        await sink.put(lines(start + minute * 10, 10))
        await sink.flush()
        clock.seconds += 60


async def test_an_hour_of_many_commits_is_one_object(aws: AwsServer, bucket: str) -> None:
    clock = Clock()
    async with running_sink(aws, bucket, clock, {"rotate.schedule.interval.ms": "3600000"}) as sink:
        await put_for_an_hour(sink, clock, 0)
        assert aws.objects(bucket) == {}
        assert sink.committable() == {PARTITION: 0}
        await put_for_an_hour(sink, clock, 600)
        await sink.flush()
        assert sink.committable() == {PARTITION: 1200}
    found = {key: numbers(data) for key, data in aws.objects(bucket).items()}
    assert found == {"t-0-0.gz": list(range(600)), "t-0-600.gz": list(range(600, 1200))}


async def test_a_wall_clock_hour_in_the_name_ends_with_the_hour(aws: AwsServer, bucket: str) -> None:
    clock = Clock()
    options = {
        "file.name.template": "{{topic}}/hour={{timestamp:format=HH}}/{{partition}}-{{start_offset}}",
        "file.max.bytes": "1000000",
    }
    async with running_sink(aws, bucket, clock, options) as sink:
        await put_for_an_hour(sink, clock, 0)
        await sink.flush()
        assert sink.committable() == {PARTITION: 600}
    assert {key: numbers(data) for key, data in aws.objects(bucket).items()} == {
        "t/hour=10/0-0": list(range(600))
    }


async def test_an_idle_object_is_finished_without_a_commit_or_a_record(aws: AwsServer, bucket: str) -> None:
    clock = Clock()
    async with running_sink(aws, bucket, clock, {"file.max.idle.ms": "60000"}) as sink:
        await sink.put(lines(0, 3))
        await sink.flush()
        assert aws.objects(bucket) == {}
        clock.seconds += 60
        async with asyncio.timeout(60):
            while sink.committable() != {PARTITION: 3}:
                await asyncio.sleep(0.05)
    assert [numbers(data) for data in aws.objects(bucket).values()] == [[0, 1, 2]]


async def test_a_partition_that_goes_leaves_nothing_open(aws: AwsServer, bucket: str) -> None:
    async with running_sink(aws, bucket, Clock(), {"file.max.age.ms": "3600000"}) as sink:
        await sink.put(lines(0, 3))
        await sink.close([PARTITION])
        assert sink.committable() == {PARTITION: 3}
    assert [numbers(data) for data in aws.objects(bucket).values()] == [[0, 1, 2]]


async def test_a_thousand_objects_stay_open_within_32_mebibytes(aws: AwsServer, bucket: str) -> None:
    options = {
        "file.name.template": "{{topic}}/{{partition}}/{{key}}/{{start_offset}}",
        "file.compression.type": "gzip",
        "file.max.age.ms": "3600000",
    }
    async with running_sink(aws, bucket, Clock(), options) as sink:
        peak = 0
        for start in range(0, 10_000, 1000):
            records = [
                Record(offset, b"k%d" % (offset % 1000), b"%06d" % offset * 20)
                for offset in range(start, start + 1000)
            ]
            await sink.put(RecordBatch.of(PARTITION, records))
            # As the runtime does it after every put.
            while sink.buffered_bytes > BUDGET:
                await sink.relieve()
            peak = max(peak, sink.buffered_bytes)
        assert aws.objects(bucket) == {}
        assert peak <= BUDGET
        assert sink.committable() == {PARTITION: 0}
        await sink.flush()
        assert aws.objects(bucket) == {}
        await sink.close([PARTITION])
        assert sink.committable() == {PARTITION: 10_000}
    stored = aws.objects(bucket)
    assert len(stored) == 1000
    assert all(len(gzip.decompress(data).split(b"\n")) == 10 for data in stored.values())


async def test_beyond_the_bound_the_object_without_records_for_longest_is_finished(
    aws: AwsServer, bucket: str
) -> None:
    options = {
        "file.name.template": "{{topic}}/{{partition}}/{{key}}/{{start_offset}}",
        "file.compression.type": "none",
        "file.max.age.ms": "3600000",
        "file.max.open.objects": "2",
    }
    async with running_sink(aws, bucket, Clock(), options) as sink:
        for offset, key in enumerate([b"a", b"b", b"a", b"c"]):
            await sink.put(RecordBatch.of(PARTITION, [Record(offset, key, b"v")]))
        await sink.flush()
        assert list(aws.objects(bucket)) == ["t/0/b/1"]
        assert sink.committable() == {PARTITION: 0}
        assert finished_early(sink, "open-limit") == 1


@pytest.mark.parametrize("compression", ["gzip", "snappy", "zstd"])
async def test_many_open_objects_hold_little_beside_their_records(
    aws: AwsServer, bucket: str, compression: str
) -> None:
    options = {
        "file.name.template": "{{topic}}/{{partition}}/{{key}}/{{start_offset}}",
        "file.compression.type": compression,
    }
    groups, rounds = 100, 3
    async with running_sink(aws, bucket, Clock(), options) as sink:
        for start in range(0, rounds * groups, groups):
            records = [Record(start + key, b"%d" % key, b"%0800d" % key) for key in range(groups)]
            await sink.put(RecordBatch.of(PARTITION, records))
        before = sink.buffered_bytes
        assert before < groups * (rounds * 800 + 4096)
        await sink.relieve()
        assert sink.buffered_bytes < before - groups * rounds * 800 // 3
        await sink.flush()
    assert len(aws.objects(bucket)) == groups


async def test_memory_that_is_short_ends_no_parquet_object_while_its_rows_can_be_compressed(
    aws: AwsServer, bucket: str
) -> None:
    options = {
        "file.name.template": "{{topic}}/{{partition}}/{{key}}/{{start_offset}}",
        "format.output.type": "parquet",
    }
    groups = 20
    async with running_sink(aws, bucket, Clock(), options) as sink:
        for start in range(0, 10 * groups, groups):
            records = [Record(start + key, b"%d" % key, b"%02000d" % key) for key in range(groups)]
            await sink.put(RecordBatch.of(PARTITION, records))
            before = sink.buffered_bytes
            await sink.relieve()
            assert sink.buffered_bytes < before - groups * 800
        assert finished_early(sink, "memory") == 0
        await sink.flush()
    found = [pq.ParquetFile(io.BytesIO(data)) for data in aws.objects(bucket).values()]
    assert [(file.metadata.num_rows, file.metadata.num_row_groups) for file in found] == [(10, 1)] * groups


async def test_objects_that_end_for_want_of_memory_are_counted(aws: AwsServer, bucket: str) -> None:
    options = {"file.compression.type": "none", "file.max.age.ms": "3600000"}
    async with running_sink(aws, bucket, Clock(), options) as sink:
        await sink.put(lines(0, 10))
        await sink.relieve()
        assert finished_early(sink, "memory") == 1


async def test_an_object_ends_at_its_bytes_as_stored_and_the_next_begins(aws: AwsServer, bucket: str) -> None:
    limit = 500_000
    random = Random(1)
    async with running_sink(aws, bucket, Clock(), {"file.max.bytes": str(limit)}) as sink:
        for start in range(0, 50_000, 5000):
            values = [
                b"%d %0100x" % (offset, random.getrandbits(400)) for offset in range(start, start + 5000)
            ]
            columns = {"offsets": range(start, start + 5000), "values": values}
            batch = RecordBatch(PARTITION, columns, start + 5000, sum(map(len, values)))
            await sink.put(batch)
        await sink.close([PARTITION])
    stored = {key: gzip.decompress(data).split(b"\n") for key, data in aws.objects(bucket).items()}
    in_order = sorted(stored, key=lambda key: int(stored[key][0].split()[0]))
    *full, _last = [len(aws.objects(bucket)[key]) for key in in_order]
    assert len(full) >= 4
    # A step of a sixteenth, and what the compressor held back.
    assert all(limit <= size < limit * 17 // 16 + 100_000 for size in full), full
    found = [int(line.split()[0]) for key in in_order for line in stored[key]]
    assert found == list(range(50_000))


async def test_records_far_apart_in_time_are_in_different_objects(aws: AwsServer, bucket: str) -> None:
    options = {
        "file.compression.type": "none",
        "rotate.interval.ms": "1000",
        "file.name.timestamp.source": "event",
        "file.rotate.on.commit": "false",
    }
    times = [0, 999, 500, 1000, 1500, 400, 2000]
    records = [Record(offset, None, b"%d" % time, time) for offset, time in enumerate(times)]
    async with running_sink(aws, bucket, Clock(), options) as sink:
        await sink.put(RecordBatch.of(PARTITION, records[:2]))
        await sink.put(RecordBatch.of(PARTITION, records[2:]))
        await sink.close([PARTITION])
    assert aws.objects(bucket) == {"t-0-0": b"0\n999\n500", "t-0-3": b"1000\n1500\n400", "t-0-6": b"2000"}
