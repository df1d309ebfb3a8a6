"""Sees to the topic of a dead letter queue before anything is read: it is there, and may be written."""

from __future__ import annotations

import time
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.cimpl import NewTopic

from connector import logs
from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError
from connector.runtime.dead_letter_producer import REMEDIES

if TYPE_CHECKING:
    import logging
    import threading
    from collections.abc import Mapping

T = TypeVar("T")
log = logs.get(__name__)

_SECONDS = 30.0
_POLL_SECONDS = 0.1
_NO_SUCH_TOPIC = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)  # noqa: SLF001


class DeadLetterTopic:
    """Asks the brokers; blocks, until they have answered or nobody waits any more."""

    def __init__(
        self,
        client: Mapping[str, Any],
        topic: str,
        replication: int,
        stopping: threading.Event,
        lines: logging.LoggerAdapter[Any],
    ) -> None:
        self._topic = topic
        self._replication = replication
        self._stopping = stopping
        self._admin = AdminClient(with_login(client), logger=lines)

    def ensure(self) -> None:
        """Make it unless it is there.

        Raises:
            RetriableError: The brokers do not answer.
            AccessError: It may not be made like this, or not be written.
        """
        try:
            if not self._is_there():
                self._create()
        except KafkaException as refused:
            raise self._refusal("could not be looked at", refused.args[0]) from refused

    def _is_there(self) -> bool:
        # Asking for metadata, as clients do, could have the brokers make it, with their own idea of how.
        asked = self._admin.describe_topics(
            TopicCollection([self._topic]), include_authorized_operations=True, request_timeout=_SECONDS
        )
        try:
            found = self._answer(asked[self._topic])
        except KafkaException as refused:
            if refused.args[0].code() in _NO_SUCH_TOPIC:
                return False
            raise
        # None from brokers before 2.3, which do not tell.
        allowed = found.authorized_operations
        if allowed and AclOperation.WRITE not in allowed:
            raise AccessError(
                f"The worker's principal may not WRITE the dead letter topic {self._topic}",
                remedy="grant it WRITE and DESCRIBE on that topic",
                code=ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE,
            )
        return True

    def _create(self) -> None:
        wanted = NewTopic(self._topic, 1, self._replication)
        try:
            self._answer(self._admin.create_topics([wanted], request_timeout=_SECONDS)[self._topic])
        except KafkaException as refused:
            error: KafkaError = refused.args[0]
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return
            raise self._refusal("could not be created", error) from refused
        log.info("dead letter topic created", topic=self._topic)

    def _answer(self, answer: Future[T]) -> T:
        deadline = time.monotonic() + _SECONDS
        while not wait([answer], _POLL_SECONDS).done:
            self._admin.poll(0)
            if self._stopping.is_set() or time.monotonic() > deadline:
                raise RetriableError(
                    f"The brokers do not tell in time of the dead letter topic {self._topic}",
                    code=ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE,
                )
        self._admin.poll(0)
        return answer.result()

    def _refusal(self, fault: str, error: KafkaError) -> ConnectorError:
        fact = f"The dead letter topic {self._topic} {fault}: {error.name()} ({error.str()})"
        if remedy := REMEDIES.get(error.code()):
            return AccessError(fact, remedy=remedy, code=ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE)
        return RetriableError(fact, code=ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE)
