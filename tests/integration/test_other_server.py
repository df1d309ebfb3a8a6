"""The messaging sinks on an AWS by other authors, which fails entries by itself and remembers what it had."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from connector import plugins
from connector.plugins import PluginKind
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.testing.ministack import MinistackServer, MinistackUnavailableError
from connector.testing.queues import QueueReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from connector.errors import RecordError
    from connector.sinks.dispatch import MessagingSink

ORDERS = TopicPartition("orders", 0)
FIFO = {"FifoQueue": "true"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinistackServer]:
    try:
        started = MinistackServer(tmp_path_factory.mktemp("ministack"))
    except MinistackUnavailableError as error:
        pytest.skip(str(error))
    with started:
        yield started


class Context(TaskContext):
    """Of a task that leaves errant records out and remembers them."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        super().__init__("other", 0, executor, topics=("orders",))
        self.left_out: dict[int, RecordError] = {}

    async def errant(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        self.left_out |= failed


@asynccontextmanager
async def started(
    server: MinistackServer, name: str, **options: str
) -> AsyncIterator[tuple[MessagingSink, Context]]:
    sink_class = plugins.find(PluginKind.SINK, name, "connector.class")
    raw = {
        "aws.access.key.id": server.access_key_id,
        "aws.secret.access.key": server.secret_access_key,
        "aws.region": "us-east-1",
        "aws.endpoint": server.url,
        "delivery.linger.ms": "5",
        **{option.replace("_", "."): value for option, value in options.items()},
    }
    with ThreadPoolExecutor(2) as executor:
        sink, context = sink_class(sink_class.config_class.parse(raw)), Context(executor)
        await sink.start(context)
        sink.open([ORDERS])
        try:
            yield sink, context
        finally:
            await sink.stop()
            await context.cancel_background()


def batch(count: int, keys: int = 7, **values: str) -> RecordBatch:
    """Records ``v0``, ``v1`` and so on, but for those that ``values`` names by ``at_OFFSET``."""
    return RecordBatch.of(
        ORDERS,
        [
            Record(offset, b"k%d" % (offset % keys), values.get(f"at_{offset}", f"v{offset}").encode(), 1, [])
            for offset in range(count)
        ],
    )


async def deliver(sink: MessagingSink, records: RecordBatch) -> None:
    await sink.put(records)
    async with asyncio.timeout(60):
        await sink.close([ORDERS])
    assert sink.committable() == {ORDERS: records.next_offset}


def create_queue(server: MinistackServer, suffix: str = "", **attributes: str) -> str:
    name = f"queue-{uuid.uuid4().hex[:12]}{suffix}"
    return str(server.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def bodies(server: MinistackServer, url: str) -> list[str]:
    return [message["Body"] for message in QueueReader(server, url).read()]


async def test_sqs_delivers_every_record_in_order_of_its_group(server: MinistackServer) -> None:
    url = create_queue(server, ".fifo", **FIFO)
    async with started(server, "sqs", aws_sqs_queue=url) as (sink, _):
        await deliver(sink, batch(200))
    messages = QueueReader(server, url).read()
    assert sorted(message["Body"] for message in messages) == sorted(f"v{offset}" for offset in range(200))
    for group in range(7):
        mine = [m["Body"] for m in messages if m["Attributes"]["MessageGroupId"] == f"k{group}"]
        assert mine == [f"v{offset}" for offset in range(group, 200, 7)]


async def test_a_record_sent_again_is_one_message_even_after_it_was_consumed(server: MinistackServer) -> None:
    url = create_queue(server, ".fifo", **FIFO)
    reader = QueueReader(server, url)
    for _ in range(3):  # three lives of a worker that never committed
        async with started(server, "sqs", aws_sqs_queue=url) as (sink, _context):
            await deliver(sink, batch(50))
        reader.read()
    assert sorted(message["Body"] for message in reader.messages) == sorted(f"v{n}" for n in range(50))


async def test_what_the_queue_itself_refuses_is_errant_and_alone(server: MinistackServer) -> None:
    url = create_queue(server)
    sqs = server.client("sqs")
    async with started(server, "sqs", aws_sqs_queue=url) as (sink, context):
        await sink.put(batch(1))
        # Known to the queue only after the sink has looked at it.
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
        await deliver(sink, batch(30, at_17="x" * 2000))
    assert set(context.left_out) == {17}
    assert set(bodies(server, url)) == {f"v{offset}" for offset in range(30) if offset != 17}


async def test_sns_delivers_in_order_to_the_queue_behind_a_fifo_topic(server: MinistackServer) -> None:
    url = create_queue(server, ".fifo", **FIFO)
    sns, sqs = server.client("sns"), server.client("sqs")
    name = f"topic-{uuid.uuid4().hex[:12]}.fifo"
    topic = sns.create_topic(Name=name, Attributes={"FifoTopic": "true"})["TopicArn"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=raw)
    async with started(server, "sns", aws_sns_topic_arn=topic) as (sink, _):
        await deliver(sink, batch(100, keys=5))
    found = bodies(server, url)
    assert sorted(found) == sorted(f"v{offset}" for offset in range(100))
    for key in range(5):
        mine = [body for body in found if int(body[1:]) % 5 == key]
        assert mine == [f"v{offset}" for offset in range(key, 100, 5)]


async def test_kinesis_keeps_the_order_of_keys_in_each_shard(server: MinistackServer) -> None:
    kinesis = server.client("kinesis")
    name = f"stream-{uuid.uuid4().hex[:12]}"
    kinesis.create_stream(StreamName=name, ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    async with started(server, "kinesis", aws_kinesis_stream=name) as (sink, _):
        await deliver(sink, batch(500, keys=20))
    found: dict[str, list[int]] = {}
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        for record in records_of(kinesis, name, shard["ShardId"]):
            found.setdefault(record["PartitionKey"], []).append(int(record["Data"][1:]))
    assert found == {f"k{key}": list(range(key, 500, 20)) for key in range(20)}


def records_of(kinesis: Any, stream: str, shard: str) -> list[dict[str, Any]]:
    start = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    iterator, found = start["ShardIterator"], []
    while answer := kinesis.get_records(ShardIterator=iterator, Limit=1000):
        found += answer["Records"]
        iterator = answer["NextShardIterator"]
        if not answer["Records"]:
            break
    return found


async def test_events_reach_the_queue_behind_a_rule(server: MinistackServer) -> None:
    url = create_queue(server)
    events, sqs = server.client("events"), server.client("sqs")
    bus = f"bus-{uuid.uuid4().hex[:12]}"
    events.create_event_bus(Name=bus)
    events.put_rule(Name="all", EventBusName=bus, EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue}])
    async with started(server, "eventbridge", aws_eventbridge_bus=bus) as (sink, _):
        await deliver(sink, batch(60))
    details = [json.loads(body)["detail"] for body in bodies(server, url)]
    values = sorted(text(detail["value"]) for detail in details)
    assert values == sorted(f"v{offset}" for offset in range(60))


def text(value: Any) -> str:
    return value if value.startswith("v") else base64.b64decode(value).decode()
