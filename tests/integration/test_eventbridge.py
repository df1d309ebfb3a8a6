"""Events on a bus, whatever befalls the requests; a bus that is missing; large values; the whole way."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from connector.check import Outcome
from connector.column import JsonColumn
from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.sinks.eventbridge import EventBridgeConfig, EventBridgeSink
from connector.sinks.eventbridge.check import BUS, ENDPOINT, SEND
from connector.testing.events import BusWithQueue, EventLog, FailingEntries
from connector.testing.kafka import ExternalKafka
from connector.testing.sink import running as running_in_task
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from contextlib import AbstractAsyncContextManager

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted
    from connector.testing.proxy import ApiRequest, FaultProxy

ORDERS = TopicPartition("orders", 0)
PASSING = ("ThrottlingException", "InternalFailure")


@pytest.fixture
def bus(aws: AwsServer) -> BusWithQueue:
    return BusWithQueue(aws, f"bus-{uuid.uuid4().hex[:8]}")


Options = dict[str, str]


@pytest.fixture
def options(aws: AwsServer, bus: BusWithQueue, proxy: FaultProxy) -> Options:
    return {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.endpoint": proxy.url,
        "aws.eventbridge.bus": bus.name,
    }


def running(
    options: Options, topics: tuple[str, ...] = ("orders",)
) -> AbstractAsyncContextManager[EventBridgeSink]:
    return running_in_task(EventBridgeSink(EventBridgeConfig.parse(options)), [ORDERS], topics=topics)


def batch(*values: bytes, start: int = 0, keys: int = 3) -> RecordBatch:
    records = [
        Record(start + i, f"k{(start + i) % keys}".encode(), value, 1_700_000_000_000, [("h", b"1")])
        for i, value in enumerate(values)
    ]
    return RecordBatch.of(ORDERS, records).with_columns(values=JsonColumn(list(values)))


def numbers(count: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(count)]


def offsets(bus: BusWithQueue) -> list[int]:
    return [event["detail"]["offset"] for event in bus.events()]


# ---- delivery ----


async def test_what_is_posted_is_what_botocore_would_send(
    options: Options, aws: AwsServer, bus: BusWithQueue, proxy: FaultProxy
) -> None:
    bodies: list[ApiRequest] = []
    proxy.on("PutEvents", bodies.append)
    more = {
        "aws.eventbridge.resources": "arn:{{key}},x",
        "aws.eventbridge.trace.header": "h",
        "aws.eventbridge.source": "é {{topic}}",  # moto breaks on quotes
    }
    async with running({**options, **more}) as sink:
        await sink.put(batch(b'{"a":"\\u00e9\\n\xc3\xa9"}'))
        await sink.close([ORDERS])
    (ours,) = bodies
    event = {
        "Source": "é orders",
        "DetailType": "kafka-connect-orders",
        "Resources": ["arn:k0", "x"],
        "Time": 1_700_000_000,
        "TraceHeader": "1",
        "EventBusName": bus.name,
        "Detail": '{"topic":"orders","partition":0,"offset":0,"timestamp":1700000000000,'
        '"headers":[{"h":"1"}],"key":"k0","value":{"a":"\\u00e9\\né"}}',
    }
    client = botocore.session.get_session().create_client(
        "events",
        region_name="us-east-1",
        endpoint_url=proxy.url,
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
    )
    client.put_events(Entries=[event])
    client.close()
    theirs = bodies[1]
    assert json.loads(ours.body) == json.loads(theirs.body)
    for header in ("content-type", "x-amz-target"):
        assert ours.headers[header] == theirs.headers[header]


async def test_entries_that_fail_for_now_are_sent_again_and_no_others(
    options: Options, aws: AwsServer, bus: BusWithQueue, proxy: FaultProxy
) -> None:
    failing = FailingEntries(aws.url, PASSING, probability=0.1, seed=1)
    proxy.on("PutEvents", failing)
    async with running(options) as sink:
        await sink.put(batch(*numbers(300)))
        await sink.close([ORDERS])
        assert sink.committable() == {ORDERS: 300}
    assert failing.failed > 10
    assert sorted(offsets(bus)) == list(range(300))


async def test_order_of_keys_outlives_failures_throttling_and_cuts(
    options: Options, aws: AwsServer, bus: BusWithQueue, proxy: FaultProxy
) -> None:
    proxy.on("PutEvents", FailingEntries(aws.url, PASSING, probability=0.1, seed=2))
    # Each strikes at least once, however many requests there are.
    proxy.fail("PutEvents", 1, status=400, code="ThrottlingException")
    proxy.cut("PutEvents", 2, when="after")
    proxy.fail("PutEvents", probability=0.05, status=400, code="ThrottlingException")
    proxy.cut("PutEvents", probability=0.05, when="after")
    async with running({**options, "delivery.order": "key", "delivery.linger.ms": "5"}) as sink:
        await sink.put(batch(*numbers(200), keys=40))
        await sink.close([ORDERS])
        assert sink.committable() == {ORDERS: 200}
    assert {exchange.status for exchange in proxy.requests} >= {None, 200, 400}
    seen: dict[str, list[int]] = {}
    for event in bus.events():
        place = event["detail"]["offset"]
        of_key = seen.setdefault(event["detail"]["key"], [])
        if place not in of_key:  # a cut after forwarding delivers twice
            of_key.append(place)
    assert sorted(place for places in seen.values() for place in places) == list(range(200))
    assert all(places == sorted(places) for places in seen.values())


async def test_a_denied_entry_stops_the_task_and_is_no_errant_record(
    options: Options, aws: AwsServer, proxy: FaultProxy
) -> None:
    proxy.on("PutEvents", FailingEntries(aws.url, ["NotAuthorizedForSourceException"]))
    with pytest.raises(AccessError, match="NotAuthorizedForSourceException"):  # noqa: PT012
        async with running(options) as sink:
            await sink.put(batch(b"{}"))
            assert isinstance(sink.context, TaskContext)
            await asyncio.wait([sink.context.failure], timeout=60)
            assert ORDERS not in sink.committable() or sink.committable()[ORDERS] == 0


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (413, "RequestEntityTooLarge", ""),
        (400, "ValidationException", "Total size of the entries in the request is over the limit."),
    ],
)
async def test_a_request_that_the_service_counts_as_too_large_goes_in_halves(
    options: Options, bus: BusWithQueue, proxy: FaultProxy, status: int, code: str, message: str
) -> None:
    def is_large(request: ApiRequest) -> bool:
        return len(json.loads(request.body)["Entries"]) > 3

    proxy.fail("PutEvents", 1000, status=status, code=code, message=message, match=is_large)
    async with running(options) as sink:
        await sink.put(batch(*numbers(20)))
        await sink.close([ORDERS])
    assert sorted(offsets(bus)) == list(range(20))


async def test_a_large_value_is_found_where_its_event_says(
    options: Options, aws: AwsServer, bus: BusWithQueue, bucket: str
) -> None:
    large = b'{"a":"' + b"x" * 1_000_000 + b'"}'
    more = {"oversize.policy": "s3", "oversize.s3.bucket.name": bucket}
    async with running({**options, **more}) as sink:
        await sink.put(batch(b"{}", large))
        await sink.close([ORDERS])
    small, referring = sorted((event["detail"] for event in bus.events()), key=lambda found: found["offset"])
    assert small["value"] == {}
    _, _, place = referring["dataref"].partition(":::")
    assert place.startswith(f"{bucket}/")
    assert aws.objects(bucket)[place.partition("/")[2]] == large


# ---- the bus ----


async def test_a_bus_that_does_not_exist_is_found_at_start(options: Options, proxy: FaultProxy) -> None:
    with pytest.raises(AccessError, match=r"aws\.eventbridge\.bus: the event bus nowhere does not exist"):
        async with running({**options, "aws.eventbridge.bus": "nowhere"}):
            pass
    assert proxy.counts["PutEvents"] == 0


async def test_a_bus_by_its_arn_with_a_topic_in_it_is_found_and_used(
    options: Options, aws: AwsServer, bus: BusWithQueue
) -> None:
    arn = bus.arn.replace(bus.name, "{{topic}}")
    async with running({**options, "aws.eventbridge.bus": arn}, (bus.name,)) as sink:
        assert sink.destinations == {bus.name: bus.arn}
        partition = TopicPartition(bus.name, 0)
        sink.open([partition])
        await sink.put(RecordBatch.of(partition, [Record(7, None, "x", None, None)]))
        await sink.close([partition])
    assert offsets(bus) == [7]


async def test_who_may_not_ask_for_the_bus_is_warned_and_delivers(
    options: Options, bus: BusWithQueue, proxy: FaultProxy, logged: list[MutableMapping[str, Any]]
) -> None:
    proxy.fail("DescribeEventBus", 9, status=400, code="AccessDeniedException")
    async with running(options) as sink:
        await sink.put(batch(b"{}"))
        await sink.close([ORDERS])
    assert any("goes unnoticed" in str(line) for line in logged)
    assert offsets(bus) == [0]


async def test_a_topic_whose_detail_type_is_too_long_is_found_at_start(options: Options) -> None:
    with pytest.raises(AccessError, match=r"aws\.eventbridge\.detail\.type"):
        async with running(options, ("x" * 200,)):
            pass


# ---- checks ----


async def steps(options: Options, topics: list[str]) -> dict[str, Outcome]:
    sink = EventBridgeSink(EventBridgeConfig.parse(options))
    with ThreadPoolExecutor(1) as executor:
        checklist = sink.checklist(TaskContext("shop", 0, executor), topics)
        return {step.name: step.outcome async for step in checklist.steps(60)}


async def test_the_checks_find_the_bus_and_send_nothing(
    options: Options, bus: BusWithQueue, proxy: FaultProxy, bucket: str
) -> None:
    more = {"oversize.policy": "s3", "oversize.s3.bucket.name": bucket}
    found = await steps({**options, **more}, ["orders"])
    assert found[ENDPOINT] == found[f"{BUS} {bus.name}"] == found["Bucket for large bodies"] == Outcome.OK
    assert found[SEND] == Outcome.SKIPPED
    assert proxy.counts["PutEvents"] == 0


async def test_the_checks_tell_a_missing_bus_from_one_that_may_not_be_asked_for(
    options: Options, proxy: FaultProxy
) -> None:
    found = await steps({**options, "aws.eventbridge.bus": "{{topic}}"}, ["nowhere"])
    assert found[f"{BUS} nowhere"] == Outcome.FAILED
    proxy.fail("DescribeEventBus", 9, status=400, code="AccessDeniedException")
    found = await steps({**options, "aws.eventbridge.bus": "{{topic}}"}, ["nowhere"])
    assert found[f"{BUS} nowhere"] == Outcome.WARNING


async def test_the_checks_find_a_missing_bucket(options: Options) -> None:
    more = {"oversize.policy": "s3", "oversize.s3.bucket.name": "there-is-no-such-bucket"}
    assert (await steps({**options, **more}, []))["Bucket for large bodies"] == Outcome.FAILED


# ---- the whole way ----


@pytest.mark.kafka
def test_no_record_is_missing_after_several_kills(
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    committed: ReadCommitted,
    aws: AwsServer,
    bus: BusWithQueue,
    proxy: FaultProxy,
    options: Options,
) -> None:
    chance = random.Random(5)
    name = topic(2)
    log = EventLog(aws, bus.name)
    proxy.on("PutEvents", FailingEntries(aws.url, PASSING, probability=0.05))
    proxy.cut("PutEvents", probability=0.02, when="after")
    total = 0
    worker = WorkerProcess(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "offset.flush.interval.ms": "200",
            "consumer.session.timeout.ms": "6000" if isinstance(kafka, ExternalKafka) else "2000",
            "consumer.heartbeat.interval.ms": "500",
        },
        {
            "name": f"connector-{name}",
            "connector.class": "eventbridge",
            "topics": name,
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
            **options,
        },
    )
    with worker:
        for _ in range(3):
            for partition in range(2):
                produce(name, [b'{"n":%d}' % (total + i) for i in range(100)], partition=partition)
            total += 100
            worker.wait_for_metric("connector_records_put_total", 1)
            time.sleep(chance.uniform(0, 0.5))
            worker.kill()
            worker.start()
        worker.wait_until(
            lambda: (
                [found.offset for found in committed(f"connect-{worker.name}", name).values()] == [total] * 2
            ),
            "all is committed",
        )
        worker.wait_for_state("RUNNING")  # the life before may have committed, and this one not yet begun
        assert worker.terminate() == 0, worker.log
    delivered = log.events()
    seen = [(event["detail"]["partition"], event["detail"]["offset"]) for event in delivered]
    values = {event["detail"]["value"]["n"] for event in delivered}
    assert set(seen) == {(partition, offset) for partition in range(2) for offset in range(total)}
    assert values == set(range(total))
    sys.stdout.write(f"{len(seen) - len(set(seen))} of {len(seen)} events came again")
