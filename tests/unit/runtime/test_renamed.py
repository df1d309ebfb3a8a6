"""Renamed topics on their way through a task and into what is told before it runs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from connector.config.connector import ConnectorConfig
from connector.converters.byte_array import ByteArrayConverter
from connector.errors import ConfigError
from connector.plugins import PluginKind, find
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.blueprint import draw
from connector.runtime.consumer import Polled
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline, Step
from connector.runtime.task import Task, TaskSpec
from connector.settings import WorkerSettings
from connector.sinks.base import Committed, Sink
from connector.sinks.s3.permissions import permissions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ORDERS, USERS = TopicPartition("orders", 0), TopicPartition("users", 0)
KAFKA = "org.apache.kafka.connect.transforms."
DAY_MS = 86_400_000


class SlowSink(Sink):
    """Takes a moment for each batch, and longer for the first of them."""

    def __init__(self) -> None:
        super().__init__(None)
        self.put_in_order: list[tuple[TopicPartition, str, list[int]]] = []
        self.most_at_once = self.now = 0

    async def put(self, batch: RecordBatch) -> None:
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        await asyncio.sleep(0.02 if batch.offsets[0] == 0 else 0)
        self.put_in_order.append((batch.topic_partition, batch.topic, list(batch.offsets)))
        self.now -= 1

    def committable(self) -> Mapping[TopicPartition, int]:
        return {}

    async def close(self, partitions: Collection[TopicPartition]) -> None: ...


async def test_batches_of_one_partition_are_put_one_after_the_other_and_partitions_side_by_side() -> None:
    config = ConnectorConfig.parse({"name": "c", "connector.class": "slow", "topics": "orders,users"})
    errant = ErrantRecords(config, 0)
    raw = ByteArrayConverter(ByteArrayConverter.config_class({}))
    router = find(PluginKind.TRANSFORM, KAFKA + "TimestampRouter", "type")
    step = Step(router(router.config_class({})), None, negate=False)
    sink = SlowSink()
    with ThreadPoolExecutor(1) as executor:
        task = Task(
            TaskSpec("c", 0, [], {}, 100, 1000, 60, 5, shutdown_seconds=60),
            sink,
            pipeline=Pipeline(raw, raw, raw, [step]),
            errant=errant,
            context=TaskContext("c", 0, executor),
            observer=TaskObserver("c", 0),
        )
        await task._assignment.assigned({ORDERS: Committed(), USERS: Committed()})
        polled = [
            Polled(
                RecordBatch.of(where, [Record(at, None, b"v", at * DAY_MS, []) for at in range(3)]),
                task._offsets.epoch(where),
            )
            for where in (ORDERS, USERS)
        ]
        await task._put(await task._convert(polled))
    for where in (ORDERS, USERS):
        assert [(topic, offsets) for found, topic, offsets in sink.put_in_order if found == where] == [
            (f"{where.topic}-19700101", [0]),
            (f"{where.topic}-19700102", [1]),
            (f"{where.topic}-19700103", [2]),
        ]
        assert task._offsets.position(where) == 3
    assert sink.most_at_once == 2


def blueprint(**transforms: str) -> tuple[list[str], str]:
    raw = {
        "name": "c",
        "connector.class": "s3",
        "topics": "db.orders",
        "aws.s3.bucket.name": "lake",
        **{name.replace("_", "."): value for name, value in transforms.items()},
    }
    drawn = draw(raw, WorkerSettings.of({"bootstrap.servers": "k:1"}, {}))
    return list(drawn.topics), str(permissions(drawn.make_sink().config, drawn.topics))


def test_the_policy_is_for_the_names_that_objects_will_have() -> None:
    topics, policy = blueprint(
        transforms="r",
        transforms_r_type=KAFKA + "RegexRouter",
        transforms_r_regex=r"db\.(.*)",
        transforms_r_replacement="$1",
    )
    assert topics == ["orders"]
    assert "lake/orders-" in policy
    assert "db.orders" not in policy


def test_where_only_records_tell_their_names_no_topic_is_known() -> None:
    topics, policy = blueprint(transforms="r", transforms_r_type=KAFKA + "TimestampRouter")
    assert topics == []
    assert "db.orders" not in policy


@pytest.mark.parametrize(
    ("template", "is_fit"),
    [
        ("{{topic}}-{{partition}}-{{start_offset}}", False),
        ("{{topic}}/{{original_topic}}/{{partition}}-{{start_offset}}", True),
        ("{{topic}}/{{value:shard}}/{{partition}}-{{start_offset}}", True),
        ("{{key}}", True),
    ],
)
def test_topics_that_get_one_name_are_refused_before_the_start_unless_names_tell_them_apart(
    template: str, is_fit: bool
) -> None:
    raw = {
        "name": "c",
        "connector.class": "s3",
        "topics": "eu.orders,us.orders,users",
        "aws.s3.bucket.name": "lake",
        "file.name.template": template,
        "transforms": "r",
        "transforms.r.type": KAFKA + "RegexRouter",
        "transforms.r.regex": r"(?:eu|us)\.(.*)",
        "transforms.r.replacement": "$1",
    }
    settings = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
    if is_fit:
        draw(raw, settings)
        return
    with pytest.raises(
        ConfigError, match=r"file\.name\.template: .*eu\.orders and us\.orders one name, orders"
    ):
        draw(raw, settings)


def test_a_batch_of_several_topics_of_which_a_filter_leaves_nothing_still_moves_the_position() -> None:
    batch = RecordBatch.of(ORDERS, [Record(4, None, b""), Record(5, None, b"")]).renamed(["a", "b"])
    (nothing,) = batch.select([]).by_topic()
    assert len(nothing) == 0
    assert nothing.next_offset == 6
    assert nothing.has_one_topic
