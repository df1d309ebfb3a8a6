"""The Kinesis sink keeps the contract of messaging sinks, on a real Kinesis protocol."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from connector.record import TopicPartition
from connector.sinks.kinesis import KinesisSink
from connector.testing.contract.messaging import MessagingSinkContract
from connector.testing.kinesis import RecordFaults, create_stream, deaggregated, stored_records

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy


class _KinesisContract(MessagingSinkContract):
    sink_class = KinesisSink
    more: dict[str, str] = {}

    @pytest.fixture(autouse=True)
    def _destination(self, aws: AwsServer, proxy: FaultProxy) -> None:
        self.aws, self.proxy = aws, proxy
        self.stream = f"stream-{uuid.uuid4().hex[:12]}"
        self.to_refuse = 0
        create_stream(aws, self.stream, 2)

    def options(self) -> dict[str, str]:
        return {
            "aws.access.key.id": self.aws.access_key_id,
            "aws.secret.access.key": self.aws.secret_access_key,
            "aws.kinesis.stream": self.stream,
            "aws.kinesis.endpoint": self.proxy.url,
            "aws.kinesis.partition.key": "{{topic}}-{{partition}}",
            "delivery.linger.ms": "1",
            **self.more,
        }

    async def stored(self) -> dict[TopicPartition, list[bytes]]:
        found: dict[TopicPartition, list[bytes]] = {}
        for records in stored_records(self.aws, self.stream).values():
            for record in records:
                found.setdefault(_partition(record.partition_key), []).extend(self.values_in(record.data))
        return found

    def values_in(self, data: bytes) -> list[bytes]:
        return [data]

    def refuse(self, entries: int) -> None:
        self.to_refuse = entries
        self.proxy.on("PutRecords", RecordFaults(self.aws.url, self._choose))

    def _choose(self, records: list[dict[str, Any]]) -> dict[int, str]:
        chosen = range(min(self.to_refuse, len(records)))
        self.to_refuse -= len(chosen)
        return dict.fromkeys(chosen, "InternalFailure")


class TestOneByOne(_KinesisContract):
    pass


class TestAggregated(_KinesisContract):
    more = {"aws.kinesis.aggregation": "kpl"}

    def values_in(self, data: bytes) -> list[bytes]:
        return [user.data for user in deaggregated(data)]


def _partition(partition_key: str) -> TopicPartition:
    topic, _, partition = partition_key.rpartition("-")
    return TopicPartition(topic, int(partition))


del MessagingSinkContract, _KinesisContract
