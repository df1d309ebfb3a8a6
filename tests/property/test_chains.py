"""Any chain keeps offsets: each record is put, filtered or errant, once, in order, as it would be alone."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from connector.config.connector import ConnectorConfig
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.blueprint import draw
from connector.runtime.consumer import Polled
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.task import Task, TaskSpec
from connector.settings import WorkerSettings
from connector.sinks.base import Committed, Sink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.errors import RecordError

ORDERS = TopicPartition("orders", 0)
KAFKA = "org.apache.kafka.connect.transforms."
PREDICATES = {
    "marked": {"type": KAFKA + "predicates.HasHeaderKey", "name": "mark"},
    "tombstone": {"type": KAFKA + "predicates.RecordIsTombstone"},
    "renamed": {"type": KAFKA + "predicates.TopicNameMatches", "pattern": "eu-.*"},
}
FILTERS = [
    {"type": KAFKA + "Filter"},
    {"type": "expression", "filter": "offset > `12`"},
    {"type": "expression", "filter": "value.n != `1`"},
]
STEPS = [
    *FILTERS,
    {"type": KAFKA + "RegexRouter", "regex": "(.*)", "replacement": "eu-$1"},
    {"type": KAFKA + "TimestampRouter", "topic.format": "${topic}-${timestamp}"},
    {"type": KAFKA + "InsertField$Value", "offset.field": "at", "topic.field": "from"},
    {"type": KAFKA + "ReplaceField$Value", "exclude": "t", "renames": "n:number"},
    {"type": KAFKA + "MaskField$Value", "fields": "n"},
    {"type": KAFKA + "Cast$Value", "spec": "n:int8"},
    {"type": KAFKA + "ExtractField$Value", "field": "inner"},
    {"type": KAFKA + "HoistField$Value", "field": "inner"},
    {"type": KAFKA + "Flatten$Value"},
    {"type": KAFKA + "ValueToKey", "fields": "n"},
    {"type": KAFKA + "HeaderFrom$Value", "fields": "n", "headers": "mark", "operation": "copy"},
    {"type": KAFKA + "DropHeaders", "headers": "mark"},
    {"type": KAFKA + "TimestampConverter$Value", "field": "t", "target.type": "unix", "format": "yyyy"},
    {"type": "expression", "value": "{n: value.n, inner: value.inner.n}"},
]

values = st.none() | st.sampled_from(
    [
        b"no json",
        b"7",
        b'{"n":1}',
        b'{"n":2,"t":"2026"}',
        b'{"n":"three","t":"never"}',
        b'{"n":300,"inner":{"n":4}}',
        b'{"n":null,"inner":[{"n":5}]}',
    ]
)
records = st.tuples(
    st.integers(1, 3),  # how far behind the one before
    values,
    st.sampled_from([0, 86_400_000]),
    st.sampled_from([[], [("mark", b"x")], [("other", b"\xff")]]),
)


@st.composite
def chains(draw_: st.DrawFn, known: list[dict[str, str]] = STEPS, most: int = 4) -> dict[str, str]:
    chosen = draw_(st.lists(st.sampled_from(known), max_size=most))
    config = {"transforms": ",".join(f"t{at}" for at in range(len(chosen)))} if chosen else {}
    config |= {"predicates": ",".join(PREDICATES)}
    for name, predicate in PREDICATES.items():
        config |= {f"predicates.{name}.{key}": value for key, value in predicate.items()}
    for at, step in enumerate(chosen):
        config |= {f"transforms.t{at}.{key}": value for key, value in step.items()}
        needs_one = step["type"].endswith(".Filter")
        if predicate_name := draw_(st.sampled_from([*([] if needs_one else [""]), *PREDICATES])):
            config[f"transforms.t{at}.predicate"] = predicate_name
            config[f"transforms.t{at}.negate"] = draw_(st.sampled_from(["true", "false"]))
    return config


@st.composite
def batches(draw_: st.DrawFn) -> list[RecordBatch]:
    """Batches of one partition, one behind the other, with gaps."""
    found, offset = [], -1
    for group in draw_(st.lists(st.lists(records, min_size=1, max_size=9), min_size=1, max_size=3)):
        rows = []
        for gap, value, timestamp, headers in group:
            offset += gap
            rows.append(Record(offset, b"k", value, timestamp, headers))
        found.append(RecordBatch.of(ORDERS, rows))
    return found


class Taken(Sink):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__(None)
        self.put_: list[tuple[int, str, str]] = []

    async def put(self, batch: RecordBatch) -> None:
        assert all(offset < batch.next_offset for offset in batch.offsets)
        self.put_ += _shown(batch)

    def committable(self) -> Mapping[TopicPartition, int]:
        return {}

    async def close(self, partitions: Collection[TopicPartition]) -> None: ...


class Counted(ErrantRecords):
    """Tolerates all, and remembers which."""

    def __init__(self) -> None:
        raw = {"name": "c", "connector.class": "s3", "topics": "orders", "errors.tolerance": "all"}
        super().__init__(ConnectorConfig.parse(raw), 0)
        self.offsets: list[int] = []

    async def report(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        self.offsets += failed
        await super().report(partition, failed)


def _shown(batch: RecordBatch) -> list[tuple[int, str, str]]:
    return [(record.offset, topic, repr(record)) for record, topic in zip(batch, batch.topics, strict=True)]


def pipeline(chain: dict[str, str]) -> Pipeline:
    raw = {
        "name": "c",
        "connector.class": "s3",
        "topics": "orders",
        "aws.s3.bucket.name": "lake",
        "value.converter": "JsonConverter",
        "value.converter.schemas.enable": "false",
        **chain,
    }
    drawn = draw(raw, WorkerSettings.of({"bootstrap.servers": "none:1"}, {}))
    made = {role: make() for role, make in drawn.converters.items()}
    return Pipeline(made["key"], made["value"], made["header"], drawn.make_steps())


async def delivered(
    chain: dict[str, str], given_batches: list[RecordBatch]
) -> tuple[list[tuple[int, str, str]], list[int], int | None]:
    """What a task makes of the batches: what is put, what is errant, where it stands."""
    sink, errant = Taken(), Counted()
    with ThreadPoolExecutor(1) as executor:
        task = Task(
            TaskSpec("c", 0, [], {}, 100, 1000, 60, 5, shutdown_seconds=60),
            sink,
            pipeline=pipeline(chain),
            errant=errant,
            context=TaskContext("c", 0, executor),
            observer=TaskObserver("c", 0),
        )
        await task._assignment.assigned({ORDERS: Committed()})
        for batch in given_batches:
            epoch = task._offsets.epoch(ORDERS)
            await task._put(await task._convert([Polled(batch, epoch)]))
        return sink.put_, errant.offsets, task._offsets.position(ORDERS)


def alone(chain: dict[str, str], given_batches: list[RecordBatch]) -> tuple[list[Any], list[int]]:
    """The same, record by record, each in a batch of its own."""
    chained = pipeline(chain)
    put: list[Any] = []
    errant: list[int] = []
    for batch in given_batches:
        for index in range(len(batch)):
            applied = chained.apply(batch.select([index]))
            put += [row for each in applied.batches for row in _shown(each)]
            errant += applied.failed
    return put, errant


@given(chains(), batches())
@settings(max_examples=60)
def test_any_chain_accounts_for_each_offset_once_and_in_order(
    chain: dict[str, str], given_batches: list[RecordBatch]
) -> None:
    put, errant, position = asyncio.run(delivered(chain, given_batches))
    offsets = [offset for offset, _, _ in put]
    every = [offset for batch in given_batches for offset in batch.offsets]
    event(f"{len(put) > 0} put, {len(errant) > 0} errant, {len(put) + len(errant) < len(every)} filtered")
    assert offsets == sorted(set(offsets))
    assert len(errant) == len(set(errant))
    assert not set(offsets) & set(errant)
    assert {*offsets, *errant} <= set(every)
    assert position == given_batches[-1].next_offset
    assert (put, sorted(errant)) == alone(chain, given_batches)


@given(chains([step for step in STEPS if step not in FILTERS]), batches())
@settings(max_examples=30)
def test_a_chain_without_a_filter_loses_no_record(
    chain: dict[str, str], given_batches: list[RecordBatch]
) -> None:
    put, errant, _ = asyncio.run(delivered(chain, given_batches))
    every = [offset for batch in given_batches for offset in batch.offsets]
    assert sorted([*(offset for offset, _, _ in put), *errant]) == every


@given(st.sampled_from(["true", "false"]), chains(STEPS[3:5], most=2), batches())
@settings(max_examples=20)
def test_a_filter_leaves_out_what_its_predicate_says_and_nothing_else(
    negate: str, routes: dict[str, str], given_batches: list[RecordBatch]
) -> None:
    routes["transforms"] = ",".join([*filter(None, [routes.get("transforms")]), "last"])
    routes |= {
        "transforms.last.type": KAFKA + "Filter",
        "transforms.last.predicate": "marked",
        "transforms.last.negate": negate,
    }
    put, errant, _ = asyncio.run(delivered(routes, given_batches))
    rows = [row for batch in given_batches for row in batch]
    readable = {row.offset for row in rows if _is_json(row.value)}
    marked = {row.offset for row in rows if row.headers == [("mark", b"x")]}
    assert {offset for offset, _, _ in put} == readable & (marked if negate == "true" else readable - marked)
    assert set(errant) == {row.offset for row in rows} - readable


def _is_json(value: bytes | None) -> bool:
    try:
        json.loads(value or b"null")
    except ValueError:
        return False
    return True
