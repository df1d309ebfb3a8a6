"""Objects on their way to S3: parts, faults, aborts; on moto behind the fault proxy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config, S3Sink
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest, FaultProxy

PARTITION = TopicPartition("t", 0)
LINE = b"x" * 1023
FIVE_MIB_LINES = 5 * 1024


def running_sink(
    url: str, aws: AwsServer, bucket: str, **options: str
) -> AbstractAsyncContextManager[S3Sink]:
    raw = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "delivery.guarantee": "at-least-once",
        "aws.s3.endpoint": url,
        "aws.s3.backoff.delay.ms": "10",
        "aws.s3.backoff.max.delay.ms": "50",
        "format.output.fields.value.encoding": "none",
        "file.compression.type": "none",
        **{name.replace("_", "."): value for name, value in options.items()},
    }
    return running_in_task(S3Sink(S3Config.parse(raw)), [PARTITION], may_fail=True)


def lines(start: int, count: int) -> RecordBatch:
    return RecordBatch.of(PARTITION, [Record(offset, None, LINE) for offset in range(start, start + count)])


def expected(count: int) -> bytes:
    return b"\n".join([LINE] * count)


async def test_a_small_object_is_one_put(aws: AwsServer, bucket: str, proxy: FaultProxy) -> None:
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, 10))
        await sink.flush()
    assert aws.objects(bucket) == {"t-0-0": expected(10)}
    assert proxy.counts["PutObject"] == 1
    assert proxy.counts["CreateMultipartUpload"] == 0


async def test_parts_are_stored_while_the_object_is_still_filled(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, FIVE_MIB_LINES + 1))
        async with asyncio.timeout(30):
            while not aws.incomplete_uploads(bucket) or sink.buffered_bytes > 3 * len(LINE):
                await asyncio.sleep(0.02)
        assert aws.objects(bucket) == {}
        assert sink.committable() == {PARTITION: 0}
        await sink.put(lines(FIVE_MIB_LINES + 1, FIVE_MIB_LINES))
        await sink.flush()
        assert sink.committable() == {PARTITION: 2 * FIVE_MIB_LINES + 1}
    assert aws.objects(bucket) == {"t-0-0": expected(2 * FIVE_MIB_LINES + 1)}
    assert aws.incomplete_uploads(bucket) == []


async def test_parts_go_out_side_by_side(aws: AwsServer, bucket: str, proxy: FaultProxy) -> None:
    under_way, are_together = 0, asyncio.Event()
    waited_in_vain: list[str] = []

    async def hold(request: ApiRequest) -> None:
        """None goes on before four have come."""
        nonlocal under_way
        under_way += 1
        if under_way == 4:
            are_together.set()
        try:
            async with asyncio.timeout(30):
                await are_together.wait()
        except TimeoutError:
            waited_in_vain.append(request.target)

    proxy.on("UploadPart", hold)
    async with running_sink(proxy.url, aws, bucket) as sink:
        for part in range(6):
            await sink.put(lines(part * FIVE_MIB_LINES, FIVE_MIB_LINES + 1))
        await sink.flush()
    assert proxy.counts["UploadPart"] >= 6
    assert not waited_in_vain


@pytest.mark.parametrize(
    "operation", ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]
)
@pytest.mark.parametrize("fault", ["503", "cut before", "cut after"])
async def test_a_fault_that_can_pass_is_repeated_until_the_object_is_whole(
    aws: AwsServer, bucket: str, proxy: FaultProxy, operation: str, fault: str
) -> None:
    if fault == "503":
        proxy.fail(operation, times=4)
    else:
        proxy.cut(operation, times=2, when="before" if fault == "cut before" else "after")
    count = 10 if operation == "PutObject" else FIVE_MIB_LINES + 10
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, count))
        await sink.flush()
        assert sink.committable() == {PARTITION: count}
    assert aws.objects(bucket) == {"t-0-0": expected(count)}


async def test_a_completion_that_answers_200_with_an_error_is_repeated(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    proxy.complete_with_error_body(times=2)
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, FIVE_MIB_LINES + 10))
        await sink.flush()
    assert proxy.counts["CompleteMultipartUpload"] == 3
    assert aws.objects(bucket) == {"t-0-0": expected(FIVE_MIB_LINES + 10)}


async def test_a_refusal_fails_at_once_and_says_what_to_grant(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    proxy.fail("PutObject", status=403, code="AccessDenied", message="no")
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, 10))
        with pytest.raises(AccessError, match=r"grant s3:PutObject on arn:aws:s3:::.*/t-0-0"):
            await sink.flush()
        assert sink.committable() == {PARTITION: 0}
    assert proxy.counts["PutObject"] == 1
    assert aws.objects(bucket) == {}


async def test_a_part_that_is_refused_leaves_no_truncated_object_and_no_upload(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    proxy.fail(
        "UploadPart",
        status=403,
        code="AccessDenied",
        message="no",
        match=lambda r: "partNumber=2" in r.target,
    )
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, FIVE_MIB_LINES + 1))
        await sink.put(lines(FIVE_MIB_LINES + 1, FIVE_MIB_LINES + 1))
        with pytest.raises(AccessError):
            await sink.flush()
    assert aws.objects(bucket) == {}
    assert aws.incomplete_uploads(bucket) == []


async def test_a_dropped_partition_aborts_its_upload(aws: AwsServer, bucket: str, proxy: FaultProxy) -> None:
    async with running_sink(proxy.url, aws, bucket) as sink:
        await sink.put(lines(0, FIVE_MIB_LINES + 1))
        await sink.drop([PARTITION])
        assert aws.incomplete_uploads(bucket) == []
    assert aws.objects(bucket) == {}


async def test_a_bucket_that_is_not_there_is_found_at_the_start(aws: AwsServer, proxy: FaultProxy) -> None:
    with pytest.raises(
        AccessError, match=r"aws\.s3\.bucket\.name: the bucket not-there-at-all does not exist"
    ):
        async with running_sink(proxy.url, aws, "not-there-at-all"):
            pass


async def test_by_key_without_offset_only_the_last_record_of_a_key_stays(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    async with running_sink(proxy.url, aws, bucket, file_name_template="{{key}}") as sink:
        for first in (0, 4):
            records = [Record(first + n, f"k{n % 2}".encode(), f"v{first + n}".encode()) for n in range(4)]
            await sink.put(RecordBatch.of(PARTITION, records))
            # Offsets 0 and 1 are superseded by 2 and 3, which are not stored yet.
            assert sink.committable() == {PARTITION: 2}
        await sink.flush()
        assert sink.committable() == {PARTITION: 8}
    assert aws.objects(bucket) == {"k0": b"v6", "k1": b"v7"}
