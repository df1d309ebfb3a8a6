"""What the Kafka client of the rig decides without a Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from connector.testing.kafka.broker import cluster_id
from connector.testing.kafka.client import _committed

ASKED = [TopicPartition("t", 0)]


class ConsumerThatFailsOnce:
    def __init__(self, code: int) -> None:
        self._failures = [KafkaException(KafkaError(code))]

    def committed(self, asked: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        if self._failures:
            raise self._failures.pop()
        return asked


@pytest.mark.parametrize("code", [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS])
def test_coordinator_that_is_still_loading_is_asked_again(code: int) -> None:
    assert _committed(ConsumerThatFailsOnce(code), ASKED) == ASKED  # type: ignore[arg-type]


def test_any_other_refusal_is_an_error() -> None:
    with pytest.raises(KafkaException, match="GROUP_AUTHORIZATION"):
        _committed(ConsumerThatFailsOnce(KafkaError.GROUP_AUTHORIZATION_FAILED), ASKED)  # type: ignore[arg-type]


def test_cluster_id_never_looks_like_an_option() -> None:
    assert not any(cluster_id().startswith("-") for _ in range(1000))
