"""The EventBridge sink's side of the messaging contract: find the bus, make entries, send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector import logs
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError
from connector.sinks.dispatch import Limits
from connector.sinks.eventbridge.answer import refusals, refusals_of, too_large_told
from connector.sinks.eventbridge.bus import legal_bus
from connector.sinks.eventbridge.check import BusCheck
from connector.sinks.eventbridge.config import EventBridgeConfig
from connector.sinks.eventbridge.entries import EntryMaker, JsonWriter
from connector.sinks.eventbridge.finder import UNNOTICED, find_bus
from connector.sinks.eventbridge.legal import REQUEST_BYTES, REQUEST_ENTRIES
from connector.sinks.eventbridge.permissions import permissions
from connector.sinks.eventbridge.second import LIMITS, SERVICE, SecondWriter, request
from connector.sinks.messaging.answer import of_request
from connector.sinks.messaging.lookup import naming
from connector.sinks.messaging.sink import AwsMessagingSink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.aws.policy import Statement
    from connector.check import Checklist
    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext
    from connector.sinks.dispatch import Entry, Prepared, Refusal

log = logs.get(__name__)

_CLASSIC_LIMITS = Limits(entries=REQUEST_ENTRIES, request_bytes=REQUEST_BYTES, entry_bytes=REQUEST_BYTES)
_CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "AWSEvents.PutEvents"


class EventBridgeSink(AwsMessagingSink):
    """Delivers each record as an event."""

    config_class = EventBridgeConfig
    service: ClassVar[str] = "events"
    operation = "PutEvents"

    config: EventBridgeConfig

    def __init__(self, config: EventBridgeConfig) -> None:
        super().__init__(config)
        if config.is_second:
            self.service = SERVICE  # type: ignore[misc] # one class for both kinds of bus
        self._found: set[str] = set()
        self._maker = self._make_maker(config.raw.get("name") or "")

    @classmethod
    def permissions(cls, config: EventBridgeConfig, topics: Sequence[str]) -> list[Statement]:
        return permissions(config, topics)

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        return BusCheck(self.config, self.service, context, topics).checklist()

    @property
    def columns(self) -> Collection[str]:
        return self._maker.columns

    async def start(self, context: SinkContext) -> None:
        self._maker = self._make_maker(context.connector)
        self._found.clear()
        await super().start(context)

    async def find(self, topic: str) -> str:
        bus = self.config.bus_expression.of_topic(topic)
        with naming("aws.eventbridge.bus", topic):
            legal_bus(bus)
        if fault := self._maker.topic_fault(topic):
            raise AccessError(
                f"The topic {topic} cannot be delivered: {fault}.", code=ErrorCode.DESTINATION_UNNAMED
            )
        if bus not in self._found:
            if denial := await find_bus(self.client, self.config, bus):
                log.warning(
                    "bus not looked for", bus=bus, reason=str(denial), code=denial.code, consequence=UNNOTICED
                )
            self._found.add(bus)
        return bus

    def limits(self, destination: str) -> Limits:  # noqa: ARG002 - the same for each bus
        return LIMITS if self.config.is_second else _CLASSIC_LIMITS

    def prepare(self, batch: RecordBatch) -> Prepared:
        return self._maker.prepare(batch, self.destinations[batch.topic])

    async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        if self.config.is_second:
            return await self._send_to_second(destination, entries)
        body = b'{"Entries":[%b]}' % b",".join([entry.payload for entry in entries])
        with too_large_told():
            answer = await self.post(
                operation=self.operation,
                body=body,
                content_type=_CONTENT_TYPE,
                resource=destination,
                target=_TARGET,
            )
        return refusals(answer, len(entries), destination)

    async def _send_to_second(self, bus: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        parameters = request(self.config, bus, [entry.payload for entry in entries])
        try:
            answer = await self.client.call_once(self.operation, "put_events", bus, **parameters)
        except ConnectorError as error:
            if (meant := of_request(error)) is error:
                raise
            raise meant from error
        return refusals_of(answer.get("Entries") or (), len(entries), bus)

    def _make_maker(self, connector: str) -> EntryMaker:
        writer: Any = SecondWriter(self.config) if self.config.is_second else JsonWriter()
        return EntryMaker(self.config, writer, connector, type(self).__name__)
