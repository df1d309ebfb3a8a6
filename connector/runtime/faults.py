"""What errors of Kafka mean for a task: who must act, and whether offsets were taken."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException

from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConfigError, ConnectorError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSALS = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.INVALID_COMMIT_OFFSET_SIZE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001 - librdkafka's own, given before anything is sent
    }
)
"""Answers by which the offsets were certainly not taken."""

_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant READ and DESCRIBE on the topic to the worker's principal",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant READ on the consumer group to the worker's principal",
}


class UnansweredError(RetriableError):
    """Whether Kafka took a commit is not known; it may even take it later."""

    code = ErrorCode.KAFKA_COMMIT_UNANSWERED


class ClientFailedError(ConnectorError):
    """Kafka's client is of no use any more; the next task has another one."""

    code = ErrorCode.KAFKA_CLIENT


@contextmanager
def properties_judged(option: str, others: str = "") -> Iterator[None]:
    """Make a client within, which opens files and compares its properties only then.

    Args:
        option: Where its properties are from.
        others: Where else.

    Raises:
        ConfigError: It does not take them.
    """
    try:
        yield
    except KafkaException as error:
        found: KafkaError = error.args[0]
        if found.code() != KafkaError._INVALID_ARG:  # noqa: SLF001 - its public name
            raise
        fault = f"Kafka's client does not take these properties: {found.str()}. Correct them here{others}."
        raise ConfigError.of(option, fault) from error


def raise_unless_passing(error: KafkaError) -> None:
    """Raise what the client, which tries again by itself, does not recover from.

    Raises:
        AccessError: Somebody has to grant what is missing.
        ClientFailedError: It reads no more.
    """
    if remedy := _DENIED.get(error.code()):
        raise AccessError(f"Kafka refuses: {error.str()}; {remedy}.", code=ErrorCode.KAFKA_AUTHORIZATION)
    if error.fatal():
        raise ClientFailedError(f"Kafka's client gave up: {error.str()}") from KafkaException(error)


def not_told(error: KafkaException) -> RetriableError:
    """The committed offsets, where reading begins."""
    return RetriableError(
        f"Kafka does not tell the committed offsets: {error.args[0].str()}",
        code=ErrorCode.KAFKA_OFFSETS_UNKNOWN,
    )


def not_committed(error: KafkaError, what: str) -> AccessError | RetriableError:
    """Refused, or perhaps taken all the same: only certain answers say that it was not."""
    if error.code() == KafkaError.OFFSET_METADATA_TOO_LARGE:
        return AccessError(
            f"Kafka refused {what}: {error.str()}",
            remedy="set offset.metadata.max.bytes of the brokers to 4096, its default, or more",
            code=ErrorCode.KAFKA_METADATA_TOO_LARGE,
        )
    if error.code() in _REFUSALS:
        return RetriableError(f"Kafka refused {what}: {error.str()}", code=ErrorCode.KAFKA_COMMIT_REFUSED)
    return UnansweredError(f"Kafka did not say that it took {what}: {error.str()}")
