"""Checks of topics that publish nothing: are they there, what are their limits, may the identity publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.faults import DENIED, code_of
from connector.check import Check, ok, skipped, warning
from connector.errors import AccessError
from connector.sinks.messaging.check import MOST_DESTINATIONS, DestinationCheck
from connector.sinks.sns.find import find
from connector.sinks.sns.topic import DEFAULT_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.sns.config import SnsConfig
    from connector.sinks.sns.topic import Topic

ENDPOINT = "SNS endpoint"
TOPIC = "SNS topic of"
PUBLISH = "SNS publish to"

_REFUSED_FOR_ITS_FORM = frozenset({"BatchEntryIdsNotDistinct", "InvalidParameter", "ValidationException"})


class TopicCheck(DestinationCheck):
    """The checks of an SNS sink."""

    title = ENDPOINT
    endpoint_option = "aws.sns.endpoint"

    def __init__(self, config: SnsConfig, context: SinkContext, topics: Sequence[str]) -> None:
        """Args: ``topics`` are those of Kafka; none if only a pattern is known."""
        super().__init__(config, "sns", context)
        self._config = config
        by_arn = {config.arn_for(topic): topic for topic in topics}
        self._topics = list(by_arn.values())[:MOST_DESTINATIONS]
        if not self._topics and config.arn_for("") == config.topic_arn:
            self._topics = [config.topic_arn.rpartition(":")[2]]

    def of_destinations(self, asked: tuple[str, ...]) -> list[Check]:
        checks: list[Check] = []
        for topic in self._topics:
            checks += [
                Check(f"{TOPIC} {topic}", self._for(topic, self._topic), asked),
                Check(f"{PUBLISH} {topic}", self._for(topic, self._publish), (*asked, f"{TOPIC} {topic}")),
            ]
        if not self._topics:
            checks.append(Check(TOPIC, self._unknown, asked))
        return checks

    # ---- each check ----

    async def _unknown(self) -> Finding:
        return skipped(
            "not tried: aws.sns.topic.arn follows the Kafka topics, of which only a pattern is known"
        )

    async def _topic(self, topic: str) -> Finding:
        async with self.client() as client:
            try:
                found = await find(client, self._config, topic)
            except AccessError as error:
                if code_of(error) not in DENIED:
                    raise
                return warning(
                    f"{error.fact}: the connector goes by {DEFAULT_BYTES} bytes, as of a new topic",
                    error.remedy,
                )
        return _encrypted(found) or ok(_text(found))

    async def _publish(self, topic: str) -> Finding:
        """Two entries of one id, which SNS refuses as a whole: whoever may not publish is told so instead."""
        arn = self._config.arn_for(topic)
        entry = {"Id": "same", "Message": "connector-check"}
        if arn.endswith(".fifo"):
            entry |= {"MessageGroupId": "connector-check", "MessageDeduplicationId": "connector-check"}
        async with self.client() as client:
            try:
                await client.call_once(
                    "PublishBatch",
                    "publish_batch",
                    arn,
                    TopicArn=arn,
                    PublishBatchRequestEntries=[entry, entry],
                )
            except AccessError as error:
                if code_of(error) not in _REFUSED_FOR_ITS_FORM:
                    raise
                return ok(
                    "a request that cannot be carried out was refused for its form, not for want of rights"
                )
        return skipped("cannot tell: the endpoint takes requests that SNS refuses")

    # ---- what they are made of ----

    def _for(
        self, topic: str, find_out: Callable[[str], Awaitable[Finding]]
    ) -> Callable[[], Awaitable[Finding]]:
        return lambda: find_out(topic)


def _text(topic: Topic) -> str:
    kind = "FIFO" if topic.is_fifo else "standard"
    return f"{topic.arn}: {kind}, {topic.most_bytes} bytes in a request"


def _encrypted(topic: Topic) -> Finding | None:
    if topic.kms_key is None:
        return None
    return warning(
        f"{_text(topic)}, encrypted with the KMS key {topic.kms_key}, which only publishing would try",
        "see that the identity of the connector may use kms:GenerateDataKey and kms:Decrypt on this key",
    )
