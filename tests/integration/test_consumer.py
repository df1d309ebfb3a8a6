"""The task's consumer on whatever Kafka runs: columns, transactions, several topics."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import ConsumerGroupState, Producer
from confluent_kafka.admin import AdminClient

from connector.record import COLUMNS, RecordBatch, TopicPartition
from connector.runtime.consumer import TaskConsumer
from connector.sinks.base import Committed, OffsetAndMetadata
from connector.testing.kafka import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted


class Listener:
    """Takes partitions and lets go of them, as a task without a sink."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.owned: set[TopicPartition] = set()

    async def assigned(self, partitions: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        self.events.append("assigned")
        self.owned.update(partitions)
        return {}

    async def revoked(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        owned = self.owned.intersection(partitions)
        self.owned -= owned
        return dict.fromkeys(owned, OffsetAndMetadata(1))

    async def committed(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None: ...

    async def released(self, partitions: Collection[TopicPartition]) -> None:
        self.events.append("revoked")

    async def lost(self, partitions: Collection[TopicPartition]) -> None:
        self.events.append("lost")

    def client_error(self, error: Any) -> None:
        self.events.append(str(error))

    def statistics(self, statistics: Mapping[str, Any]) -> None: ...


async def read(
    kafka: KafkaBroker, topics: list[str], records: int, columns: Collection[str] = COLUMNS
) -> dict[TopicPartition, list[RecordBatch]]:
    listener = Listener()
    config = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": f"reads-{topics[0]}"}
    consumer = TaskConsumer(config, listener, listener, columns=columns)
    await consumer.subscribe(topics)
    found: dict[TopicPartition, list[RecordBatch]] = defaultdict(list)
    async with asyncio.timeout(60):
        while sum(len(batch) for batches in found.values() for batch in batches) < records:
            for batch, _ in await consumer.poll(0.1):
                found[batch.topic_partition].append(batch)
    await consumer.close()
    assert listener.events[0] == "assigned"
    assert listener.events[-1] == "revoked"
    return found


@pytest.mark.kafka
async def test_each_record_comes_with_all_that_kafka_has_of_it(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce
) -> None:
    name = topic(1)
    produce(
        name,
        [
            Message(b"v", b"k", [("h", b"1"), ("h", b"2")], timestamp_ms=1_700_000_000_000),
            Message(None, None, timestamp_ms=1_700_000_000_001),
        ],
        partition=0,
    )
    ((batch,),) = (await read(kafka, [name], 2)).values()
    assert list(batch.offsets) == [0, 1]
    assert list(batch.keys) == [b"k", None]
    assert list(batch.values) == [b"v", None]
    assert list(batch.timestamps) == [1_700_000_000_000, 1_700_000_000_001]
    assert list(batch.headers) == [[("h", b"1"), ("h", b"2")], None]
    assert batch.size_bytes == len("v" + "k" + "h1" + "h2")


@pytest.mark.kafka
async def test_only_the_columns_that_somebody_needs_are_read(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce
) -> None:
    name = topic(1)
    produce(name, [Message(b"v", b"k")], partition=0)
    ((batch,),) = (await read(kafka, [name], 1, columns=["values"])).values()
    assert list(batch.values) == [b"v"]
    assert batch.size_bytes == 1
    with pytest.raises(LookupError, match="keys was not read"):
        _ = batch.keys


@pytest.mark.kafka
async def test_records_of_several_topics_and_partitions_are_kept_apart_and_in_order(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce
) -> None:
    names = [topic(2), topic(2)]
    for start in range(0, 1000, 100):
        for name in names:
            for partition in (0, 1):
                values = [f"{name}-{partition}-{number}".encode() for number in range(start, start + 100)]
                produce(name, values, partition=partition)
    found = await read(kafka, names, 4000)
    for name in names:
        for partition in (0, 1):
            batches = found[TopicPartition(name, partition)]
            assert [offset for batch in batches for offset in batch.offsets] == list(range(1000))
            assert [value for batch in batches for value in batch.values] == [
                f"{name}-{partition}-{number}".encode() for number in range(1000)
            ]
            assert batches[-1].next_offset == 1000


@pytest.mark.real_kafka
async def test_aborted_records_never_appear_and_offsets_keep_their_gaps(
    kafka: KafkaBroker, topic: CreateTopic
) -> None:
    name = topic(1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": f"tx-{name}"})
    producer.init_transactions(30)
    for number, commits in enumerate([True, False, True]):
        producer.begin_transaction()
        for _ in range(3):
            producer.produce(name, f"{number}".encode(), partition=0)
        producer.flush(30)
        (producer.commit_transaction if commits else producer.abort_transaction)(30)
    (batches,) = (await read(kafka, [name], 6)).values()
    # Each transaction takes an offset more than it has records: its marker.
    assert [offset for batch in batches for offset in batch.offsets] == [0, 1, 2, 8, 9, 10]
    assert [value for batch in batches for value in batch.values] == [b"0"] * 3 + [b"2"] * 3


@pytest.mark.kafka
async def test_what_a_revocation_returns_is_committed(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, committed: ReadCommitted
) -> None:
    name = topic(1)
    produce(name, [b"1", b"2"], partition=0)
    await read(kafka, [name], 2)
    assert committed(f"reads-{name}", name)[0].offset == 1


@pytest.mark.kafka
async def test_a_commit_that_was_decided_under_an_earlier_assignment_is_not_made(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, committed: ReadCommitted
) -> None:
    name = topic(1)
    produce(name, [b"1", b"2"], partition=0)
    listener = Listener()
    config = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": f"late-{name}"}
    consumer = TaskConsumer(config, listener, listener)
    await consumer.subscribe([name])
    async with asyncio.timeout(60):
        while not await consumer.poll(0.1):
            pass
    await consumer.commit({TopicPartition(name, 0): OffsetAndMetadata(2)}, lambda _: False)
    assert committed(f"late-{name}", name) == {}
    await consumer.commit({TopicPartition(name, 0): OffsetAndMetadata(2)}, lambda _: True)
    assert committed(f"late-{name}", name)[0].offset == 2
    await consumer.close()


@pytest.mark.real_kafka
async def test_a_member_without_partitions_leaves_its_group_when_it_closes(
    kafka: KafkaBroker, topic: CreateTopic
) -> None:
    name = topic(1)
    config = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": f"idle-{name}"}
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})

    def members() -> int:
        group = admin.describe_consumer_groups([config["group.id"]])[config["group.id"]].result(30)
        return len(group.members) if group.state is ConsumerGroupState.STABLE else -1

    listeners = [Listener(), Listener()]
    consumers = [TaskConsumer(config, listener, listener) for listener in listeners]
    async with asyncio.timeout(120):
        for consumer in consumers:
            await consumer.subscribe([name])
        # The broker knows of an assignment before the member has polled it.
        while await asyncio.to_thread(members) != 2 or not any(listener.owned for listener in listeners):
            await asyncio.gather(*(consumer.poll(0.1) for consumer in consumers))
        (idle,) = (
            consumer for consumer, listener in zip(consumers, listeners, strict=True) if not listener.owned
        )
        await idle.close()
        (owner,) = (consumer for consumer in consumers if consumer is not idle)
        # Well before the session of 45 s would end.
        async with asyncio.timeout(35):
            while await asyncio.to_thread(members) != 1:
                await owner.poll(0.1)
        await owner.close()
