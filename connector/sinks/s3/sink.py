"""The S3 sink's side of the sink contract: one writer per partition, one store for all."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from connector.check import Checklist
from connector.sinks.base import Sink
from connector.sinks.s3.check import BucketCheck
from connector.sinks.s3.config import S3Config
from connector.sinks.s3.permissions import permissions
from connector.sinks.s3.store import ObjectStore, s3_client
from connector.sinks.s3.writer import PartitionWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.aws.policy import Statement
    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.base import SinkContext

_RELIEF_SECONDS = 0.02


class S3Sink(Sink):
    """Delivers records into objects of one bucket."""

    config_class = S3Config

    config: S3Config

    def __init__(self, config: S3Config) -> None:
        super().__init__(config)
        self._writers: dict[TopicPartition, PartitionWriter] = {}
        self._resources = AsyncExitStack()
        self._format = config.create_format()
        self._grouper = config.create_grouper(self._format.suffix)

    @classmethod
    def permissions(cls, config: S3Config, topics: Sequence[str]) -> list[Statement]:
        return permissions(config, topics)

    @property
    def columns(self) -> Collection[str]:
        looked_at = {"values"} if self.config.null_values.lower() != "write" else set()
        return self._format.columns | self._grouper.columns | looked_at

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        found = BucketCheck(self.config, context, topics)
        return Checklist(found.checks(), found.identity.hide)

    async def start(self, context: SinkContext) -> None:
        await super().start(context)
        client = s3_client(self.config, context)
        await self._resources.enter_async_context(client)
        self._store = ObjectStore(client, self.config)
        await self._store.check()

    def open(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._writers[partition] = PartitionWriter(
                self.config,
                grouper=self._grouper,
                format_=self._format,
                store=self._store,
                context=self.context,
            )

    async def put(self, batch: RecordBatch) -> None:
        if writer := self._writers.get(batch.topic_partition):
            await writer.put(batch)

    async def flush(self) -> None:
        await self.close(list(self._writers))

    async def relieve(self) -> None:
        """Wait for uploads under way; when mostly unfinished objects fill the memory, finish the largest."""
        writers = list(self._writers.values())
        if sum(writer.open_bytes for writer in writers) * 2 > self.buffered_bytes:
            await max(writers, key=lambda writer: writer.open_bytes).finish_largest()
        await asyncio.sleep(_RELIEF_SECONDS)

    def committable(self) -> Mapping[TopicPartition, int]:
        offsets = {partition: writer.durable_offset for partition, writer in self._writers.items()}
        return {partition: offset for partition, offset in offsets.items() if offset is not None}

    async def close(self, partitions: Collection[TopicPartition]) -> None:
        writers = [self._writers[partition] for partition in partitions if partition in self._writers]
        await asyncio.gather(*(writer.flush() for writer in writers))

    async def drop(self, partitions: Collection[TopicPartition]) -> None:
        writers = [self._writers.pop(partition) for partition in partitions if partition in self._writers]
        await asyncio.gather(*(writer.drop() for writer in writers))

    async def stop(self) -> None:
        await self.drop(list(self._writers))
        await self._resources.aclose()

    @property
    def buffered_bytes(self) -> int:
        return sum(writer.buffered_bytes for writer in self._writers.values())
