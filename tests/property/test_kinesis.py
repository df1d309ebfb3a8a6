"""Whatever the records: every request to Kinesis is legal, as counted anew here, and none is missing."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from connector.record import Record, RecordBatch, TopicPartition
from connector.retry import Backoff
from connector.runtime.context import TaskContext
from connector.sinks.dispatch.concurrency import Concurrency
from connector.sinks.dispatch.dispatcher import Dispatcher
from connector.sinks.kinesis import KinesisConfig
from connector.sinks.kinesis.answer import refusals
from connector.sinks.kinesis.entry import EntryMaker
from connector.sinks.kinesis.stream import Stream
from connector.testing.kinesis import deaggregated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.sinks.dispatch import Entry, Limits, Refusal

PARTITION = TopicPartition("orders", 3)
RECORD_BYTES, REQUEST_BYTES, REQUEST_RECORDS = 1000, 3000, 7

keys = st.one_of(st.none(), st.sampled_from(["a", "b", "ü", "", "x" * 256, "é" * 257]), st.binary(max_size=3))
values = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"y" * 700, b"z" * 200]))
options = st.fixed_dictionaries(
    {},
    optional={
        "aws.kinesis.partition.key": st.sampled_from(["{{key}}", "{{topic}}", "{{key}}{{offset}}", "random"]),
        "aws.kinesis.explicit.hash.key": st.sampled_from(["partition", "{{offset}}", "0"]),
        "aws.kinesis.aggregation": st.just("kpl"),
        "delivery.order": st.sampled_from(["none", "partition"]),
    },
)


class Kinesis:
    """A stream in memory with the rules of PutRecords, which refuses records as it is told."""

    def __init__(self, refuse: Sequence[bool]) -> None:
        self._refuse = iter(refuse)
        self.stored: list[tuple[str, bytes]] = []

    def put_records(self, body: bytes) -> bytes:
        sent = json.loads(body)["Records"]
        assert 1 <= len(sent) <= REQUEST_RECORDS
        total = 0
        results: list[dict[str, Any]] = []
        for record in sent:
            assert record.keys() <= {"Data", "PartitionKey", "ExplicitHashKey"}
            data, key = base64.b64decode(record["Data"], validate=True), record["PartitionKey"]
            assert 1 <= len(key) <= 256
            if (hash_key := record.get("ExplicitHashKey")) is not None:
                assert re.fullmatch(r"0|[1-9]\d{0,38}", hash_key)
                assert int(hash_key) < 2**128
            size = len(data) + len(key.encode())
            assert size <= RECORD_BYTES
            total += size
            if next(self._refuse, False):
                results.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": ""})
            else:
                self.stored.append((key, data))
                results.append({"SequenceNumber": str(len(self.stored)), "ShardId": "shardId-000000000000"})
        assert total <= REQUEST_BYTES
        return json.dumps({"Records": results, "FailedRecordCount": 0}).encode()


class Small(Stream):
    """A stream of small limits, so that a few records reach them."""

    @property
    def limits(self) -> Limits:
        return replace(super().limits, entries=REQUEST_RECORDS, request_bytes=REQUEST_BYTES)


@given(
    st.lists(st.tuples(keys, values), min_size=1, max_size=60), options, st.lists(st.booleans(), max_size=20)
)
def test_every_request_is_legal_and_every_record_arrives_in_order(
    given_records: list[tuple[Any, bytes]], more: dict[str, str], refuse: list[bool]
) -> None:
    stream, kinesis = Small("orders", RECORD_BYTES), Kinesis(refuse)
    if "aws.kinesis.aggregation" in more:
        more = {**more, "aws.kinesis.aggregation.max.bytes": "400"}
    config = KinesisConfig.parse({"aws.kinesis.stream": "orders", **more})
    # The offset leads the value, so that records can be told apart.
    records = [
        Record(offset, key, b"%d:" % offset + value) for offset, (key, value) in enumerate(given_records)
    ]
    prepared = EntryMaker(config, "KinesisSink").prepare(RecordBatch.of(PARTITION, records), stream)
    assert not prepared.failed

    async def send(_destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        await asyncio.sleep(0)
        body = b'{"Records":[' + b",".join(entry.payload for entry in entries) + b"]}"
        return refusals(kinesis.put_records(body), len(entries), "orders")

    async def deliver() -> None:
        with ThreadPoolExecutor(1) as executor:
            dispatcher = Dispatcher(
                send,
                lambda _: stream.limits,
                TaskContext("property", 0, executor),
                operation="PutRecords",
                origin="KinesisSink",
                linger_seconds=0,
                backoff=Backoff(0.0005, 0.001),
                concurrency=Concurrency(4),
            )
            dispatcher.open([PARTITION])
            progress = dispatcher.progress(PARTITION)
            assert progress is not None
            dispatcher.take(progress, prepared.entries, len(records))
            async with asyncio.timeout(60):
                await dispatcher.drained([PARTITION])
            assert dispatcher.committable() == {PARTITION: len(records)}

    asyncio.run(deliver())
    arrived = [(key, user.data) for key, data in kinesis.stored for user in deaggregated(data)]
    assert sorted(data for _, data in arrived) == sorted(record.value for record in records)
    by_key: dict[str, list[int]] = defaultdict(list)
    for key, data in arrived:
        by_key["" if config.order == "partition" else key].append(int(data.partition(b":")[0]))
    if config.order != "none":
        assert all(offsets == sorted(offsets) for offsets in by_key.values()), by_key
