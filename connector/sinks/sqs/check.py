"""Checks of queues that send nothing: are they there, of which kind, what may a message have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.check import Check, ok, skipped, warning
from connector.sinks.messaging.check import MOST_DESTINATIONS, DestinationCheck
from connector.sinks.messaging.expression import Expression
from connector.sinks.sqs.lookup import find_queue
from connector.sinks.sqs.queue import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.sqs.config import SqsConfig
    from connector.sinks.sqs.queue import Queue

    Find = Callable[[], Coroutine[Any, Any, Finding]]

ENDPOINT = "SQS endpoint"
QUEUE = "SQS queue"
LIMITS = "SQS limits"
ENCRYPTION = "SQS encryption"
SEND = "SQS send"


class QueueCheck(DestinationCheck):
    """The checks of an SQS sink."""

    title = ENDPOINT
    endpoint_option = "aws.sqs.endpoint"

    def __init__(self, config: SqsConfig, context: SinkContext, topics: Sequence[str]) -> None:
        """Args: ``topics`` are those whose queues are looked for; none if only a pattern is known."""
        super().__init__(config, "sqs", context)
        self._config = config
        self._found: dict[str, Queue] = {}
        self._topics = self._distinct(topics)

    def of_destinations(self, asked: tuple[str, ...]) -> list[Check]:
        return [
            *(
                check
                for topic, suffix in self._topics.items()
                for check in self._of_queue(topic, suffix, asked)
            ),
            Check(SEND, self._send),
        ]

    def _distinct(self, topics: Sequence[str]) -> dict[str, str]:
        """A topic for each queue, and what the names of its checks end with."""
        if Expression(self._config.queue).is_constant:
            return {next(iter(topics), ""): ""}
        return {topic: f" of {topic}" for topic in list(topics)[:MOST_DESTINATIONS]}

    def _of_queue(self, topic: str, suffix: str, asked: tuple[str, ...]) -> list[Check]:
        name = QUEUE + suffix

        def of(find: Callable[[str], Coroutine[Any, Any, Finding]]) -> Find:
            return lambda: find(topic)

        return [
            Check(name, of(self._queue), asked),
            Check(LIMITS + suffix, of(self._limits), (*asked, name)),
            Check(ENCRYPTION + suffix, of(self._encryption), (*asked, name)),
        ]

    # ---- each check ----

    async def _queue(self, topic: str) -> Finding:
        async with self.client() as client:
            queue = self._found[topic] = await find_queue(client, self._config, topic)
        if not queue.is_known:
            return skipped(
                f"cannot tell whether {queue.url} is there: GetQueueAttributes is denied; the connector sends"
                " without, and takes the service's own limits",
                f"grant sqs:GetQueueAttributes on {queue.arn} to the identity of the connector",
            )
        return ok(f"{queue.arn} is a {'FIFO' if queue.is_fifo else 'standard'} queue")

    async def _limits(self, topic: str) -> Finding:
        queue = self._found[topic]
        if not queue.is_known:
            return skipped("cannot tell: GetQueueAttributes is denied")
        fact = f"a message may have {queue.most_bytes} bytes"
        if queue.most_bytes < MOST_BYTES:
            return warning(
                fact, f"raise MaximumMessageSize of the queue, up to {MOST_BYTES}, or set oversize.policy"
            )
        return ok(fact)

    async def _encryption(self, topic: str) -> Finding:
        queue = self._found[topic]
        if not queue.is_known:
            return skipped("cannot tell: GetQueueAttributes is denied")
        if queue.kms_key:
            return skipped(
                f"the queue is encrypted with the KMS key {queue.kms_key}: sending needs kms:GenerateDataKey"
                " and kms:Decrypt on it, which is not tested"
            )
        return ok("no KMS key of yours is needed")

    async def _send(self) -> Finding:
        return skipped(
            "not tested: nothing tells whether sqs:SendMessage is allowed but a message, and one that is sent"
            " is somebody's to receive"
        )
