"""What open objects hold, and the order in which finished ones become visible; the bucket is a dictionary."""

from __future__ import annotations

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.context import TaskContext
from connector.sinks.s3 import S3Config, S3Sink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connector.sinks.s3.store import ObjectStore

PARTITION = TopicPartition("t", 0)


class SlowFirst:
    """A bucket that takes the first object last, if it may."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._requests = 0

    async def put_object(self, key: str, _origin: Any, body: bytes) -> None:
        self._requests += 1
        await asyncio.sleep(0.05 if self._requests == 1 else 0)
        self.objects[key] = body


@asynccontextmanager
async def a_sink(store: SlowFirst, **options: str) -> AsyncIterator[S3Sink]:
    raw = {
        "aws.access.key.id": "a",
        "aws.secret.access.key": "b",
        "aws.s3.bucket.name": "bucket",
        "delivery.guarantee": "at-least-once",
        "format.output.type": "jsonl",
        "format.output.fields": "value",
        **{name.replace("_", "."): value for name, value in options.items()},
    }
    with ThreadPoolExecutor(1) as executor:
        sink = S3Sink(S3Config.parse(raw))
        sink.context = context = TaskContext("unit", 0, executor)
        sink._store = cast("ObjectStore", store)
        sink.open([PARTITION])
        yield sink
        await sink.close([PARTITION])
        await context.cancel_background()


def batch(first: int, *records: tuple[bytes, bytes]) -> RecordBatch:
    return RecordBatch.of(
        PARTITION, [Record(first + index, key, value, 0) for index, (key, value) in enumerate(records)]
    )


async def test_of_objects_with_one_key_the_last_stays_however_slow_the_first_is() -> None:
    store = SlowFirst()
    async with a_sink(store, file_name_template="{{key}}", file_compression_type="none") as sink:
        await sink.put(batch(0, (b"a", b"old")))
        await sink._writers[PARTITION].finish_all()
        await sink.put(batch(1, (b"a", b"new")))
        await sink.flush()
        (body,) = store.objects.values()
        assert base64.b64decode(json.loads(body)["value"]) == b"new"


async def test_of_many_open_objects_few_hold_the_tables_of_their_compressors() -> None:
    template = "{{topic}}/{{partition}}/{{key}}/{{start_offset}}"
    async with a_sink(SlowFirst(), file_name_template=template) as sink:
        large = bytes(range(256)).hex().encode() * 512
        await sink.put(batch(0, *((b"%d" % key, large) for key in range(100))))
        writer = sink._writers[PARTITION]
        framed = sum(found.has_frame for found in writer._open.values())
        assert writer.open_objects == 100
        assert 0 < framed * writer._open._tables_bytes <= 8 * 1024 * 1024
