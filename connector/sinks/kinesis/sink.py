"""The Kinesis sink's side of the sink contract: finds streams, sends PutRecords, tells what was not taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import logs
from connector.aws.faults import DENIED, code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Order
from connector.sinks.kinesis.answer import explained, refusals
from connector.sinks.kinesis.check import StreamCheck
from connector.sinks.kinesis.config import KinesisConfig
from connector.sinks.kinesis.entry import EntryMaker
from connector.sinks.kinesis.permissions import permissions
from connector.sinks.kinesis.stream import Stream, parameter
from connector.sinks.messaging.lookup import naming
from connector.sinks.messaging.sink import AwsMessagingSink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.aws.policy import Statement
    from connector.check import Checklist
    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext
    from connector.sinks.dispatch import Entry, Limits, Prepared, Refusal

log = logs.get(__name__)

_CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "Kinesis_20131202.PutRecords"
_NOT_READY, _ENDING = "CREATING", "DELETING"


class KinesisSink(AwsMessagingSink):
    """Delivers records to streams of Kinesis Data Streams."""

    config_class = KinesisConfig
    service = "kinesis"
    operation = "PutRecords"

    config: KinesisConfig

    def __init__(self, config: KinesisConfig) -> None:
        super().__init__(config)
        self._maker = EntryMaker(config, type(self).__name__)
        self._streams: dict[str, Stream] = {}
        """By destination."""

    @classmethod
    def permissions(cls, config: KinesisConfig, topics: Sequence[str]) -> list[Statement]:
        return permissions(config, topics)

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        return StreamCheck(self.config, context, topics).checklist()

    @property
    def columns(self) -> Collection[str]:
        return self._maker.columns

    async def find(self, topic: str) -> str:
        with naming("aws.kinesis.stream", topic):
            destination = self.config.stream_of(topic)
        if destination not in self._streams:
            stream = await self._find(destination)
            _fit(self.config, stream)
            self._streams[destination] = stream
        return destination

    async def _find(self, destination: str) -> Stream:
        try:
            with explained():
                answer = await self.client.call_once(
                    "DescribeStreamSummary", "describe_stream_summary", destination, **parameter(destination)
                )
        except AccessError as error:
            if code_of(error) not in DENIED:
                raise
            log.warning(
                "stream not described, so records of up to 1 MiB are sent, and partition keys taken to keep"
                " order",
                stream=destination,
                error=str(error),
            )
            return Stream(destination)
        summary = answer["StreamDescriptionSummary"]
        _expect_ready(destination, summary)
        stream = Stream.described(destination, summary)
        _tell(stream, summary)
        return stream

    def prepare(self, batch: RecordBatch) -> Prepared:
        destination = self.destinations[batch.topic]
        return self._maker.prepare(batch, self._streams[destination])

    def limits(self, destination: str) -> Limits:
        return self._streams[destination].limits

    async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        named = parameter(destination)
        ((name, value),) = named.items()
        head = f'{{"{name}":"{value}","Records":['.encode()
        with explained():
            answer = await self.post(
                operation=self.operation,
                body=b"".join((head, b",".join([entry.payload for entry in entries]), b"]}")),
                content_type=_CONTENT_TYPE,
                resource=destination,
                target=_TARGET,
                parameters=named,
            )
        return refusals(answer, len(entries), destination)


def _expect_ready(destination: str, summary: Mapping[str, Any]) -> None:
    """UPDATING streams take records."""
    status = summary.get("StreamStatus")
    if status == _NOT_READY:
        raise RetriableError(
            f"The stream {destination} is being created: waiting until it is ACTIVE",
            code=ErrorCode.DESTINATION_NOT_READY,
        )
    if status == _ENDING:
        raise AccessError(
            f"The stream {destination} is being deleted",
            remedy="create it anew, or correct aws.kinesis.stream",
            code=ErrorCode.KINESIS_STREAM_MISSING,
        )


def _fit(config: KinesisConfig, stream: Stream) -> None:
    """Refuse what the user asks for and this stream cannot keep."""
    if not stream.spreads_by_itself:
        return
    strategy = f"The stream {stream.destination} has the record distribution strategy AUTO"
    if config.order in {Order.KEY, Order.PARTITION}:
        raise AccessError(
            f"{strategy}, which keeps no order, and delivery.order is {config.order}",
            remedy="set delivery.order to none, or the strategy to USER_PARTITION_KEY",
            code=ErrorCode.KINESIS_STREAM_KEEPS_NO_ORDER,
        )
    if config.aggregates:
        raise AccessError(
            f"{strategy}, and aws.kinesis.aggregation is kpl: the Kinesis Client Library drops records on"
            " shards that their keys do not belong to",
            remedy="set aws.kinesis.aggregation to none, or the strategy to USER_PARTITION_KEY",
            code=ErrorCode.KINESIS_STREAM_KEEPS_NO_ORDER,
        )


def _tell(stream: Stream, summary: Mapping[str, Any]) -> None:
    log.info(
        "stream found",
        stream=stream.destination,
        mode=summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED"),
        shards=summary.get("OpenShardCount"),
        record_bytes=stream.record_bytes,
        kms_key=summary.get("KeyId"),
    )
    if stream.spreads_by_itself:
        log.warning(
            "the stream spreads records by itself (AUTO): partition keys and explicit hash keys choose no"
            " shard, and records of one key are in no order",
            stream=stream.destination,
        )
