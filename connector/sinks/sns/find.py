"""Finding a topic before its use: is it there, what are its limits, is it what the config wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.error_codes import ErrorCode
from connector.errors import AccessError
from connector.sinks.messaging.lookup import naming
from connector.sinks.sns.config import SnsConfig
from connector.sinks.sns.topic import Topic, legal_arn

if TYPE_CHECKING:
    from connector.aws.clients import AwsClient


async def find(client: AwsClient, config: SnsConfig, topic: str) -> Topic:
    """The SNS topic for a Kafka topic.

    Raises:
        AccessError: There is none, or it is not what the config wants, or its attributes may not be read.
        RetriableError: SNS does not answer now.
    """
    arn = config.arn_for(topic)
    with naming(SnsConfig.topic_arn.name, topic):
        legal_arn(arn)
    answer = await client.call_once("GetTopicAttributes", "get_topic_attributes", arn, TopicArn=arn)
    found = Topic.of(arn, answer["Attributes"])
    check(config, found)
    return found


def check(config: SnsConfig, topic: Topic) -> None:
    """Raises AccessError where the config wants what such a topic does not offer."""
    option = SnsConfig.deduplication_id
    if config.is_set(option) and not topic.is_fifo:
        raise AccessError(
            f"{option.name} is of FIFO topics only, and {topic.arn} is a standard topic",
            remedy=f"remove {option.name}, or name a topic that ends with .fifo in aws.sns.topic.arn",
            code=ErrorCode.SNS_TOPIC_UNFIT,
        )
    if config.dedups_by_content and topic.dedups_by_content is False:
        raise AccessError(
            f"{option.name} is content, and {topic.arn} has no ContentBasedDeduplication",
            remedy=f"set this attribute of the topic to true, or remove {option.name}",
            code=ErrorCode.SNS_TOPIC_UNFIT,
        )
