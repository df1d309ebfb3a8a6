"""Streams of a test server: read back shard by shard, and failing record by record as the service does."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

from connector.testing.proxy import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest

_PROTOCOL = {"content-type", "x-amz-target", "authorization", "x-amz-date", "x-amz-security-token"}


class StoredRecord(NamedTuple):
    """A record as a consumer gets it."""

    partition_key: str
    data: bytes


def create_stream(aws: AwsServer, name: str, shards: int = 1) -> str:
    """The ARN of a stream that is ready."""
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return str(kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"])


def stored_records(aws: AwsServer, name: str) -> dict[str, list[StoredRecord]]:
    """Per shard, what is in the stream, in its order."""
    kinesis = aws.client("kinesis")
    found: dict[str, list[StoredRecord]] = {}
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = found.setdefault(shard["ShardId"], [])
        while answer := kinesis.get_records(ShardIterator=iterator, Limit=10_000):
            records += [StoredRecord(record["PartitionKey"], record["Data"]) for record in answer["Records"]]
            if not answer["Records"]:
                break
            iterator = answer["NextShardIterator"]
    return found


def shard_of(partition_key: str, shards: int) -> int:
    """Which of equal shards a key belongs to (Kinesis developer guide, "Partition key")."""
    return int.from_bytes(hashlib.md5(partition_key.encode()).digest(), "big") * shards >> 128  # noqa: S324


class RecordFaults:
    """A proxy's hook for PutRecords that refuses single records, which moto never does.

    What is refused is taken out of the request before it goes on, so it is not stored; the answer is the
    server's, with the refusals in their places.

    Args:
        target: The server's URL.
        choose: Given the request's records, the error code of each that is refused, by position.
    """

    def __init__(self, target: str, choose: Callable[[list[dict[str, Any]]], dict[int, str]]) -> None:
        self._target = target
        self._choose = choose
        self._lock = threading.Lock()
        self.refused: Counter[str] = Counter()

    async def __call__(self, request: ApiRequest) -> Answer | None:
        sent = json.loads(request.body)
        with self._lock:
            refused = self._choose(sent["Records"])
        if not refused:
            return None
        self.refused.update(refused.values())
        sent["Records"], records = (
            [record for position, record in enumerate(sent["Records"]) if position not in refused],
            len(sent["Records"]),
        )
        answer = await self._forward(request, sent) if sent["Records"] else Answer(200, b'{"Records":[]}')
        if answer.status != 200:  # noqa: PLR2004
            return answer
        results = iter(json.loads(answer.body)["Records"])
        merged = [
            {"ErrorCode": refused[position], "ErrorMessage": "Injected by the test."}
            if position in refused
            else next(results)
            for position in range(records)
        ]
        body = json.dumps({"FailedRecordCount": len(refused), "Records": merged})
        return Answer(200, body.encode(), {"Content-Type": "application/x-amz-json-1.1"})

    async def _forward(self, request: ApiRequest, sent: dict[str, Any]) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name in _PROTOCOL}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._target, data=json.dumps(sent).encode(), headers=headers) as response,
        ):
            return Answer(response.status, await response.read(), {"Content-Type": response.content_type})


def data_of(record: dict[str, Any]) -> bytes:
    """The data of a record in a request."""
    return base64.b64decode(record["Data"])


class UserRecord(NamedTuple):
    """A record within an aggregated one."""

    partition_key: str
    explicit_hash_key: str | None
    data: bytes


def deaggregated(data: bytes, partition_key: str = "") -> list[UserRecord]:
    """What Amazon's module for consumers in Python finds in a record; it needs ``aws-kinesis-agg``.

    Args:
        data: Of the stream's record.
        partition_key: Of the stream's record, which a record has that is not aggregated.
    """
    from aws_kinesis_agg.deaggregator import iter_deaggregate_records  # noqa: PLC0415

    record = {
        "Data": data,
        "PartitionKey": partition_key,
        "SequenceNumber": "0",
        "ApproximateArrivalTimestamp": 0,
    }
    found = (answer["kinesis"] for answer in iter_deaggregate_records([record], data_format="Boto3"))
    return [
        UserRecord(
            user["partitionKey"],
            user.get("explicitHashKey"),
            # It encodes again what it took apart, as Lambda hands records over.
            base64.b64decode(user["data"]) if user.get("aggregated") else user["data"],
        )
        for user in found
    ]
