"""What a connector's consumer group has committed, asked from outside of the group; blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import AccessError
from connector.record import TopicPartition
from connector.runtime.topic_ids import client_part
from connector.sinks.base import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 15.0


def group_offsets(config: Mapping[str, Any], group: str) -> dict[TopicPartition, OffsetAndMetadata]:
    """Every committed offset of the group, with its metadata; nothing of a group that does not exist.

    Args:
        config: librdkafka's properties, of which the client's own part is used.
        group: Its id.

    Raises:
        AccessError: The brokers do not answer, or refuse; says what to look at.
    """
    client = AdminClient(
        {**with_login(client_part(config)), "client.id": "connector-offsets", "log_level": 0}
    )
    try:
        request = [ConsumerGroupTopicPartitions(group)]
        answers = client.list_consumer_group_offsets(request, request_timeout=_SECONDS)
        found = answers[group].result(_SECONDS + 1)
    except (KafkaException, TimeoutError) as error:
        fact = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
        raise AccessError(
            f"The brokers at {config.get('bootstrap.servers')} do not tell the offsets of {group}: {fact}",
            remedy="check bootstrap.servers and the security of the worker's properties, and that its"
            " principal may DESCRIBE the group",
            code=ErrorCode.KAFKA_OFFSETS_UNKNOWN,
        ) from error
    return {
        TopicPartition(each.topic, each.partition): OffsetAndMetadata(each.offset, each.metadata or "")
        for each in found.topic_partitions or ()
        if each.offset >= 0
    }
