"""The S3 sink keeps the sink contract, on a real S3 protocol."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from connector.record import TopicPartition
from connector.sinks.s3 import S3Sink
from connector.testing.contract.sinks import SinkContract

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer


class _S3Contract(SinkContract):
    sink_class = S3Sink
    compression = "none"
    more: dict[str, str] = {}

    @pytest.fixture(autouse=True)
    def _destination(self, aws: AwsServer, bucket: str) -> None:
        self.aws, self.bucket = aws, bucket

    def options(self) -> dict[str, str]:
        return {
            "aws.access.key.id": self.aws.access_key_id,
            "aws.secret.access.key": self.aws.secret_access_key,
            "aws.s3.bucket.name": self.bucket,
            "delivery.guarantee": "at-least-once",
            "aws.s3.endpoint": self.aws.url,
            "format.output.fields": "value",
            "format.output.fields.value.encoding": "none",
            "file.compression.type": self.compression,
            "file.name.template": "{{topic}}/{{partition}}/{{start_offset:padding=true}}",
            **self.more,
        }

    async def stored(self) -> dict[TopicPartition, list[bytes]]:
        found: dict[TopicPartition, list[bytes]] = {}
        for key, data in sorted(self.aws.objects(self.bucket).items()):
            topic, partition, _ = key.split("/")
            lines = (gzip.decompress(data) if self.compression == "gzip" else data).split(b"\n")
            found.setdefault(TopicPartition(topic, int(partition)), []).extend(lines)
        return found


class TestPlainObjects(_S3Contract):
    pass


class TestGzipObjects(_S3Contract):
    compression = "gzip"


class TestSmallObjects(_S3Contract):
    more = {"file.max.records": "7"}


del SinkContract, _S3Contract
