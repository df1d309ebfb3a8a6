"""The Kinesis sink on a real Kinesis protocol that fails record by record, throttles, cuts, denies."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
import uuid
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.serialize import create_serializer

from connector.check import Outcome
from connector.errors import AccessError, BatchError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.sinks.kinesis import KinesisConfig, KinesisSink
from connector.testing.client import REGION
from connector.testing.kinesis import (
    RecordFaults,
    create_stream,
    data_of,
    deaggregated,
    shard_of,
    stored_records,
)
from connector.testing.proxy import FOREVER, Answer
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest, FaultProxy

PARTITIONS = [TopicPartition("orders", number) for number in range(2)]
THROTTLED = "ProvisionedThroughputExceededException"
SHARDS = 4

Options = dict[str, str]


@pytest.fixture
def stream(aws: AwsServer) -> str:
    name = f"stream-{uuid.uuid4().hex[:12]}"
    create_stream(aws, name, SHARDS)
    return name


@pytest.fixture
def options(aws: AwsServer, proxy: FaultProxy, stream: str) -> Options:
    return {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.kinesis.stream": stream,
        "aws.kinesis.endpoint": proxy.url,
        "delivery.linger.ms": "5",
    }


def running(
    options: Options, topics: Sequence[str] = ("orders",)
) -> AbstractAsyncContextManager[KinesisSink]:
    return running_in_task(
        KinesisSink(KinesisConfig.parse(options)), PARTITIONS, topics=topics, may_fail=True
    )


def batch(partition: TopicPartition, start: int, count: int, keys: int) -> RecordBatch:
    """Values tell key and offset; keys of a partition are its own."""
    return RecordBatch.of(
        partition,
        [
            Record(
                offset,
                f"{partition.partition}-k{offset % keys}".encode(),
                f"{partition.partition}-k{offset % keys}@{offset}".encode(),
                offset,
                [],
            )
            for offset in range(start, start + count)
        ],
    )


async def put(sink: KinesisSink, value: bytes, offset: int = 0, key: bytes = b"k") -> None:
    await sink.put(RecordBatch.of(PARTITIONS[0], [Record(offset, key, value, 0, [])]))


async def drained(sink: KinesisSink, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        await sink.close(PARTITIONS)


def arrived(aws: AwsServer, stream: str) -> dict[str, list[int]]:
    """The offsets of each key in the order of its shard; a record that was sent twice in a row once."""
    found: dict[str, list[int]] = defaultdict(list)
    for records in stored_records(aws, stream).values():
        latest: dict[str, bytes] = {}
        for record in records:
            if latest.get(record.partition_key) == record.data:
                continue
            latest[record.partition_key] = record.data
            for user in deaggregated(record.data):
                key, _, offset = user.data.decode().rpartition("@")
                found[key].append(int(offset))
    return dict(found)


def by_chance(share: float, seed: int = 7) -> Callable[[list[dict[str, Any]]], dict[int, str]]:
    chance = random.Random(seed)
    codes = [THROTTLED, "InternalFailure"]

    def choose(records: list[dict[str, Any]]) -> dict[int, str]:
        return {position: chance.choice(codes) for position in range(len(records)) if chance.random() < share}

    return choose


# ---- delivery ----


@pytest.mark.parametrize("more", [{}, {"aws.kinesis.aggregation": "kpl"}], ids=["plain", "aggregated"])
async def test_order_per_key_survives_records_that_fail_throttling_and_cuts(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options, more: Options
) -> None:
    faults = RecordFaults(aws.url, by_chance(0.1))
    # Each strikes at least once, however many requests there are.
    proxy.cut("PutRecords", 2, when="after")
    proxy.fail("PutRecords", 1, status=400, code=THROTTLED)
    proxy.cut("PutRecords", when="after", probability=0.05)
    proxy.fail("PutRecords", status=400, code=THROTTLED, probability=0.05)
    proxy.on("PutRecords", faults)
    async with running(options | more) as sink:
        for start in range(0, 1200, 200):
            for partition in PARTITIONS:
                await sink.put(batch(partition, start, 200, 60))
        await drained(sink)
        assert sink.committable() == dict.fromkeys(PARTITIONS, 1200)
    assert min(faults.refused[code] for code in (THROTTLED, "InternalFailure")) > 5
    assert {exchange.status for exchange in proxy.requests} >= {None, 200, 400}
    assert arrived(aws, stream) == {
        f"{partition}-k{key}": list(range(key, 1200, 60)) for partition in range(2) for key in range(60)
    }


async def test_keys_are_on_the_shard_that_kinesis_gives_them(
    aws: AwsServer, stream: str, options: Options
) -> None:
    async with running(options) as sink:
        await sink.put(batch(PARTITIONS[0], 0, 100, 50))
        await drained(sink)
    for number, (_, records) in enumerate(sorted(stored_records(aws, stream).items())):
        assert records
        assert {shard_of(record.partition_key, SHARDS) for record in records} == {number}


async def test_a_partition_as_explicit_hash_key_is_on_one_shard_and_partitions_on_several(
    aws: AwsServer, stream: str, options: Options
) -> None:
    partitions = [TopicPartition("orders", number) for number in range(12)]
    async with running(options | {"aws.kinesis.explicit.hash.key": "partition"}) as sink:
        sink.open(partitions)
        for partition in partitions:
            await sink.put(batch(partition, 0, 20, 20))
        async with asyncio.timeout(60):
            await sink.close(partitions)
    shards_of: dict[str, set[str]] = defaultdict(set)
    for shard, records in stored_records(aws, stream).items():
        for record in records:
            shards_of[record.partition_key.partition("-")[0]].add(shard)
    assert len(shards_of) == 12
    assert all(len(shards) == 1 for shards in shards_of.values())
    assert len(set.union(*shards_of.values())) == SHARDS


async def test_a_throttled_shard_holds_up_nobody_but_its_keys(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options
) -> None:
    def choose(records: list[dict[str, Any]]) -> dict[int, str]:
        return {
            position: THROTTLED
            for position, record in enumerate(records)
            if shard_of(record["PartitionKey"], SHARDS) == 0
        }

    proxy.on("PutRecords", RecordFaults(aws.url, choose))
    async with running(options) as sink:
        for start in range(0, 800, 200):
            await sink.put(batch(PARTITIONS[0], start, 200, 40))
        keys = [f"0-k{key}" for key in range(40)]
        others = {key for key in keys if shard_of(key, SHARDS) != 0}
        deadline = time.monotonic() + 60
        while sum(map(len, arrived(aws, stream).values())) < 20 * len(others):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert set(arrived(aws, stream)) == others < set(keys)
        proxy.clear()
        await drained(sink)
    assert arrived(aws, stream) == {f"0-k{key}": list(range(key, 800, 40)) for key in range(40)}


async def test_what_a_shard_throttles_slows_no_requests_down(
    aws: AwsServer, proxy: FaultProxy, options: Options
) -> None:
    """A throttled request does; a throttled record says that its shard is busy, and nothing of others."""
    shards = RecordFaults(aws.url, lambda records: dict.fromkeys(range(len(records)), THROTTLED))
    are_free = threading.Event()  # at once with the throttling of requests: none may pass in between
    proxy.on("PutRecords", shards, match=lambda _: not are_free.is_set())
    proxy.fail("PutRecords", 3, status=400, code=THROTTLED, match=lambda _: are_free.is_set())
    async with running(options | {"delivery.linger.ms": "0"}) as sink:
        before = sink._dispatcher._concurrency.limit
        for offset in range(10):
            await put(sink, b"v", offset, b"key-%d" % offset)
        async with asyncio.timeout(60):
            while proxy.counts["PutRecords"] < 20:
                await asyncio.sleep(0.02)
        assert sink._dispatcher._concurrency.limit >= before
        are_free.set()
        await drained(sink)
        assert sink._dispatcher._concurrency.limit < before


async def test_requests_that_the_service_finds_too_large_arrive_in_parts(
    aws: AwsServer, stream: str, options: Options
) -> None:
    """moto takes 5 MiB at once, as Kinesis did before 2025; the sink sends up to 10."""
    records = [Record(offset, b"%d" % offset, b"x" * 700_000, 0, []) for offset in range(12)]
    async with running(options) as sink:
        await sink.put(RecordBatch.of(PARTITIONS[0], records))
        await drained(sink)
    assert sum(map(len, stored_records(aws, stream).values())) == 12


async def test_a_record_of_a_mebibyte_with_its_key_is_taken_and_one_byte_more_is_errant(
    aws: AwsServer, stream: str, options: Options
) -> None:
    async with running(options) as sink:
        await put(sink, b"x" * (2**20 - 3), key=b"key")
        await drained(sink)
        with pytest.raises(BatchError, match="1048577 bytes as the service counts, and 1048576 are allowed"):
            await put(sink, b"x" * (2**20 - 2), 1, b"key")
    assert sum(map(len, stored_records(aws, stream).values())) == 1


async def test_what_is_too_large_is_an_object_that_the_record_points_to(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options, bucket: str
) -> None:
    more = {"oversize.policy": "s3", "oversize.s3.bucket.name": bucket, "aws.endpoint": proxy.url}
    async with running(options | more) as sink:
        await put(sink, b"x" * 2**20)
        await drained(sink)
    ((place, stored),) = aws.objects(bucket).items()
    assert stored == b"x" * 2**20
    (record,) = [record for records in stored_records(aws, stream).values() for record in records]
    assert json.loads(record.data)[1] == {"s3BucketName": bucket, "s3Key": place}


# ---- requests ----


async def test_a_request_is_what_botocore_would_have_sent(
    proxy: FaultProxy, stream: str, options: Options
) -> None:
    requests: list[ApiRequest] = []
    proxy.on("PutRecords", requests.append)
    odd = "a & b = 'ü' \"\\\n\t😀%+"
    records = [Record(0, odd, b"\x00\xff", 0, []), Record(1, "k", odd, 0, [])]
    async with running(options | {"aws.kinesis.explicit.hash.key": "{{offset}}"}) as sink:
        await sink.put(RecordBatch.of(PARTITIONS[0], records))
        await drained(sink)
    model = botocore.session.get_session().get_service_model("kinesis")
    theirs = create_serializer(model.resolved_protocol).serialize_to_request(
        {
            "StreamName": stream,
            "Records": [
                {"Data": b"\x00\xff", "PartitionKey": odd, "ExplicitHashKey": "0"},
                {"Data": odd.encode(), "PartitionKey": "k", "ExplicitHashKey": "1"},
            ],
        },
        model.operation_model("PutRecords"),
    )
    (ours,) = requests
    assert json.loads(ours.body) == json.loads(theirs["body"])
    for name in ("X-Amz-Target", "Content-Type"):
        assert ours.headers[name.lower()] == theirs["headers"][name]


async def test_a_stream_by_arn_is_sent_to_by_arn(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options
) -> None:
    requests: list[ApiRequest] = []
    proxy.on("PutRecords", requests.append)
    arn = f"arn:aws:kinesis:{REGION}:123456789012:stream/{stream}"
    async with running(options | {"aws.kinesis.stream": arn}) as sink:
        await put(sink, b"v")
        await drained(sink)
        # Of Amazon's own endpoints the ARN chooses that of the account: see test_wire.py.
        assert [parameters for *_, parameters in sink.client._routes] == [(("StreamARN", arn),)]
    assert json.loads(requests[0].body)["StreamARN"] == arn
    assert sum(map(len, stored_records(aws, stream).values())) == 1


async def test_each_topic_may_have_its_stream(aws: AwsServer, options: Options) -> None:
    suffix = uuid.uuid4().hex[:8]
    create_stream(aws, f"orders-{suffix}")
    async with running(options | {"aws.kinesis.stream": f"{{{{topic}}}}-{suffix}"}, ()) as sink:
        await put(sink, b"v")
        await drained(sink)
        sink.open([TopicPartition("payments", 0)])
        with pytest.raises(AccessError, match=f"payments-{suffix} was refused with ResourceNotFound"):
            await sink.put(RecordBatch.of(TopicPartition("payments", 0), [Record(0, b"k", b"v", 0, [])]))
    assert sum(map(len, stored_records(aws, f"orders-{suffix}").values())) == 1


# ---- at start ----


@pytest.mark.parametrize(
    "more",
    [{"aws.kinesis.stream": "nobody"}, {"aws.kinesis.region": "eu-north-1"}],
    ids=["missing", "elsewhere"],
)
async def test_a_stream_that_is_not_there_fails_the_start(options: Options, more: Options) -> None:
    with pytest.raises(
        AccessError, match=r"DescribeStreamSummary .* create the stream, or correct aws\.kinesis"
    ):
        async with running(options | more):
            pass


def summary_with(aws: AwsServer, stream: str, **more: Any) -> Callable[[ApiRequest], Answer]:
    """What Kinesis says and moto does not."""
    found = aws.client("kinesis").describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    found["StreamCreationTimestamp"] = 0
    body = json.dumps({"StreamDescriptionSummary": found | more}).encode()
    return lambda _request: Answer(200, body, {"Content-Type": "application/x-amz-json-1.1"})


async def test_a_stream_that_is_being_created_is_waited_for(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options
) -> None:
    proxy.on("DescribeStreamSummary", summary_with(aws, stream, StreamStatus="CREATING"))
    with pytest.raises(RetriableError, match="is being created"):
        async with running(options):
            pass


async def test_a_stream_that_is_being_deleted_fails_the_start(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options
) -> None:
    proxy.on("DescribeStreamSummary", summary_with(aws, stream, StreamStatus="DELETING"))
    with pytest.raises(AccessError, match="is being deleted"):
        async with running(options):
            pass


async def test_the_limit_of_the_stream_is_the_limit(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options
) -> None:
    proxy.on("DescribeStreamSummary", summary_with(aws, stream, MaxRecordSizeInKiB=10240))
    async with running(options) as sink:
        assert sink.limits(stream).entry_bytes == 10 * 2**20
        with pytest.raises(BatchError, match="10485760 are allowed"):
            await put(sink, b"x" * 10 * 2**20)


async def test_who_may_not_describe_the_stream_may_still_write(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options, logged: list[MutableMapping[str, Any]]
) -> None:
    proxy.fail("DescribeStreamSummary", FOREVER, status=400, code="AccessDeniedException")
    async with running(options) as sink:
        assert sink.limits(stream).entry_bytes == 2**20
        await put(sink, b"v")
        await drained(sink)
    assert sum(map(len, stored_records(aws, stream).values())) == 1
    assert any("stream not described" in str(line) for line in logged)


@pytest.mark.parametrize(
    "more", [{"delivery.order": "key"}, {"delivery.order": "partition"}, {"aws.kinesis.aggregation": "kpl"}]
)
async def test_what_a_stream_that_spreads_by_itself_cannot_keep_fails_the_start(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options, more: Options
) -> None:
    proxy.on("DescribeStreamSummary", summary_with(aws, stream, RecordDistributionStrategy="AUTO"))
    (option,) = more
    with pytest.raises(AccessError, match=f"AUTO.*{option}.*set {option} to none"):
        async with running(options | more):
            pass


async def test_a_stream_that_spreads_by_itself_gets_records_of_a_key_side_by_side(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options, logged: list[MutableMapping[str, Any]]
) -> None:
    proxy.on("DescribeStreamSummary", summary_with(aws, stream, RecordDistributionStrategy="AUTO"))
    async with running(options) as sink:
        await sink.put(batch(PARTITIONS[0], 0, 300, 1))
        await drained(sink)
    assert proxy.counts["PutRecords"] < 10
    assert any("in no order" in str(line) for line in logged)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("KMSAccessDeniedException", "grant kms:GenerateDataKey"),
        ("KMSDisabledException", "enable the KMS key of the stream"),
        ("AccessDeniedException", "grant "),
    ],
)
async def test_what_is_wrong_with_the_stream_ends_the_task_and_commits_nothing(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options, code: str, remedy: str
) -> None:
    proxy.fail("PutRecords", FOREVER, status=400, code=code)
    async with running(options) as sink:
        await put(sink, b"v")
        async with asyncio.timeout(60):
            error = await sink.context.failure  # type: ignore[attr-defined]
        assert isinstance(error, AccessError)
        assert remedy in error.remedy
        assert sink.committable() == {PARTITIONS[0]: 0}


# ---- checks ----


async def steps(options: Options, topics: Sequence[str] = ("orders",)) -> dict[str, tuple[Outcome, str, str]]:
    with ThreadPoolExecutor(1) as executor:
        checklist = KinesisSink(KinesisConfig.parse(options)).checklist(
            TaskContext("check", 0, executor), topics
        )
        return {step.name: (step.outcome, step.detail, step.remedy) async for step in checklist.steps(60)}


async def test_the_checks_of_a_stream_write_nothing(
    aws: AwsServer, proxy: FaultProxy, stream: str, options: Options
) -> None:
    found = await steps(options)
    outcome, detail, _ = found[f"Kinesis stream {stream}"]
    assert outcome is Outcome.OK
    assert "4 shard(s), records of up to 1048576 bytes" in detail
    outcome, detail, _ = found[f"Kinesis write to {stream}"]
    assert outcome is Outcome.SKIPPED
    assert "DryRun" in detail
    assert proxy.counts["PutRecords"] == 0
    assert sum(map(len, stored_records(aws, stream).values())) == 0


async def test_the_check_of_a_missing_stream_says_what_to_do(options: Options) -> None:
    found = await steps(options | {"aws.kinesis.stream": "{{topic}}-x"}, ("a",))
    outcome, _, remedy = found["Kinesis stream a-x"]
    assert outcome is Outcome.FAILED
    assert "create the stream" in remedy
    assert found["Kinesis write to a-x"][0] is Outcome.SKIPPED


async def test_streams_of_a_pattern_of_topics_are_not_checked(options: Options) -> None:
    found = await steps(options | {"aws.kinesis.stream": "{{topic}}"}, ())
    assert found["Kinesis stream"][0] is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("code", "outcome", "text"),
    [
        ("DryRunOperationException", Outcome.OK, "kinesis:PutRecords on orders is allowed"),
        ("AccessDeniedException", Outcome.FAILED, "PutRecords"),
        ("KMSAccessDeniedException", Outcome.FAILED, "KMSAccessDenied"),
    ],
)
async def test_on_kinesis_itself_a_dry_run_tells_whether_records_would_be_taken(
    proxy: FaultProxy, options: Options, code: str, outcome: Outcome, text: str
) -> None:
    requests: list[ApiRequest] = []
    proxy.on("PutRecords", requests.append)
    proxy.fail("PutRecords", FOREVER, status=400, code=code)
    proxy.fail("DescribeStreamSummary", FOREVER, status=400, code="AccessDeniedException")
    more = {
        "aws.kinesis.stream": "orders",
        "aws.kinesis.endpoint": f"http://kinesis.{REGION}.amazonaws.com",
        "aws.proxy.url": proxy.url,
    }
    found = await steps(options | more)
    assert found["Kinesis stream orders"][0] is Outcome.WARNING
    assert found["Kinesis write to orders"][0] is outcome
    assert text in found["Kinesis write to orders"][1]
    (request,) = requests
    sent = json.loads(request.body)
    assert sent["DryRun"] is True
    assert [data_of(record) for record in sent["Records"]] == [b"connector check"]
