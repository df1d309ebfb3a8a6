"""SQS, behind a proxy that refuses, throttles and cuts: nothing lost, order as promised, no duplicates."""

from __future__ import annotations

import asyncio
import json
import random
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from connector.check import Outcome
from connector.errors import AccessError, BatchError, RecordError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.sinks.sqs import SqsConfig, SqsSink
from connector.sinks.sqs import check as names
from connector.testing.proxy import FOREVER, Answer
from connector.testing.queues import QueueReader
from connector.testing.sink import running as running_in_task
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from connector.check import Step
    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import ApiRequest, FaultProxy

ORDERS = TopicPartition("orders", 0)
FIFO = {"FifoQueue": "true"}


@pytest.fixture
def create(aws: AwsServer) -> Callable[..., str]:
    def create(suffix: str = "", **attributes: str) -> str:
        name = f"queue-{uuid.uuid4().hex[:12]}{suffix}"
        return str(aws.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    return create


@pytest.fixture
def options(aws: AwsServer, proxy: FaultProxy) -> dict[str, str]:
    return {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.endpoint": proxy.url,
        "delivery.linger.ms": "5",
    }


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def started(options: dict[str, str], *topics: str) -> AbstractAsyncContextManager[SqsSink]:
    return running_in_task(SqsSink(SqsConfig.parse(options)), [ORDERS], topics=topics or ("orders",))


async def drained(sink: SqsSink, upto: int) -> None:
    async with asyncio.timeout(60):
        while sink.committable().get(ORDERS) != upto:
            await sink.flush()


def batch(start: int, count: int, keys: int) -> RecordBatch:
    return RecordBatch.of(
        ORDERS,
        [
            Record(offset, f"k{offset % keys}".encode(), f"v{offset}".encode(), 1, [])
            for offset in range(start, start + count)
        ],
    )


def refusing_entries(aws: AwsServer, probability: float, *failures: tuple[str, bool]) -> Callable[..., Any]:
    """A hook that lets the server have only some of a request's entries, and says that the others failed."""
    chance = random.Random(7)

    def forward(request: ApiRequest, body: dict[str, Any]) -> dict[str, Any]:
        headers = {name: request.headers[name] for name in ("x-amz-target", "content-type", "authorization")}
        raw = urllib.request.Request(aws.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(raw, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    async def hook(request: ApiRequest) -> Answer:
        body = json.loads(request.body)
        refused = [entry for entry in body["Entries"] if chance.random() < probability]
        ids = {entry["Id"] for entry in refused}
        body["Entries"] = [entry for entry in body["Entries"] if entry["Id"] not in ids]
        answer = await asyncio.to_thread(forward, request, body) if body["Entries"] else {"Successful": []}
        answer["Failed"] = []
        for entry in refused:
            code, sender_fault = chance.choice(failures)
            answer["Failed"].append({"Id": entry["Id"], "Code": code, "SenderFault": sender_fault})
        return Answer(200, json.dumps(answer).encode(), {"Content-Type": request.headers["content-type"]})

    return hook


def make_trouble(aws: AwsServer, proxy: FaultProxy) -> None:
    passing = [("InternalError", False), ("RequestThrottled", True), ("KmsThrottled", True)]
    chance = random.Random(8)
    # Each strikes at least once, however many requests there are: by chance alone no connection was cut.
    proxy.fail("SendMessageBatch", 1, status=400, code="RequestThrottled")
    proxy.fail("SendMessageBatch", 1, status=503, code="ServiceUnavailable")
    proxy.cut("SendMessageBatch", 2, when="after")
    proxy.fail("SendMessageBatch", probability=0.05, status=400, code="RequestThrottled")
    proxy.fail("SendMessageBatch", probability=0.05, status=503, code="ServiceUnavailable")
    proxy.cut("SendMessageBatch", probability=0.1, when="after")
    # What a hook answers no other fault sees, so that it may not answer all.
    proxy.on("SendMessageBatch", refusing_entries(aws, 0.2, *passing), match=lambda _: chance.random() < 0.5)


async def failed(options: dict[str, str], records: RecordBatch, message: str) -> int:
    """What is committable once the task has failed for these records."""
    sink = SqsSink(SqsConfig.parse(options))
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("sqs", 0, executor, topics=("orders",))
        await sink.start(context)
        sink.open([ORDERS])
        await sink.put(records)
        error = await asyncio.wait_for(context.failure, 60)
        committable = sink.committable()[ORDERS]
        await context.cancel_background()
        await sink.stop()
    assert isinstance(error, RecordError)
    assert message in str(error)
    return committable


# ---- delivery ----


async def test_a_fifo_queue_gets_every_record_once_and_each_key_in_order_whatever_goes_wrong(
    aws: AwsServer, proxy: FaultProxy, create: Callable[..., str], options: dict[str, str]
) -> None:
    url = create(".fifo", **FIFO)
    make_trouble(aws, proxy)
    async with started(options | {"aws.sqs.queue": name_of(url)}) as sink:
        for start in range(0, 200, 50):
            await sink.put(batch(start, 50, keys=20))
        await drained(sink, 200)
    reader = QueueReader(aws, url)
    assert reader.size() == 200
    bodies = [message["Body"] for message in reader.read()]
    assert sorted(bodies) == sorted(f"v{offset}" for offset in range(200))
    for key in range(20):
        of_key = [int(body[1:]) for body in bodies if int(body[1:]) % 20 == key]
        assert of_key == sorted(of_key)
    assert {exchange.status for exchange in proxy.requests} >= {None, 200, 400, 503}


async def test_a_standard_queue_gets_every_record_whatever_goes_wrong(
    aws: AwsServer, proxy: FaultProxy, create: Callable[..., str], options: dict[str, str]
) -> None:
    url = create()
    make_trouble(aws, proxy)
    async with started(options | {"aws.sqs.queue": url}) as sink:
        await sink.put(batch(0, 200, keys=20))
        await drained(sink, 200)
    bodies = [message["Body"] for message in QueueReader(aws, url).read()]
    assert set(bodies) == {f"v{offset}" for offset in range(200)}
    assert 200 < len(bodies) < 300  # cut after forwarding: some are there twice, not all


async def test_an_entry_that_is_refused_for_good_ends_the_task_and_is_not_committed(
    aws: AwsServer, proxy: FaultProxy, create: Callable[..., str], options: dict[str, str]
) -> None:
    url = create()
    proxy.on("SendMessageBatch", refusing_entries(aws, 0.3, ("InvalidMessageContents", True)))
    committable = await failed(
        options | {"aws.sqs.queue": url}, batch(0, 10, keys=3), "InvalidMessageContents"
    )
    assert committable < 10
    assert 0 < len(QueueReader(aws, url).read()) < 10


async def test_a_request_that_is_refused_for_one_message_finds_that_message(
    aws: AwsServer, proxy: FaultProxy, create: Callable[..., str], options: dict[str, str]
) -> None:
    url = create()
    proxy.fail(
        "SendMessageBatch",
        FOREVER,
        status=400,
        code="InvalidMessageContents",
        match=lambda request: b'"v3"' in request.body,
    )
    committable = await failed(
        options | {"aws.sqs.queue": url}, batch(0, 10, keys=3), "InvalidMessageContents"
    )
    assert committable <= 3
    bodies = {message["Body"] for message in QueueReader(aws, url).read()}
    assert "v3" not in bodies
    assert bodies


async def test_a_large_body_is_where_its_message_points_to(
    aws: AwsServer, create: Callable[..., str], options: dict[str, str], bucket: str
) -> None:
    url = create(MaximumMessageSize="1024")
    policy = {"oversize.policy": "s3", "oversize.s3.bucket.name": bucket}
    async with started(options | policy | {"aws.sqs.queue": url}) as sink:
        await sink.put(RecordBatch.of(ORDERS, [Record(0, None, b"x" * 1025), Record(1, None, b"small")]))
        await drained(sink, 2)
    messages = {message["Body"][:5]: message for message in QueueReader(aws, url).read()}
    assert set(messages) == {'["sof', "small"}
    _, pointer = json.loads(messages['["sof']["Body"])
    assert aws.objects(pointer["s3BucketName"]) == {pointer["s3Key"]: b"x" * 1025}
    size = messages['["sof']["MessageAttributes"]["ExtendedPayloadSize"]
    assert (size["StringValue"], size["DataType"]) == ("1025", "Number")


@pytest.mark.parametrize("is_found", [False, True])
async def test_a_bucket_for_large_bodies_that_cannot_be_used_says_what_to_do(
    proxy: FaultProxy, create: Callable[..., str], options: dict[str, str], bucket: str, is_found: bool
) -> None:
    """One that is not there is found at start; that storing is denied, with the first large body."""
    bucket = bucket if is_found else "there-is-no-such-bucket"
    proxy.fail("PutObject", FOREVER, status=403, code="AccessDenied")
    options |= {
        "aws.sqs.queue": create(),
        "oversize.policy": "s3",
        "oversize.s3.bucket.name": bucket,
    }
    large = RecordBatch.of(ORDERS, [Record(offset, b"k", b"x" * 1_048_577) for offset in range(3)])
    grant = f"grant s3:PutObject on arn:aws:s3:::{bucket}/orders"
    remedy = grant if is_found else "create it, or correct the name"
    with pytest.raises(AccessError, match=remedy):
        async with started(options) as sink:
            await sink.put(large)


async def test_a_record_that_is_larger_than_this_queue_takes_is_errant(
    create: Callable[..., str], options: dict[str, str], proxy: FaultProxy
) -> None:
    url = create(MaximumMessageSize="1024")
    async with started(options | {"aws.sqs.queue": url}) as sink:
        with pytest.raises(BatchError) as raised:
            await sink.put(
                RecordBatch.of(ORDERS, [Record(0, None, b"x" * 1024), Record(1, None, b"x" * 1025)])
            )
    assert list(raised.value.failed) == [1]
    assert "1025 bytes as the service counts, and 1024 are allowed" in str(raised.value)
    assert proxy.counts["SendMessageBatch"] == 0


async def test_each_topic_has_a_queue_of_its_own(
    aws: AwsServer, create: Callable[..., str], options: dict[str, str]
) -> None:
    first = create("-a")
    prefix = name_of(first).removesuffix("-a")
    second = aws.client("sqs").create_queue(QueueName=f"{prefix}-b")["QueueUrl"]
    # The topic b is met only when its first batch comes.
    async with started(options | {"aws.sqs.queue": f"{prefix}-{{{{topic}}}}"}, "a") as sink:
        for topic in ("a", "b"):
            sink.open([TopicPartition(topic, 0)])
            await sink.put(RecordBatch.of(TopicPartition(topic, 0), [Record(0, None, topic.encode())]))
        await sink.flush()
    assert [message["Body"] for message in QueueReader(aws, first).read()] == ["a"]
    assert [message["Body"] for message in QueueReader(aws, second).read()] == ["b"]


# ---- start ----


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        ("absent", "create the queue, or correct aws.sqs.queue"),
        ("arn:aws:sqs:us-east-1:123456789012:absent", "create the queue, or correct aws.sqs.queue"),
        ("http://localhost/123456789012/absent", "create the queue, or correct aws.sqs.queue"),
    ],
)
async def test_a_queue_that_is_not_there_is_found_at_start(
    options: dict[str, str], queue: str, message: str
) -> None:
    with pytest.raises(AccessError, match=message):
        async with started(options | {"aws.sqs.queue": queue}):
            pass


async def test_content_based_deduplication_that_is_off_is_found_at_start(
    create: Callable[..., str], options: dict[str, str]
) -> None:
    chosen = {"aws.sqs.message.deduplication.id": "content"}
    with pytest.raises(AccessError, match="ContentBasedDeduplication"):
        async with started(options | chosen | {"aws.sqs.queue": name_of(create(".fifo", **FIFO))}):
            pass
    content = FIFO | {"ContentBasedDeduplication": "true"}
    async with started(options | chosen | {"aws.sqs.queue": name_of(create(".fifo", **content))}) as sink:
        await sink.put(batch(0, 3, keys=3))
        await drained(sink, 3)


async def test_who_may_not_ask_about_the_queue_may_send(
    aws: AwsServer, proxy: FaultProxy, create: Callable[..., str], options: dict[str, str]
) -> None:
    url = create()
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name_of(url)}"
    for operation in ("GetQueueUrl", "GetQueueAttributes"):
        proxy.fail(operation, FOREVER, status=403, code="AccessDenied")
    async with started(options | {"aws.sqs.queue": arn}) as sink:
        await sink.put(batch(0, 3, keys=3))
        await drained(sink, 3)
    assert len(QueueReader(aws, url).read()) == 3
    with pytest.raises(AccessError, match=r"grant sqs:GetQueueUrl .* or name the queue by its URL"):
        async with started(options | {"aws.sqs.queue": name_of(url)}):
            pass


# ---- check ----


async def checked(options: dict[str, str], *topics: str) -> dict[str, Step]:
    with ThreadPoolExecutor(1) as executor:
        checklist = SqsSink(SqsConfig.parse(options)).checklist(
            TaskContext("orders", 0, executor), topics or ("orders",)
        )
        return {step.name: step async for step in checklist.steps(60)}


async def test_a_check_finds_the_queue_and_sends_nothing(
    create: Callable[..., str], options: dict[str, str], proxy: FaultProxy
) -> None:
    url = create(".fifo", **FIFO, MaximumMessageSize="2048", KmsMasterKeyId="alias/mine")
    steps = await checked(options | {"aws.sqs.queue": name_of(url)})
    assert steps[names.QUEUE].outcome is Outcome.OK
    assert "FIFO" in steps[names.QUEUE].detail
    assert steps[names.LIMITS].outcome is Outcome.WARNING
    assert "2048" in steps[names.LIMITS].detail
    assert "alias/mine" in steps[names.ENCRYPTION].detail
    assert steps[names.SEND].outcome is Outcome.SKIPPED
    assert proxy.counts["SendMessageBatch"] == 0


async def test_a_check_fails_for_each_topic_without_a_queue(
    create: Callable[..., str], options: dict[str, str]
) -> None:
    url = create()
    prefix = name_of(url)[:-1]
    steps = await checked(options | {"aws.sqs.queue": prefix + "{{topic}}"}, name_of(url)[-1], "zz")
    assert steps[f"{names.QUEUE} of {name_of(url)[-1]}"].outcome is Outcome.OK
    assert steps[f"{names.QUEUE} of zz"].outcome is Outcome.FAILED
    assert steps[f"{names.LIMITS} of zz"].outcome is Outcome.SKIPPED


# ---- the whole way ----


@pytest.mark.kafka
def test_no_record_is_missing_doubled_or_out_of_order_in_a_fifo_queue_after_four_kills(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    proxy: FaultProxy,
    create: Callable[..., str],
    options: dict[str, str],
) -> None:
    chance = random.Random(3)
    name, url = topic(2), create(".fifo", **FIFO)
    reader, sent = QueueReader(aws, url), 0
    lives: list[set[str]] = [set()]
    """The ids that each life of the worker sent."""

    def note(request: ApiRequest) -> None:
        lives[-1].update(entry["MessageDeduplicationId"] for entry in json.loads(request.body)["Entries"])

    proxy.on("SendMessageBatch", note)
    proxy.fail("SendMessageBatch", probability=0.05, status=400, code="RequestThrottled")
    proxy.cut("SendMessageBatch", probability=0.05, when="after")
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        # Longer than a life takes to deliver something: what the next one sends again is what is tested.
        "offset.flush.interval.ms": "5000",
        "consumer.session.timeout.ms": "2000",
        "consumer.heartbeat.interval.ms": "500",
    }
    config = options | {
        "name": f"connector-{name}",
        "connector.class": "connector.sinks.sqs.SqsSink",
        "topics": name,
        "aws.sqs.queue": url,
        # A key for each partition and tenth record: its group is what has an order.
        "aws.sqs.message.group.id": "{{partition}}-{{value:group}}",
    }
    with WorkerProcess(settings, config) as worker:
        for _ in range(4):
            for partition in range(2):
                produce(
                    name,
                    [b'{"group":%d,"at":%d}' % (at % 10, at) for at in range(sent, sent + 30)],
                    partition=partition,
                )
            sent += 30
            before = reader.size()
            arrived = partial(lambda before: reader.size() > before, before)
            worker.wait_until(arrived, "something arrives")
            time.sleep(chance.uniform(0, 0.5))
            worker.kill()
            lives.append(set())
            worker.start()
        proxy.clear()
        # By then the last life, too, has sent all that those before it had not committed.
        worker.wait_until(
            lambda: [at.offset for at in committed(f"connect-{worker.name}", name).values()] == [sent] * 2,
            "everything is committed",
        )
        worker.wait_for_state("RUNNING")
        assert worker.terminate() == 0, worker.log
    sent_again = sum(map(len, lives)) - len(set().union(*lives))
    assert sent_again > 0, "no life sent what an earlier one had sent, so that this shows nothing"
    assert reader.size() == sent * 2, "what was sent again is there twice"
    rows = [
        (message["Attributes"]["MessageGroupId"], json.loads(message["Body"])) for message in reader.read()
    ]
    for partition in range(2):
        for group in range(10):
            found = [row["at"] for key, row in rows if key == f"{partition}-{group}"]
            assert found == list(range(group, sent, 10))
