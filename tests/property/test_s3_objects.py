"""Whatever ends objects and names them: every record is stored once, in order, before it is committable."""

from __future__ import annotations

import asyncio
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import or_
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.sinks.s3 import S3Config, S3Sink
from connector.sinks.s3.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.s3.store import ObjectStore

PARTITIONS = [TopicPartition("t", 0), TopicPartition("t", 1)]
START_SECONDS = 1_700_000_000
NAME = "{{topic}}/{{partition}}"
TEMPLATES = [
    NAME + "/{{start_offset}}",
    NAME + "/{{key}}/{{start_offset}}",
    NAME + "/dt={{timestamp:format=yyyy-MM-dd'T'HH}}/{{start_offset}}",
    NAME + "/{{timestamp:unit=mm}}{{timestamp:unit=ss}}/{{start_offset}}",
    NAME + "/kind={{value:kind}}/{{header:h}}/{{start_offset}}",
]


class MemoryStore:
    """What the sink asks of a bucket, in a dictionary; every answer lets others go first."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._uploads: dict[str, dict[int, bytes]] = {}

    async def put_object(self, key: str, _origin: Any, body: bytes) -> None:
        await asyncio.sleep(0)
        assert key not in self.objects, "one object replaced another"
        self.objects[key] = body

    async def create_upload(self, key: str, *_: Any, **__: Any) -> str:
        await asyncio.sleep(0)
        self._uploads[key] = {}
        return key

    async def upload_part(self, key: str, upload: str, number: int, body: bytes, *_: Any, **__: Any) -> Part:
        await asyncio.sleep(0)
        self._uploads[upload][number] = body
        return Part(number, str(number))

    async def complete_upload(
        self, key: str, origin: Any, upload: str, parts: Sequence[Part], size: int
    ) -> None:
        body = b"".join(self._uploads[upload][part.number] for part in parts)
        assert len(body) == size
        await self.put_object(key, origin, body)

    async def abort_upload(self, *_: Any, **__: Any) -> None:
        await asyncio.sleep(0)

    def records(self, partition: TopicPartition) -> list[list[dict[str, Any]]]:
        """The records of each object, in the order of first offsets."""
        start = f"{partition.topic}/{partition.partition}/"
        found = [
            [json.loads(line) for line in gzip.decompress(body).splitlines()]
            for key, body in self.objects.items()
            if key.startswith(start)
        ]
        return sorted(found, key=lambda records: records[0]["offset"])


names: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.fixed_dictionaries({"file.name.template": st.sampled_from(TEMPLATES)}),
    st.just({"aws.s3.prefix": NAME + "/{{utc_date}}/{{timestamp:unit=HH}}/"}),
)
rotations = st.fixed_dictionaries(
    {},
    optional={
        "timestamp.source": st.sampled_from(["wallclock", "event"]),
        "file.name.timestamp.source": st.sampled_from(["wallclock", "event", "field"]),
        "file.max.records": st.integers(1, 7).map(str),
        "file.max.bytes": st.integers(20, 400).map(str),
        "file.max.uncompressed.bytes": st.integers(100, 1000).map(str),
        "file.max.age.ms": st.integers(1, 9000).map(str),
        "file.max.idle.ms": st.integers(1, 5000).map(str),
        "file.max.timespan.ms": st.integers(1, 7_200_000).map(str),
        "file.rotate.schedule.interval.ms": st.integers(1, 9000).map(str),
        "file.rotate.on.commit": st.sampled_from(["true", "false"]),
        "file.max.open.objects": st.integers(1, 4).map(str),
    },
)
drawn = st.tuples(
    st.sampled_from([b"a", b"b", b"c"]),
    st.sampled_from(["x", "y/z", None]),
    st.integers(0, 3 * 3_600_000),
    st.lists(st.tuples(st.just("h"), st.sampled_from([b"1", b"2"])), max_size=1),
)
steps: st.SearchStrategy[tuple[str, TopicPartition, list[Any]]] = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(PARTITIONS), st.lists(drawn, min_size=1, max_size=12)),
    st.tuples(st.sampled_from(["flush", "relieve", "clock"]), st.just(PARTITIONS[0]), st.just([])),
    st.tuples(st.just("wait"), st.just(PARTITIONS[0]), st.just([])),
)


class Run:
    """A sink that is fed, and what should be in its bucket."""

    def __init__(self, options: dict[str, str], context: TaskContext) -> None:
        self.seconds = float(START_SECONDS)
        self.store = MemoryStore()
        self.written = dict.fromkeys(PARTITIONS, 0)
        raw = {
            "aws.access.key.id": "a",
            "aws.secret.access.key": "b",
            "aws.s3.bucket.name": "bucket",
            "delivery.guarantee": "at-least-once",
            "format.output.type": "jsonl",
            "format.output.fields": "offset,key,timestamp,value",
            "file.name.timestamp.field": "at",
            **options,
        }
        self.sink = S3Sink(S3Config.parse(raw), now=lambda: self.seconds)
        self.sink.context = context
        self.sink._store = cast("ObjectStore", self.store)
        self.sink.open(PARTITIONS)

    async def step(self, name: str, partition: TopicPartition, records: list[Any]) -> None:
        match name:
            case "put":
                await self.sink.put(self._batch(partition, records))
            case "flush":
                await self.sink.flush()
            case "relieve":
                await self.sink.relieve()
            case "clock":
                for writer in self.sink._writers.values():
                    await writer.finish_due()
            case "wait":
                self.seconds += 1.7
        self.check_committable()

    def check_committable(self) -> None:
        for partition, offset in self.sink.committable().items():
            stored = {record["offset"] for records in self.store.records(partition) for record in records}
            assert set(range(offset)) <= stored

    def _batch(self, partition: TopicPartition, records: list[Any]) -> RecordBatch:
        first = self.written[partition]
        self.written[partition] += len(records)
        return RecordBatch.of(
            partition,
            [
                Record(first + index, key, {"kind": kind, "at": at}, at, headers)
                for index, (key, kind, at, headers) in enumerate(records)
            ],
        )


@settings(max_examples=150)
@given(st.builds(or_, names, rotations), st.lists(steps, max_size=15))
def test_every_record_is_in_one_object_in_order_and_committable_only_then(
    options: dict[str, str], story: list[tuple[str, TopicPartition, list[Any]]]
) -> None:
    asyncio.run(tell(options, story))


async def tell(options: dict[str, str], story: list[tuple[str, TopicPartition, list[Any]]]) -> None:
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("property", 0, executor)
        run = Run(options, context)
        for step in story:
            await run.step(*step)
            most = int(options.get("file.max.open.objects", "1000"))
            assert sum(writer.open_objects for writer in run.sink._writers.values()) <= most
        await run.sink.close(PARTITIONS)
        run.check_committable()
        for partition in PARTITIONS:
            objects = run.store.records(partition)
            offsets = [[record["offset"] for record in records] for records in objects]
            assert sorted(chain.from_iterable(offsets)) == list(range(run.written[partition]))
            assert all(each == sorted(each) for each in offsets)
            most_records = int(options.get("file.max.records", "0"))
            assert not most_records or all(len(each) <= most_records for each in offsets)
        assert run.sink.buffered_bytes == 0
        await context.cancel_background()
        assert not context.failure.done()
