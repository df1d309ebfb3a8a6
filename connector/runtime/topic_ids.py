"""The ids of topics: a topic that was deleted and made again has another one (KIP-516)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from connector import logs
from connector.aws.msk import with_login

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

log = logs.get(__name__)

_SECONDS = 15.0
"""Slow brokers are waited for: without ids the state of a topic that is gone may pass for the next one's."""
_CONSUMER_ONLY = (
    "auto.",
    "enable.",
    "fetch.",
    "group.",
    "heartbeat.",
    "isolation.",
    "max.poll.",
    "partition.",
    "queued.",
    "session.",
)


class TopicIds:
    """Asks the brokers; blocks, so it is for the consumer's thread."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Args: ``config`` is the consumer's, of which the client's own part is used."""
        self._config = client_part(config)

    def of(self, topics: Collection[str]) -> dict[str, str]:
        """The id of each topic; without those that the brokers do not tell in time."""
        # A client of its own, for a moment: another connection for every task would be idle nearly always.
        # Kept until the answers are there: a client that nobody refers to takes its requests with it.
        try:
            # What it has to say comes as an error, and the consumer says the same of the brokers.
            client = AdminClient({**with_login(self._config), "log_level": 0})
        except KafkaException as error:
            log.info("topic ids are not known", error=str(error))
            return {}
        answers = client.describe_topics(TopicCollection(list(topics)), request_timeout=_SECONDS)
        found = {}
        for topic, answer in answers.items():
            try:
                found[topic] = str(answer.result(_SECONDS).topic_id)
            except (KafkaException, TimeoutError) as error:
                log.info("topic id is not known", topic=topic, error=str(error))
        return found


def client_part(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a consumer's properties is how it connects."""
    return {name: value for name, value in config.items() if not name.startswith(_CONSUMER_ONLY)}
