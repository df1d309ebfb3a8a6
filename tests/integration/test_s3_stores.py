"""The S3 sink on every store that can be had here."""

from __future__ import annotations

import base64
import gzip
import io
import json
import uuid
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from pyarrow import parquet

from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config, S3Sink
from connector.testing.own_s3 import OwnS3Server
from connector.testing.proxy import FaultProxy
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager

    from connector.testing.proxy import ApiRequest
    from connector.testing.s3 import S3Server

PARTITION = TopicPartition("t", 0)
LINE = b"x" * 1023
SMALL, LARGE, LARGER = 10, 5 * 1024 + 10, 16 * 1024
STORES = ["aws", "versitygw", *(["own_s3"] if OwnS3Server.is_given() else [])]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> S3Server:
    server: S3Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def store_bucket(store: S3Server) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    store.create_bucket(name)
    return name


@pytest.fixture
def before_store(store: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(store.url) as running:
        yield running


def running_sink(
    store: S3Server, bucket: str, options: dict[str, str], *, url: str | None = None
) -> AbstractAsyncContextManager[S3Sink]:
    raw = {
        "aws.access.key.id": store.access_key_id,
        "aws.secret.access.key": store.secret_access_key,
        "aws.s3.region": store.region,
        "aws.s3.bucket.name": bucket,
        "aws.s3.endpoint": url or store.url,
        "aws.s3.backoff.delay.ms": "10",
        "aws.s3.backoff.max.delay.ms": "50",
        "delivery.guarantee": "at-least-once",
        "file.name.template": "{{topic}}-{{partition}}-{{start_offset}}",
        "format.output.fields.value.encoding": "none",
        "file.compression.type": "none",
        **options,
    }
    return running_in_task(S3Sink(S3Config.parse(raw)), [PARTITION], may_fail=True)


def lines(count: int, first: int = 0) -> RecordBatch:
    return RecordBatch.of(PARTITION, [Record(offset, None, LINE) for offset in range(first, first + count)])


def content(count: int) -> bytes:
    return b"\n".join([LINE] * count)


async def deliver(
    store: S3Server, bucket: str, options: dict[str, str], count: int = SMALL, *, url: str | None = None
) -> None:
    async with running_sink(store, bucket, options, url=url) as sink:
        for first in range(0, count, 4096):
            await sink.put(lines(min(4096, count - first), first))
        await sink.flush()
        assert sink.committable() == {PARTITION: count}


# ---- uploads ----


@pytest.mark.parametrize("count", [SMALL, LARGE, LARGER])
async def test_an_object_is_whole_whatever_its_size(store: S3Server, store_bucket: str, count: int) -> None:
    await deliver(store, store_bucket, {}, count)
    assert store.objects(store_bucket) == {"t-0-0": content(count)}
    assert store.incomplete_uploads(store_bucket) == []


async def test_buckets_are_addressed_by_path(
    store: S3Server, store_bucket: str, before_store: FaultProxy
) -> None:
    seen: list[ApiRequest] = []
    before_store.on("*", seen.append)
    # An IP address has no names below it: botocore then addresses by path, whatever it was told.
    url = before_store.url.replace("127.0.0.1", "localhost")
    await deliver(store, store_bucket, {}, LARGE, url=url)
    assert seen
    assert all(request.target.startswith(f"/{store_bucket}") for request in seen)


async def test_a_partition_that_moves_away_leaves_no_upload(store: S3Server, store_bucket: str) -> None:
    async with running_sink(store, store_bucket, {}) as sink:
        await sink.put(lines(LARGE))
        await sink.drop([PARTITION])
    assert store.incomplete_uploads(store_bucket) == []
    assert store.objects(store_bucket) == {}


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart", "CompleteMultipartUpload"])
async def test_a_lost_answer_doubles_and_loses_nothing(
    store: S3Server, store_bucket: str, before_store: FaultProxy, operation: str
) -> None:
    before_store.cut(operation, times=2, when="after")
    count = SMALL if operation == "PutObject" else LARGE
    await deliver(store, store_bucket, {}, count, url=before_store.url)
    assert before_store.counts[operation] >= 3
    assert store.objects(store_bucket) == {"t-0-0": content(count)}


async def test_a_lost_completion_is_known_to_a_store_that_forgets_completed_uploads(
    store: S3Server, store_bucket: str, before_store: FaultProxy
) -> None:
    """MinIO answers so; AWS does after a while."""
    before_store.cut("CompleteMultipartUpload", times=1, when="after")
    before_store.fail("CompleteMultipartUpload", times=1, status=404, code="NoSuchUpload")
    await deliver(store, store_bucket, {}, LARGE, url=before_store.url)
    assert store.objects(store_bucket) == {"t-0-0": content(LARGE)}


async def test_keys_may_hold_what_paths_may(store: S3Server, store_bucket: str) -> None:
    template = "dt=2026-01-31/a b+c%/ü/{{topic}}-{{partition}}-{{start_offset}}"
    await deliver(store, store_bucket, {"file.name.template": template}, LARGE)
    assert store.objects(store_bucket) == {"dt=2026-01-31/a b+c%/ü/t-0-0": content(LARGE)}


# ---- formats ----


def users(count: int) -> RecordBatch:
    schema = {"type": "struct", "name": "User", "fields": [{"field": "name", "type": "string"}]}
    messages = [
        json.dumps({"schema": schema, "payload": {"name": f"user-{offset}"}}).encode()
        for offset in range(count)
    ]
    batch = RecordBatch.of(PARTITION, [Record(offset, None, None, 1000) for offset in range(count)])
    return batch.with_columns(values=JsonConverter(JsonConverterConfig.parse({})).convert_column(messages))


def names(format_name: str, data: bytes) -> list[str]:
    rows: list[Any]
    if format_name == "parquet":
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    elif format_name == "avro":
        rows = list(fastavro.reader(io.BytesIO(gzip.decompress(data))))
    else:
        text = gzip.decompress(data)
        rows = json.loads(text) if format_name == "json" else [json.loads(line) for line in text.splitlines()]
    return [row["value"]["name"] for row in rows]


@pytest.mark.parametrize("format_name", ["json", "jsonl", "avro", "parquet"])
async def test_every_format_is_read_back(store: S3Server, store_bucket: str, format_name: str) -> None:
    options = {"format.output.type": format_name, "file.compression.type": "gzip"}
    async with running_sink(store, store_bucket, options) as sink:
        await sink.put(users(100))
        await sink.flush()
    (data,) = store.objects(store_bucket).values()
    assert names(format_name, data) == [f"user-{offset}" for offset in range(100)]


# ---- attributes ----


@pytest.mark.parametrize("count", [SMALL, LARGE])
async def test_metadata_tags_and_content_type_are_on_the_object(
    store: S3Server, store_bucket: str, count: int
) -> None:
    options = {
        "aws.s3.object.metadata": "first={{start_offset}}",
        "aws.s3.object.tags": "topic={{topic}}",
        "aws.s3.object.content.type": "text/plain",
    }
    await deliver(store, store_bucket, options, count)
    s3 = store.client("s3")
    found = s3.head_object(Bucket=store_bucket, Key="t-0-0")
    assert found["Metadata"] == {"first": "0"}
    assert found["ContentType"] == "text/plain"
    tags = s3.get_object_tagging(Bucket=store_bucket, Key="t-0-0")["TagSet"]
    assert tags == [{"Key": "topic", "Value": "t"}]


@pytest.mark.parametrize("count", [SMALL, LARGE])
@pytest.mark.parametrize("algorithm", ["when_required", "crc32", "sha256"])
async def test_checksums_are_taken(store: S3Server, store_bucket: str, algorithm: str, count: int) -> None:
    await deliver(store, store_bucket, {"aws.s3.checksum.algorithm": algorithm}, count)
    assert store.objects(store_bucket) == {"t-0-0": content(count)}


@pytest.mark.parametrize("count", [SMALL, LARGER])
async def test_a_checksum_is_kept_by_a_store_that_checks_it(versitygw: S3Server, count: int) -> None:
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    versitygw.create_bucket(bucket)
    await deliver(versitygw, bucket, {"aws.s3.checksum.algorithm": "sha256"}, count)
    found = versitygw.client("s3").head_object(Bucket=bucket, Key="t-0-0", ChecksumMode="ENABLED")
    digest, _, parts = found["ChecksumSHA256"].partition("-")
    assert len(base64.b64decode(digest)) == 32
    assert parts == ("" if count == SMALL else "2")


# ---- objects that are there already ----


@pytest.mark.parametrize("count", [SMALL, LARGE])
async def test_fail_leaves_an_object_that_is_there(store: S3Server, store_bucket: str, count: int) -> None:
    store.client("s3").put_object(Bucket=store_bucket, Key="t-0-0", Body=b"old")
    async with running_sink(store, store_bucket, {"aws.s3.object.exists": "fail"}) as sink:
        await sink.put(lines(count))
        with pytest.raises(AccessError, match="t-0-0 is there already"):
            await sink.flush()
        assert sink.committable() == {PARTITION: 0}
    assert store.objects(store_bucket) == {"t-0-0": b"old"}


@pytest.mark.parametrize("count", [SMALL, LARGE])
async def test_keep_takes_an_object_of_the_same_size_for_delivered(
    store: S3Server, store_bucket: str, count: int
) -> None:
    old = b"y" * len(content(count))
    store.client("s3").put_object(Bucket=store_bucket, Key="t-0-0", Body=old)
    await deliver(store, store_bucket, {"aws.s3.object.exists": "keep"}, count)
    assert store.objects(store_bucket) == {"t-0-0": old}


@pytest.mark.parametrize("operation", ["PutObject", "CompleteMultipartUpload"])
async def test_a_conditional_write_whose_answer_was_lost_knows_its_own_object(
    store: S3Server, store_bucket: str, before_store: FaultProxy, operation: str
) -> None:
    before_store.cut(operation, times=1, when="after")
    count = SMALL if operation == "PutObject" else LARGE
    await deliver(store, store_bucket, {"aws.s3.object.exists": "fail"}, count, url=before_store.url)
    assert store.objects(store_bucket) == {"t-0-0": content(count)}


# ---- refusals ----


async def test_a_bucket_that_is_not_there_is_found_at_the_start(store: S3Server) -> None:
    with pytest.raises(
        AccessError, match=r"aws\.s3\.bucket\.name: the bucket not-there-at-all does not exist"
    ):
        async with running_sink(store, "not-there-at-all", {}):
            pass


async def test_a_wrong_secret_is_told_as_such(versitygw: S3Server) -> None:
    with pytest.raises(AccessError, match=r"aws\.secret\.access\.key"):
        await deliver(versitygw, "any-bucket", {"aws.secret.access.key": "wrong"})
