"""Checks of streams that write nothing: are they there and ready, would a record be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.faults import DENIED, code_of
from connector.aws.partition import region_of_endpoint
from connector.check import Check, failed, ok, skipped, warning
from connector.error_codes import ErrorCode
from connector.errors import AccessError
from connector.sinks.kinesis.answer import explained
from connector.sinks.kinesis.stream import Stream, parameter
from connector.sinks.messaging.check import MOST_DESTINATIONS, DestinationCheck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.kinesis.config import KinesisConfig

ENDPOINT = "Kinesis endpoint"
STREAM = "Kinesis stream"
WRITE = "Kinesis write to"

_DRY = "DryRunOperationException"


class StreamCheck(DestinationCheck):
    """The checks of a Kinesis sink."""

    title = ENDPOINT
    endpoint_option = "aws.kinesis.endpoint"

    def __init__(self, config: KinesisConfig, context: SinkContext, topics: Sequence[str]) -> None:
        """Args: ``topics`` are those whose streams are tried; of a pattern only fixed streams are."""
        super().__init__(config, "kinesis", context)
        self._config = config
        self._topics = topics

    def of_destinations(self, asked: tuple[str, ...]) -> list[Check]:
        streams = self._streams()
        return [
            *([] if streams else [Check(STREAM, self._unknown)]),
            *(
                check
                for stream in streams
                for check in (
                    Check(f"{STREAM} {stream}", self._described(stream), asked),
                    Check(f"{WRITE} {stream}", self._tried(stream), (*asked, f"{STREAM} {stream}")),
                )
            ),
        ]

    def _streams(self) -> list[str]:
        if not self._topics and "{{" in self._config.stream:
            return []
        found = dict.fromkeys(self._config.stream_of(topic) for topic in self._topics or ["any"])
        return list(found)[:MOST_DESTINATIONS]

    async def _unknown(self) -> Finding:
        return skipped("not tried: aws.kinesis.stream depends on topics of which only a pattern is known")

    # ---- each check ----

    def _described(self, stream: str) -> Callable[[], Awaitable[Finding]]:
        return lambda: self._describe(stream)

    async def _describe(self, stream: str) -> Finding:
        try:
            with explained():
                async with self.client() as client:
                    answer = await client.call_once(
                        "DescribeStreamSummary", "describe_stream_summary", stream, **parameter(stream)
                    )
        except AccessError as error:
            if code_of(error) in DENIED:
                return warning(
                    f"{error.fact}: the connector takes records of up to 1 MiB to be allowed", error.remedy
                )
            raise
        return self._finding(stream, answer["StreamDescriptionSummary"])

    def _finding(self, name: str, summary: dict[str, Any]) -> Finding:
        status = summary.get("StreamStatus")
        if status not in {"ACTIVE", "UPDATING"}:
            return failed(
                f"the stream {name} is {status}",
                "wait until it is ACTIVE, or create it anew",
                code=ErrorCode.DESTINATION_NOT_READY,
            )
        stream = Stream.described(name, summary)
        detail = (
            f"{name} is {status} with {summary.get('OpenShardCount')} shard(s), records of up to"
            f" {stream.record_bytes} bytes"
        )
        if key := summary.get("KeyId"):
            detail += f", encrypted with {key}, which needs kms:GenerateDataKey"
        if not stream.spreads_by_itself:
            return ok(detail)
        asks = [
            option
            for option, is_asked in (
                ("delivery.order", self._config.order in {"key", "partition"}),
                ("aws.kinesis.aggregation", self._config.aggregates),
            )
            if is_asked
        ]
        detail += "; its record distribution strategy is AUTO, so that records of one key are in no order"
        if asks:
            return failed(
                f"{detail}, which {' and '.join(asks)} cannot do with",
                f"set {' and '.join(asks)} to none, or the strategy to USER_PARTITION_KEY",
                code=ErrorCode.KINESIS_STREAM_KEEPS_NO_ORDER,
            )
        return warning(detail, "set the strategy to USER_PARTITION_KEY if order matters")

    def _tried(self, stream: str) -> Callable[[], Awaitable[Finding]]:
        return lambda: self._try(stream)

    async def _try(self, stream: str) -> Finding:
        """PutRecords with DryRun, on Kinesis itself only: whoever does not know the flag would write."""
        if self._endpoint is not None and region_of_endpoint(self._endpoint) is None:
            return skipped(
                "not tried: whether a server that is not Amazon's honours DryRun is not known, and without it"
                " a record would be written"
            )
        try:
            async with self.client() as client:
                await client.call_once(
                    "PutRecords",
                    "put_records",
                    stream,
                    Records=[{"Data": b"connector check", "PartitionKey": "connector-check"}],
                    DryRun=True,
                    **parameter(stream),
                )
        except AccessError as error:
            if code_of(error) == _DRY:
                return ok(f"kinesis:PutRecords on {stream} is allowed")
            raise
        return warning(f"{stream} took the record of a dry run: it has one record of this check", "")
