"""The SQS sink's side of the sink contract: a queue for each topic, a request for ten messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connector.aws.faults import code_of
from connector.errors import AccessError
from connector.sinks.dispatch import Limits, Refusal, RequestTooLargeError, Verdict
from connector.sinks.messaging.answer import simple_code
from connector.sinks.messaging.sink import AwsMessagingSink
from connector.sinks.sqs.answer import OPERATION, refusals
from connector.sinks.sqs.check import QueueCheck
from connector.sinks.sqs.config import SqsConfig
from connector.sinks.sqs.entry import EntryMaker
from connector.sinks.sqs.lookup import find_queue
from connector.sinks.sqs.permissions import permissions
from connector.sinks.sqs.queue import MOST_BYTES, Queue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.aws.policy import Statement
    from connector.check import Checklist
    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext
    from connector.sinks.dispatch import Entry, Prepared

MOST_ENTRIES = 10
_HEADS = tuple(b'{"Id":"%d",' % position for position in range(MOST_ENTRIES))
_CONTENT_TYPE = "application/x-amz-json-1.0"
_BAD_CONTENT = "InvalidMessageContents"


class SqsSink(AwsMessagingSink):
    """Delivers records as messages of SQS queues."""

    config_class = SqsConfig
    operation = OPERATION
    service = "sqs"

    config: SqsConfig

    def __init__(self, config: SqsConfig) -> None:
        super().__init__(config)
        self._queues: dict[str, Queue] = {}
        self._maker = EntryMaker(config, type(self).__name__)

    @classmethod
    def permissions(cls, config: SqsConfig, topics: Sequence[str]) -> list[Statement]:
        return permissions(config, topics)

    @property
    def columns(self) -> Collection[str]:
        return self._maker.columns

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        return QueueCheck(self.config, context, topics).checklist()

    async def find(self, topic: str) -> str:
        queue = await find_queue(self.client, self.config, topic)
        self._queues[queue.url] = queue
        return queue.url

    def limits(self, destination: str) -> Limits:
        """Of a request all entries count together, whatever the queue allows for one."""
        return Limits(MOST_ENTRIES, MOST_BYTES, self._queues[destination].most_bytes)

    def prepare(self, batch: RecordBatch) -> Prepared:
        url = self.destinations[batch.topic]
        return self._maker.prepare(batch, self._queues[url])

    async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        queue = self._queues[destination]
        try:
            answer = await self.post(
                operation=OPERATION,
                body=request_body(destination, entries),
                content_type=_CONTENT_TYPE,
                resource=queue.arn,
                target=f"AmazonSQS.{OPERATION}",
            )
        except AccessError as error:
            if simple_code(code_of(error)) != _BAD_CONTENT:
                raise
            # Compatible systems refuse the whole request for one message: halves find it.
            if len(entries) > 1:
                raise RequestTooLargeError(str(error)) from error
            return {0: Refusal(Verdict.NEVER, _BAD_CONTENT, error.fact)}
        return refusals(answer, len(entries), queue.arn)


def request_body(url: str, entries: Sequence[Entry]) -> bytes:
    """Of SendMessageBatch; ids are positions."""
    messages = b",".join([_HEADS[position] + entry.payload for position, entry in enumerate(entries)])
    return b'{"QueueUrl":%b,"Entries":[%b]}' % (msgspec.json.encode(url), messages)
