"""What Kafka answers while brokers come back is asked again; what will not pass is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from connector.cluster.log import _consumer_config, _producer_config, _until_it_passes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    "code",
    [KafkaError.UNKNOWN_LEADER_EPOCH, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.OFFSET_NOT_AVAILABLE],
)
def test_what_passes_when_a_broker_is_back_is_asked_again(code: int) -> None:
    answers: Iterator[KafkaException | list[int]] = iter([KafkaException(KafkaError(code)), [0, 1]])

    def ask() -> list[int]:
        answer = next(answers)
        if isinstance(answer, KafkaException):
            raise answer
        return answer

    assert _until_it_passes(ask, 5) == [0, 1]


def test_what_only_an_operator_can_mend_is_told_at_once() -> None:
    def ask() -> list[int]:
        raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    with pytest.raises(KafkaException):
        _until_it_passes(ask, 5)


@pytest.mark.parametrize("kind", ["consumer", "producer"])
def test_what_librdkafka_has_to_say_goes_through_the_workers_log(
    kind: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # Of SASL without SASL it warns as soon as a client is made.
    client = {"bootstrap.servers": "127.0.0.1:1", "sasl.mechanism": "PLAIN"}
    if kind == "consumer":
        Consumer(_consumer_config(client, "configs")).poll(0)
    else:
        Producer(_producer_config(client, "configs")).poll(0)
    assert "sasl.mechanism" in caplog.text
    assert "sasl.mechanism" not in capfd.readouterr().err
