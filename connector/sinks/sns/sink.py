"""The SNS sink's side of the contract: topics are found before they are used, requests posted as forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import logs
from connector.aws.faults import DENIED, code_of
from connector.errors import AccessError
from connector.sinks.messaging.sink import AwsMessagingSink
from connector.sinks.sns import form
from connector.sinks.sns.answer import refusals
from connector.sinks.sns.check import TopicCheck
from connector.sinks.sns.config import SnsConfig
from connector.sinks.sns.entry import EntryMaker
from connector.sinks.sns.find import check, find
from connector.sinks.sns.permissions import permissions
from connector.sinks.sns.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.aws.policy import Statement
    from connector.check import Checklist
    from connector.record import RecordBatch
    from connector.sinks.base import SinkContext
    from connector.sinks.dispatch import Entry, Limits, Prepared, Refusal

log = logs.get(__name__)


class SnsSink(AwsMessagingSink):
    """Publishes each record to an SNS topic."""

    config_class = SnsConfig
    service = "sns"
    operation = "PublishBatch"

    config: SnsConfig

    def __init__(self, config: SnsConfig) -> None:
        super().__init__(config)
        self._maker = EntryMaker(config, type(self).__name__)
        self._topics: dict[str, Topic] = {}
        self._heads: dict[str, bytes] = {}

    @classmethod
    def permissions(cls, config: SnsConfig, topics: Sequence[str]) -> list[Statement]:
        return permissions(config, topics)

    @property
    def columns(self) -> Collection[str]:
        return self._maker.columns

    def checklist(self, context: SinkContext, topics: Sequence[str]) -> Checklist:
        return TopicCheck(self.config, context, topics).checklist()

    async def find(self, topic: str) -> str:
        """Ask for the limits of the topic; if that is denied, go on with those that topics have at first."""
        arn = self.config.arn_for(topic)
        if arn not in self._topics:
            self._topics[arn] = await self._found(topic, arn)
            self._heads[arn] = form.head(arn)
        return arn

    async def _found(self, topic: str, arn: str) -> Topic:
        try:
            return await find(self.client, self.config, topic)
        except AccessError as error:
            if code_of(error) not in DENIED:
                raise
            found = Topic(arn)
            check(self.config, found)
            log.warning(
                "the limits of the topic may not be read; those of a new topic are taken",
                topic=arn,
                most_bytes=found.most_bytes,
                error=str(error),
            )
            return found

    def limits(self, destination: str) -> Limits:
        return self._topics[destination].limits

    def prepare(self, batch: RecordBatch) -> Prepared:
        arn = self.destinations[batch.topic]
        return self._maker.prepare(batch, self._topics[arn])

    async def send(self, destination: str, entries: Sequence[Entry]) -> Mapping[int, Refusal]:
        answer = await self.post(
            operation=self.operation,
            body=form.request(self._heads[destination], [entry.payload for entry in entries]),
            content_type=form.CONTENT_TYPE,
            resource=destination,
        )
        return refusals(answer, len(entries), destination)
