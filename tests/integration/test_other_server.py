"""The messaging sinks on an AWS by other authors, which fails entries by itself and remembers what it had."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from connector import plugins
from connector.plugins import PluginKind
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.testing.kafka import ExternalKafka
from connector.testing.ministack import MinistackServer, MinistackUnavailableError
from connector.testing.proxy import FaultProxy
from connector.testing.queues import QueueReader
from connector.testing.sink import running as running_in_task
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from connector.errors import RecordError
    from connector.sinks.dispatch import MessagingSink
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted

ORDERS = TopicPartition("orders", 0)
FIFO = {"FifoQueue": "true"}
_KILLS = 10


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

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
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
    made = sink_class(sink_class.config_class.parse(raw))
    async with running_in_task(made, [ORDERS], topics=("orders",), context_class=Context) as sink:
        yield sink, sink.context


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


@pytest.mark.kafka
@pytest.mark.timeout(180)
def test_ten_kills_lose_nothing_and_fifo_doubles_nothing(
    server: MinistackServer,
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
) -> None:
    """One worker with all four sinks, killed ten times, behind throttling and cuts after forwarding."""
    name, chance, sent = topic(2), random.Random(11), 0
    with FaultProxy(server.url) as proxy:
        for operation in ("SendMessageBatch", "PublishBatch", "PutRecords", "PutEvents"):
            proxy.fail(operation, probability=0.1, status=400, code="ThrottlingException")
            proxy.cut(operation, probability=0.1, when="after")
        world = World(server, name)
        first, *others = world.connectors(proxy.url)
        settings = {
            "bootstrap.servers": kafka.bootstrap_servers,
            "offset.flush.interval.ms": "300",
            "consumer.session.timeout.ms": "6000" if isinstance(kafka, ExternalKafka) else "2000",
            "consumer.heartbeat.interval.ms": "500",
        }
        with WorkerProcess(settings, first, others=others) as worker:
            for _ in range(_KILLS):
                for partition in range(2):
                    values = [b'{"k":%d,"n":%d}' % (n % 10, n) for n in range(sent, sent + 100)]
                    produce(name, values, partition=partition)
                sent += 100
                worker.wait_for_metric("connector_records_delivered_total", 1)
                time.sleep(chance.uniform(0, 0.7))
                worker.kill()
                world.consume()  # deleted messages are remembered all the same
                worker.start()
            proxy.clear()

            def everything_is_committed() -> bool:
                return all(
                    {at.offset for at in committed(f"connect-{config['name']}", name).values()} == {sent}
                    for config in (first, *others)
                )

            worker.wait_until(everything_is_committed, "everything is committed")
            assert worker.terminate() == 0, worker.log
    found = world.found()
    expected = {(partition, key): list(range(key, sent, 10)) for partition in range(2) for key in range(10)}
    assert found["sqs"] == expected
    assert found["sns"] == expected
    for sink in ("kinesis", "eventbridge"):
        assert {lane: sorted(set(numbers)) for lane, numbers in found[sink].items()} == expected
    for numbers in found["kinesis"].values():
        assert_goes_back_but_leaves_nothing_out(numbers)
    for sink, lanes in found.items():
        doubled = sum(map(len, lanes.values())) - sent * 2
        print(f"{sink}: {doubled} duplicates of {sent * 2} records after {_KILLS} kills")  # noqa: T201


def assert_goes_back_but_leaves_nothing_out(numbers: list[int]) -> None:
    """A life begins at what was committed; from there on each key is in order."""
    reached = numbers[0]
    for number in numbers[1:]:
        assert number <= reached + 10
        reached = max(reached, number)


class World:
    """A destination of each kind; what arrived is told by partition and key, as numbers in order."""

    def __init__(self, server: MinistackServer, name: str) -> None:
        self._server = server
        self._name = name
        self._queues = {kind: create_queue(server, ".fifo", **FIFO) for kind in ("sqs", "sns")}
        self._queues["eventbridge"] = create_queue(server)
        self._readers = {kind: QueueReader(server, url) for kind, url in self._queues.items()}
        sns, events, kinesis = (server.client(service) for service in ("sns", "events", "kinesis"))
        self._topic = sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=self._topic, Protocol="sqs", Endpoint=self._arn("sns"), Attributes=raw)
        events.create_event_bus(Name=name)
        pattern = json.dumps({"source": [{"prefix": ""}]})
        events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
        target = {"Id": "queue", "Arn": self._arn("eventbridge")}
        events.put_targets(Rule=name, EventBusName=name, Targets=[target])
        kinesis.create_stream(StreamName=name, ShardCount=2)
        kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})

    def connectors(self, endpoint: str) -> list[dict[str, str]]:
        group = "{{partition}}-{{value:k}}"
        own = {
            "sqs": {"aws.sqs.queue": self._queues["sqs"], "aws.sqs.message.group.id": group},
            "sns": {"aws.sns.topic.arn": self._topic, "aws.sns.message.group.id": group},
            "kinesis": {"aws.kinesis.stream": self._name, "aws.kinesis.partition.key": group},
            "eventbridge": {"aws.eventbridge.bus": self._name},
        }
        shared = {
            "topics": self._name,
            "aws.access.key.id": self._server.access_key_id,
            "aws.secret.access.key": self._server.secret_access_key,
            "aws.region": "us-east-1",
            "aws.endpoint": endpoint,
            "delivery.linger.ms": "5",
        }
        return [
            {**shared, "name": f"{kind}-{self._name}", "connector.class": kind, **options}
            for kind, options in own.items()
        ]

    def consume(self) -> None:
        for reader in self._readers.values():
            reader.read()

    def found(self) -> dict[str, dict[tuple[int, int], list[int]]]:
        self.consume()
        lanes: dict[str, dict[tuple[int, int], list[int]]] = {}
        for kind in ("sqs", "sns"):
            for message in self._readers[kind].messages:
                partition, _, key = message["Attributes"]["MessageGroupId"].partition("-")
                lane = lanes.setdefault(kind, {}).setdefault((int(partition), int(key)), [])
                lane.append(json.loads(message["Body"])["n"])
        for message in self._readers["eventbridge"].messages:
            detail = json.loads(message["Body"])["detail"]
            value = json.loads(text(detail["value"]))
            lane = lanes.setdefault("eventbridge", {}).setdefault((detail["partition"], value["k"]), [])
            lane.append(value["n"])
        kinesis = self._server.client("kinesis")
        for shard in kinesis.list_shards(StreamName=self._name)["Shards"]:
            for record in records_of(kinesis, self._name, shard["ShardId"]):
                partition, _, key = record["PartitionKey"].partition("-")
                lane = lanes.setdefault("kinesis", {}).setdefault((int(partition), int(key)), [])
                lane.append(json.loads(record["Data"])["n"])
        return lanes

    def _arn(self, kind: str) -> str:
        sqs = self._server.client("sqs")
        answer = sqs.get_queue_attributes(QueueUrl=self._queues[kind], AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])


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
    return value if value[0] in "v{" else base64.b64decode(value).decode()
