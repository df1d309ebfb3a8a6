"""The S3 sink's side of the sink contract: one writer per partition, one store for all."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from connector import logs
from connector.check import Checklist
from connector.errors import ConfigError, Problem
from connector.sinks.base import Sink
from connector.sinks.s3.abandonment import abandon
from connector.sinks.s3.check import BucketCheck
from connector.sinks.s3.client import bucket_of, s3_client
from connector.sinks.s3.config import S3Config
from connector.sinks.s3.early import EarlyEnds
from connector.sinks.s3.ledger.upload import S3_LIMITS, Limits
from connector.sinks.s3.ledger_writer import LedgerWriter
from connector.sinks.s3.legal import tells_topics_apart
from connector.sinks.s3.limit import OpenLimit
from connector.sinks.s3.naming import FileNameConfig
from connector.sinks.s3.partition_ledger import PartitionLedger
from connector.sinks.s3.permissions import optional_permissions, permissions
from connector.sinks.s3.store import ObjectStore
from connector.sinks.s3.writer import PartitionWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from connector.aws.clients import AwsClient
    from connector.aws.policy import Statement
    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.base import Committed, OffsetAndMetadata, SinkContext, TwoPhase

log = logs.get(__name__)

_RELIEF_SECONDS = 0.02
_CLOCK_SECONDS = 1.0


class S3Sink(Sink):
    """Delivers records into objects of one bucket."""

    config_class = S3Config

    config: S3Config

    def __init__(
        self,
        config: S3Config,
        *,
        now: Callable[[], float] = time.time,
        limits: Limits = S3_LIMITS,
        client: Callable[[S3Config, SinkContext], AwsClient] = s3_client,
    ) -> None:
        """Take checked options.

        Args:
            config: Them.
            now: The time of day in seconds, by which objects are finished.
            limits: Of part numbers, where S3's are too large.
            client: What sends requests.
        """
        super().__init__(config)
        self._limits = limits
        self._create_client = client
        self._now = now
        self._rotation = config.rotation()
        self._limit = OpenLimit(config.max_open)
        self._clock: asyncio.Task[None] | None = None
        self._writers: dict[TopicPartition, PartitionWriter] = {}
        self._named: dict[str, set[str]] = {}
        """The partitions whose records were put under each name."""
        self._resources = AsyncExitStack()
        self._format = config.create_format()
        self._grouper = config.create_grouper(self._format.suffix)

    @classmethod
    def permissions(cls, config: S3Config, topics: Sequence[str]) -> list[Statement]:
        return permissions(config, topics)

    @classmethod
    def optional_permissions(cls, config: S3Config) -> list[Statement]:
        return optional_permissions(config)

    @property
    def columns(self) -> Collection[str]:
        looked_at = {"values"} if self.config.null_values.lower() != "write" else set()
        if self._rotation.max_span_ms:
            looked_at.add(self._grouper.event_column)
        return self._format.columns | self._grouper.columns | looked_at

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        found = BucketCheck(self.config, context, topics)
        return Checklist(found.checks(), found.identity.hide)

    async def start(self, context: SinkContext) -> None:
        await super().start(context)
        client = self._create_client(self.config, context)
        await self._resources.enter_async_context(client)
        self._store = ObjectStore(client, self.config)
        await bucket_of(self.config).expect(client)
        if self._rotation.has_clock or not self._rotation.on_commit:
            self._clock = context.spawn(self._finish_by_clock())

    @property
    def two_phase(self) -> TwoPhase | None:
        return self if self.config.is_exactly_once else None

    @cached_property
    def _early(self) -> EarlyEnds:
        return EarlyEnds(self.context, self.config.max_open, time.monotonic)

    def open(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._writers[partition] = PartitionWriter(**self._writing())

    def _writing(self) -> dict[str, Any]:
        """What every writer is made of."""
        return {
            "config": self.config,
            "grouper": self._grouper,
            "format_": self._format,
            "store": self._store,
            "context": self.context,
            "limit": self._limit,
            "early": self._early,
            "now": self._now,
        }

    async def put(self, batch: RecordBatch) -> None:
        if writer := self._writers.get(batch.topic_partition):
            self._note_name(batch)
            await writer.put(batch)

    def _note_name(self, batch: RecordBatch) -> None:
        """Stop before an object replaces one of another topic, to which transforms gave the same name."""
        topic, others = batch.topic_partition.topic, self._named.setdefault(batch.topic, set())
        if topic in others:
            return
        if others and not self._tells_topics_apart:
            raise ConfigError([_one_name(batch.topic, {topic, *others})])
        others.add(topic)

    @cached_property
    def _tells_topics_apart(self) -> bool:
        return tells_topics_apart(self.config.create_template(self._format.suffix).text)

    @classmethod
    def check_topics(cls, config: S3Config, names: Mapping[str, str]) -> Iterator[Problem]:
        template = config.create_template(config.create_format().suffix).text
        if tells_topics_apart(template):
            return
        topics_of: defaultdict[str, set[str]] = defaultdict(set)
        for topic, name in names.items():
            topics_of[name].add(topic)
        for name, topics in sorted(topics_of.items()):
            if len(topics) > 1:
                yield _one_name(name, topics)

    async def flush(self) -> None:
        """Finish what is open, or only what is due; then it is visible."""
        if self.two_phase:
            await asyncio.gather(
                *(self._finish(writer) for writer in self._ledger_writers(self._writers).values())
            )
        elif self._rotation.on_commit:
            await self.close(list(self._writers))
        else:
            await asyncio.gather(*(writer.rotate() for writer in self._writers.values()))

    async def relieve(self) -> None:
        """Wait for uploads under way; when mostly unfinished objects fill the memory, free some of it."""
        writers = list(self._writers.values())
        if sum(writer.open_bytes for writer in writers) * 2 > self.buffered_bytes:
            await max(writers, key=lambda writer: writer.open_bytes).relieve()
        await asyncio.sleep(_RELIEF_SECONDS)

    def committable(self) -> Mapping[TopicPartition, int]:
        offsets = {partition: writer.durable_offset for partition, writer in self._writers.items()}
        return {partition: offset for partition, offset in offsets.items() if offset is not None}

    async def close(self, partitions: Collection[TopicPartition]) -> None:
        if self.two_phase is None:
            plain = [self._writers[partition] for partition in partitions if partition in self._writers]
            await asyncio.gather(*(writer.flush() for writer in plain))
            return
        writers = self._ledger_writers(partitions).values()
        await asyncio.gather(*(self._finish(writer) for writer in writers))
        await asyncio.gather(*(writer.stored() for writer in writers))
        if self.context.ends_for_good:
            # What an earlier commit has sealed; there may be nothing to commit after which to wait for it.
            await asyncio.gather(*(writer.settle() for writer in writers))

    async def _finish(self, writer: LedgerWriter) -> None:
        """Before a commit: finish what it is to seal; the rest stays open, for whoever owns it next."""
        if self.context.ends_for_good:
            await writer.taken_over()
        writer.save_tails()
        if self._rotation.on_commit or self.context.ends_for_good:
            await writer.finish_all()
        else:
            await writer.finish_due()

    async def drop(self, partitions: Collection[TopicPartition]) -> None:
        writers = [self._writers.pop(partition) for partition in partitions if partition in self._writers]
        for others in self._named.values():
            others.difference_update(partitions)
        await asyncio.gather(*(writer.drop() for writer in writers))

    # ---- exactly once: Kafka's commit is the commit record ----

    def resume(self, committed: Mapping[TopicPartition, Committed]) -> Mapping[TopicPartition, int]:
        ledgers = {partition: self._ledger(partition, found) for partition, found in committed.items()}
        for partition, ledger in ledgers.items():
            writer = LedgerWriter(ledger, resumes=self._format.resumes, **self._writing())
            self._writers[partition] = writer
            writer.take_over()
        return {
            partition: start for partition, ledger in ledgers.items() if (start := ledger.start) is not None
        }

    def _ledger(self, partition: TopicPartition, committed: Committed) -> PartitionLedger:
        return PartitionLedger(
            partition,
            committed,
            store=self._store,
            context=self.context,
            bucket=self.config.bucket,
            fingerprint=self.config.fingerprint,
            state_prefix=self.config.state_prefix,
            resumes=self._format.resumes,
            limits=self._limits,
            now=self._now,
        )

    async def prepare(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        writers = self._ledger_writers(partitions)
        found = await asyncio.gather(*(writer.prepare() for writer in writers.values()))
        return {partition: what for partition, what in zip(writers, found, strict=True) if what is not None}

    async def accepted(self, committed: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        for partition, writer in self._ledger_writers(committed).items():
            await writer.accepted(committed[partition])

    async def settle(self, partitions: Collection[TopicPartition]) -> None:
        await asyncio.gather(*(writer.settle() for writer in self._ledger_writers(partitions).values()))

    async def renew(self, partition: TopicPartition, topic_id: str) -> None:
        for writer in self._ledger_writers([partition]).values():
            await writer.renew(topic_id)

    def _ledger_writers(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LedgerWriter]:
        return {
            partition: writer
            for partition in partitions
            if isinstance(writer := self._writers.get(partition), LedgerWriter)
        }

    async def offsets_moved(
        self, context: SinkContext, former: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> None:
        """What the former commits announced is over."""
        client = s3_client(self.config, context)
        async with client:
            store = ObjectStore(client, self.config)
            for partition, found in former.items():
                if found.metadata:
                    await abandon(partition, found.metadata, store, self.config.bucket)

    # ---- the end ----

    async def stop(self) -> None:
        if self._clock:
            self._clock.cancel()
        await self.drop(list(self._writers))
        await self._resources.aclose()

    async def _finish_by_clock(self) -> None:
        """Objects of partitions where nothing comes become due, too, and between two commits."""
        while True:
            await asyncio.sleep(_CLOCK_SECONDS)
            for writer in list(self._writers.values()):
                await writer.finish_due()

    @property
    def buffered_bytes(self) -> int:
        return sum(writer.buffered_bytes for writer in self._writers.values())


def _one_name(name: str, topics: Collection[str]) -> Problem:
    return Problem(
        FileNameConfig.name_template.name,
        f"Objects would replace each other: transforms give the topics {' and '.join(sorted(topics))} one"
        f" name, {name}. Add {{{{original_topic}}}} to the template, or give each topic a name of its own.",
    )
