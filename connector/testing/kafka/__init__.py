"""A Kafka to test against, the most real one that can be had: `start_kafka`."""

from connector.testing.kafka.broker import KafkaBroker, KafkaUnavailableError
from connector.testing.kafka.choice import start_kafka
from connector.testing.kafka.client import (
    Committed,
    CreateTopic,
    KafkaClient,
    Message,
    Produce,
    ReadCommitted,
)
from connector.testing.kafka.container import DockerKafka
from connector.testing.kafka.external import ExternalKafka
from connector.testing.kafka.maven import MavenKafka
from connector.testing.kafka.mock import MockKafka

__all__ = [
    "Committed",
    "CreateTopic",
    "DockerKafka",
    "ExternalKafka",
    "KafkaBroker",
    "KafkaClient",
    "KafkaUnavailableError",
    "MavenKafka",
    "Message",
    "MockKafka",
    "Produce",
    "ReadCommitted",
    "start_kafka",
]
