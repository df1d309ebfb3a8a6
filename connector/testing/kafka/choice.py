"""Which Kafka the tests get: the most real one that can be had here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connector.testing.kafka.broker import KafkaUnavailableError
from connector.testing.kafka.container import DockerKafka
from connector.testing.kafka.external import ExternalKafka
from connector.testing.kafka.maven import MavenKafka
from connector.testing.kafka.mock import MockKafka

if TYPE_CHECKING:
    from connector.testing.kafka.broker import KafkaBroker


def start_kafka() -> KafkaBroker:
    """Starts the first of: the one in the environment, a container, Maven's, the mock cluster.

    Returns:
        The broker; its `passed_over` says why each kind before it could not be had.

    Raises:
        KafkaUnavailableError: `CI=true` is set and no real Kafka could be started; with every reason.
    """
    passed_over: list[str] = []
    for kind in (ExternalKafka, DockerKafka, MavenKafka):
        try:
            broker: KafkaBroker = kind.launch()
        except KafkaUnavailableError as error:
            passed_over.append(f"{kind.__name__}: {error}")
        else:
            broker.passed_over = tuple(passed_over)
            return broker
    if os.environ.get("CI") == "true":
        reasons = "\n".join(passed_over)
        raise KafkaUnavailableError(f"CI must test with a real Kafka, and none could be had:\n{reasons}")
    mock = MockKafka.launch()
    mock.passed_over = tuple(passed_over)
    return mock
