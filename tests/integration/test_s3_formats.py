"""Formats on their way through the S3 sink: what is in the bucket, read by independent readers; on moto."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from pyarrow import parquet

from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.errors import BatchError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config, S3Sink
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from connector.testing.aws import AwsServer

PARTITION = TopicPartition("t", 0)
NAME, ID = ({"field": "name", "type": "string"}, {"field": "id", "type": "int32"})


def running_sink(aws: AwsServer, bucket: str, options: dict[str, str]) -> AbstractAsyncContextManager[S3Sink]:
    raw = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "delivery.guarantee": "at-least-once",
        "aws.s3.endpoint": aws.url,
        "file.name.template": "{{topic}}-{{partition}}-{{start_offset}}",
        **options,
    }
    return running_in_task(S3Sink(S3Config.parse(raw)), [PARTITION])


def users(first: int, count: int, *fields: dict[str, str]) -> RecordBatch:
    converter = JsonConverter(JsonConverterConfig.parse({}))
    schema = {"type": "struct", "name": "User", "fields": fields}
    offsets = range(first, first + count)
    messages = [
        json.dumps({"schema": schema, "payload": {"name": f"user-{offset}", "id": offset}}).encode()
        for offset in offsets
    ]
    batch = RecordBatch.of(PARTITION, [Record(offset, f"key-{offset}", None, 1000) for offset in offsets])
    return batch.with_columns(values=converter.convert_column(messages))


def rows(format_name: str, data: bytes) -> list[Any]:
    if format_name == "avro":
        return list(fastavro.reader(io.BytesIO(data)))
    found: list[Any] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return found


@pytest.mark.parametrize("format_name", ["avro", "parquet"])
async def test_a_schema_change_begins_an_object_named_after_its_first_record(
    aws: AwsServer, bucket: str, format_name: str
) -> None:
    options = {
        "format.output.type": format_name,
        "format.output.fields": "key,value",
        "file.compression.type": "none",
    }
    async with running_sink(aws, bucket, options) as sink:
        await sink.put(users(0, 5, NAME))
        await sink.put(users(5, 5, NAME, ID))
        await sink.flush()
        assert sink.committable() == {PARTITION: 10}
    stored = aws.objects(bucket)
    assert sorted(stored) == ["t-0-0", "t-0-5"]
    assert rows(format_name, stored["t-0-0"])[4] == {"key": "key-4", "value": {"name": "user-4"}}
    assert rows(format_name, stored["t-0-5"])[0] == {"key": "key-5", "value": {"name": "user-5", "id": 5}}


@pytest.mark.parametrize("format_name", ["avro", "parquet"])
async def test_no_object_gets_more_records_than_allowed_when_schemas_change(
    aws: AwsServer, bucket: str, format_name: str
) -> None:
    options = {"format.output.type": format_name, "file.max.records": "4", "file.compression.type": "none"}
    async with running_sink(aws, bucket, options) as sink:
        await sink.put(users(0, 2, NAME))
        await sink.put(users(2, 9, ID))
        await sink.flush()
    stored = {name: rows(format_name, data) for name, data in aws.objects(bucket).items()}
    assert all(len(found) <= 4 for found in stored.values())
    assert sum(len(found) for found in stored.values()) == 11


async def test_avro_is_compressed_as_a_file_and_parquet_inside(aws: AwsServer, bucket: str) -> None:
    for format_name in ("avro", "parquet"):
        options = {
            "format.output.type": format_name,
            "file.compression.type": "gzip",
            "file.name.template": f"{format_name}-{{{{topic}}}}-{{{{partition}}}}-{{{{start_offset}}}}",
        }
        async with running_sink(aws, bucket, options) as sink:
            await sink.put(users(0, 3, NAME))
            await sink.flush()
    stored = aws.objects(bucket)
    assert len(rows("avro", gzip.decompress(stored["avro-t-0-0"]))) == 3
    metadata = parquet.ParquetFile(io.BytesIO(stored["parquet-t-0-0"])).metadata
    assert metadata.row_group(0).column(0).compression == "GZIP"


async def test_parquet_is_not_compressed_unless_asked(aws: AwsServer, bucket: str) -> None:
    async with running_sink(aws, bucket, {"format.output.type": "parquet"}) as sink:
        await sink.put(users(0, 3, NAME))
        await sink.flush()
    metadata = parquet.ParquetFile(io.BytesIO(aws.objects(bucket)["t-0-0"])).metadata
    assert metadata.row_group(0).column(0).compression == "UNCOMPRESSED"


async def test_row_groups_go_out_as_parts_while_the_object_is_still_filled(
    aws: AwsServer, bucket: str
) -> None:
    options = {"format.output.type": "parquet", "connect.parquet.block.size": "6000000"}
    count, wide = 20, b"%d" % 10**6
    async with running_sink(aws, bucket, options) as sink:
        most = 0
        for number in range(count):
            values = [bytes(f"{number}-{index}-", "ascii") + wide * 1400 for index in range(100)]
            records = [Record(number * 100 + index, None, value, 1000) for index, value in enumerate(values)]
            await sink.put(RecordBatch.of(PARTITION, records))
            most = max(most, sink.buffered_bytes)
        # It is begun in the background.
        async with asyncio.timeout(60):
            while not aws.incomplete_uploads(bucket):
                await asyncio.sleep(0.02)
        await sink.flush()
    data = aws.objects(bucket)["t-0-0"]
    found = parquet.ParquetFile(io.BytesIO(data))
    assert found.num_row_groups >= 3
    assert found.metadata.num_rows == count * 100
    assert most > 5_000_000


async def test_a_record_that_does_not_fit_leaves_the_object_of_its_neighbours_whole(
    aws: AwsServer, bucket: str
) -> None:
    options = {"format.output.type": "avro", "file.compression.type": "none"}
    async with running_sink(aws, bucket, options) as sink:
        await sink.put(users(0, 2, NAME))
        good = users(2, 3, NAME)
        values = list(good.values)
        values[1] = {"name": object()}
        bad = good.with_columns(values=_same_schema(good, values))
        with pytest.raises(BatchError) as caught:
            await sink.put(bad)
        assert list(caught.value.failed) == [3]
        await sink.put(bad.select([0, 2]))
        await sink.flush()
    (data,) = aws.objects(bucket).values()
    assert [row["value"]["name"] for row in rows("avro", data)] == ["user-0", "user-1", "user-2", "user-4"]


def _same_schema(batch: RecordBatch, values: list[Any]) -> Any:
    return batch.values.with_schemas(values, range(len(values)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("behavior", "stored"), [("write", [b"a", b"", b"b"]), ("ignore", [b"a", b"b"]), ("fail", None)]
)
async def test_records_without_a_value_are_written_ignored_or_errant(
    aws: AwsServer, bucket: str, behavior: str, stored: list[bytes] | None
) -> None:
    options = {
        "behavior.on.null.values": behavior,
        "file.compression.type": "none",
        "format.output.fields.value.encoding": "none",
    }
    batch = RecordBatch.of(PARTITION, [Record(0, None, b"a"), Record(1, None, None), Record(2, None, b"b")])
    async with running_sink(aws, bucket, options) as sink:
        assert "values" in sink.columns
        if stored is None:
            with pytest.raises(BatchError, match=r"behavior\.on\.null\.values") as caught:
                await sink.put(batch)
            assert list(caught.value.failed) == [1]
            return
        await sink.put(batch)
        await sink.flush()
        assert sink.committable() == {PARTITION: 3}
    assert aws.objects(bucket) == {"t-0-0": b"\n".join(stored)}


async def test_a_batch_of_ignored_records_moves_the_position(aws: AwsServer, bucket: str) -> None:
    async with running_sink(aws, bucket, {"behavior.on.null.values": "ignore"}) as sink:
        await sink.put(RecordBatch.of(PARTITION, [Record(0, None, None)]))
        await sink.flush()
        assert sink.committable() == {PARTITION: 1}
    assert aws.objects(bucket) == {}
