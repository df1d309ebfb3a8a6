"""Whatever the records: every request is one that SNS takes, counted anew from the bytes that were posted."""

from __future__ import annotations

import asyncio
import base64
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.record import Record, RecordBatch, TopicPartition
from connector.retry import Backoff
from connector.runtime.context import TaskContext
from connector.sinks.sns import SnsConfig, SnsSink, form
from connector.sinks.sns.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.errors import RecordError
    from connector.sinks.dispatch import Prepared

PARTITION = TopicPartition("orders", 0)
ARN = "arn:aws:sns:eu-north-1:123456789012:orders"
Message = dict[str, str]


class Config(SnsConfig):
    @property
    def backoff(self) -> Backoff:
        return Backoff(0.0005, 0.002)


class WithoutNetwork(SnsSink):
    """The sink in front of an SNS in memory that refuses some entries, by chance."""

    config_class = Config
    most_bytes = 1024

    def __init__(self, config: SnsConfig, seed: int, trouble: float) -> None:
        super().__init__(config)
        self._chance = random.Random(seed)
        self._trouble = trouble
        self.requests: list[list[Message]] = []
        self.taken: list[Message] = []

    async def find(self, topic: str) -> str:
        arn = self.config.arn_for(topic)
        self._topics[arn], self._heads[arn] = Topic(arn, self.most_bytes), form.head(arn)
        return arn

    async def post(
        self,
        *,
        operation: str,
        body: bytes,
        content_type: str,
        resource: str,
        target: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> bytes:
        await asyncio.sleep(self._chance.choice([0, 0, 0.001]))
        entries = read(body)
        self.requests.append(entries)
        successful, failed = "", ""
        for entry in entries:
            if self._chance.random() < self._trouble:
                code = self._chance.choice(["InternalError", "Throttled"])
                failed += f"<member><Id>{entry['Id']}</Id><Code>{code}</Code></member>"
            else:
                self.taken.append(entry)
                successful += f"<member><Id>{entry['Id']}</Id><MessageId>m</MessageId></member>"
        return (
            "<PublishBatchResponse><PublishBatchResult>"
            f"<Successful>{successful}</Successful><Failed>{failed}</Failed>"
            "</PublishBatchResult></PublishBatchResponse>"
        ).encode()


def read(body: bytes) -> list[Message]:
    """The entries of a request, as a server reads them."""
    entries: dict[int, Message] = {}
    for name, text in parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True):
        if name.startswith("PublishBatchRequestEntries.member."):
            _, _, number, rest = name.split(".", 3)
            entries.setdefault(int(number), {})[rest] = text
        else:
            assert (name, text) in {
                ("Action", "PublishBatch"),
                ("Version", "2010-03-31"),
                ("TopicArn", ARN),
                ("TopicArn", f"{ARN}.fifo"),
            }
    assert sorted(entries) == list(range(1, len(entries) + 1))
    return [entries[number] for number in sorted(entries)]


def counted(entry: Message) -> int:
    """API reference, PublishBatch: each message's body and attributes, that is name, type and value."""
    size = len(entry["Message"].encode())
    for name, text in entry.items():
        if name.startswith("MessageAttributes."):
            size += len(base64.b64decode(text) if name.endswith("BinaryValue") else text.encode())
    return size


class Context(TaskContext):
    async def errant(self, partition: TopicPartition, failed: Mapping[int, RecordError]) -> None:
        raise AssertionError("SNS refused nothing for good")


texts = st.text(max_size=40).map(str.encode)
headers = st.lists(
    st.tuples(st.sampled_from(["a", "b", "raw", "..", "n"]), st.none() | st.binary(max_size=30) | texts),
    max_size=12,
)
values = st.none() | st.binary(max_size=400) | texts | st.integers(900, 1100).map(lambda size: b"x" * size)
rows = st.lists(
    st.tuples(st.none() | st.sampled_from([b"k1", b"k2", "ключ".encode()]), values, headers),
    min_size=1,
    max_size=40,
)
configs = st.fixed_dictionaries(
    {
        "aws.sns.topic.arn": st.sampled_from([ARN, f"{ARN}.fifo"]),
        "message.body": st.sampled_from(["value", "envelope", "base64"]),
        "message.illegal.characters": st.sampled_from(["replace", "base64", "fail"]),
        "behavior.on.null.values": st.sampled_from(["fail", "skip", "envelope"]),
        "oversize.policy": st.sampled_from(["fail", "skip"]),
        "message.attributes.headers": st.sampled_from(["", "a,b", "*"]),
        "message.attributes.overflow": st.sampled_from(["fail", "drop"]),
        "delivery.linger.ms": st.just("0"),
    }
)


PLAIN = {"aws.sns.topic.arn": ARN, "message.body": "value", "delivery.linger.ms": "5"}


@settings(max_examples=25)
@example(raw=PLAIN, content=[(None, b"small", [])] * 35, seed=0, trouble=0.0)
@example(raw=PLAIN, content=[(None, b"x" * 400, [])] * 35, seed=0, trouble=0.0)
@given(raw=configs, content=rows, seed=st.integers(0, 2**16), trouble=st.sampled_from([0.0, 0.3]))
def test_every_request_is_legal_and_every_record_accounted_for(
    raw: dict[str, str], content: list[Any], seed: int, trouble: float
) -> None:
    async def run() -> None:
        with ThreadPoolExecutor(1) as executor:
            keys = {"aws.access.key.id": "a", "aws.secret.access.key": "b"}
            types = {"message.attributes.types": "raw:Binary"}
            sink = WithoutNetwork(Config.parse({**raw, **keys, **types}), seed, trouble)
            context = Context("property", 0, executor, topics=["orders"])
            await sink.start(context)
            sink.open([PARTITION])
            records = [
                Record(offset, key, value, None, found) for offset, (key, value, found) in enumerate(content)
            ]
            batch = RecordBatch.of(PARTITION, records)
            prepared = sink.prepare(batch)
            oversize = {entry.offset for entry in prepared.entries if entry.size_bytes > sink.most_bytes}
            failed = set(prepared.failed) | oversize
            good = batch.select([offset for offset in range(len(batch)) if offset not in failed])
            await sink.put(good)
            async with asyncio.timeout(60):
                await sink.close([PARTITION])
            assert_accounted_for(sink, prepared, failed, len(records))
            await sink.stop()
            assert_legal(sink)
            await context.cancel_background()

    asyncio.run(run())


def assert_accounted_for(sink: WithoutNetwork, prepared: Prepared, failed: set[int], records: int) -> None:
    assert len(sink.taken) + len(failed) + sum(prepared.passed_over.values()) == records
    assert sink.committable() == {PARTITION: records}


def assert_legal(sink: WithoutNetwork) -> None:
    is_fifo = sink.config.names_fifo
    for request in sink.requests:
        assert 1 <= len(request) <= 10
        assert len({entry["Id"] for entry in request}) == len(request)
        assert sum(map(counted, request)) <= sink.most_bytes
        groups = [entry["MessageGroupId"] for entry in request if is_fifo]
        assert len(set(groups)) == len(groups), "SNS may refuse the first of a group and take the second"
        for entry in request:
            assert entry["Message"]
            assert all(character >= " " or character in "\t\n\r" for character in entry["Message"])
    if is_fifo:
        ids = [entry["MessageDeduplicationId"] for entry in sink.taken]
        assert len(set(ids)) == len(ids)
        latest: dict[str, int] = {}
        for entry in sink.taken:
            offset = int(entry["MessageDeduplicationId"].rpartition("-")[2])
            assert latest.get(entry["MessageGroupId"], -1) < offset
            latest[entry["MessageGroupId"]] = offset
