"""What Kafka says to a commit, and who must act."""

from __future__ import annotations

from confluent_kafka import KafkaError

from connector.errors import AccessError, RetriableError
from connector.runtime.faults import UnansweredError, not_committed


def test_brokers_that_have_no_room_for_the_state_are_the_operators_and_not_asked_for_ever() -> None:
    error = not_committed(KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE), "the offsets")
    assert isinstance(error, AccessError)
    assert "offset.metadata.max.bytes" in error.remedy


def test_a_member_that_was_thrown_out_waits_and_silence_is_no_refusal() -> None:
    refused = not_committed(KafkaError(KafkaError.UNKNOWN_MEMBER_ID), "the offsets")
    assert type(refused) is RetriableError
    assert isinstance(not_committed(KafkaError(KafkaError._TIMED_OUT), "the offsets"), UnansweredError)
