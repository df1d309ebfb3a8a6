"""The options of the SQS sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.option import STRING, LeadsTo, defaulted, optional, required
from connector.errors import Problem
from connector.sinks.messaging.attributes import ARRAY
from connector.sinks.messaging.config import MessageConfig
from connector.sinks.messaging.expression import Expression, legal_expression
from connector.sinks.messaging.fifo import POSITION, IdMaker, legal_deduplication_id
from connector.sinks.sqs.queue import QueueReference, is_fifo_by_name, legal_queue, reference_of_any_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_DELAY_SECONDS = 900


def seconds_of_delay(text: str) -> int:
    """SendMessageBatchRequestEntry, DelaySeconds: 0 to 900; raises ValueError."""
    if not text.isascii() or not text.isdigit() or int(text) > MOST_DELAY_SECONDS:
        raise ValueError(f"{text!r} is no number of seconds from 0 to {MOST_DELAY_SECONDS}")
    return int(text)


def _legal_delay(value: str) -> None:
    expression = Expression(value)
    if expression.is_constant:
        seconds_of_delay(value)


class SqsConfig(MessageConfig):
    """Everything that the SQS sink is told."""

    services = frozenset({"s3", "sqs"})

    queue = required(
        "aws.sqs.queue",
        STRING,
        "The queue by its URL, name or ARN; it must exist. {{topic}} in its name stands for the topic of each"
        " record. A queue of another account goes by its URL or ARN.",
        leads_to=LeadsTo.URL,
        validate=legal_queue,
        aliases=("aws.sqs.queue.url", "aws.sqs.queue.name", "aws.sqs.queue.arn"),
        group="SQS",
    )
    group_id = optional(
        "aws.sqs.message.group.id",
        STRING,
        "The message group id, an expression such as {{key}} or {{header:tenant}}. Absent, it is {{key}} on a"
        " FIFO queue; on a standard queue there is none, and with one the queue is fair between groups. A"
        " record without it goes to the group <topic>-<partition> of a FIFO queue. What is no legal id is"
        " hashed.",
        validate=legal_expression,
        group="SQS",
    )
    deduplication_id = defaulted(
        "aws.sqs.message.deduplication.id",
        STRING,
        POSITION,
        "What a FIFO queue knows a message by for five minutes: position is <topic>-<partition>-<offset>, so"
        " that a record sent again is one message; content leaves it to the queue's content-based"
        " deduplication; anything else is an expression such as {{header:id}}. What is no legal id is"
        " hashed.",
        validate=legal_deduplication_id,
        group="SQS",
    )
    delay_seconds = optional(
        "aws.sqs.delay.seconds",
        STRING,
        "Seconds from 0 to 900 that a message stays hidden, a number or an expression such as"
        " {{header:delay}}; absent, and for records without it, the queue's own. Standard queues only.",
        validate=_legal_delay,
        group="SQS",
    )

    @property
    def named_region(self) -> str | None:
        return self._reference.region

    def create_ids(self, *, is_fifo: bool) -> IdMaker:
        """Of the messages for such queues."""
        return IdMaker("aws.sqs.", self.group_id, self.deduplication_id, self.order, is_fifo=is_fifo)

    def queue_of(self, topic: str) -> QueueReference:
        """Raises ValueError if the topic makes no name of a queue."""
        return QueueReference.of(Expression(self.queue).of_topic(topic))

    def service_endpoint(self, service: str) -> str | None:
        own = super().service_endpoint(service)
        return self._reference.endpoint if own is None and service == "sqs" else own

    @property
    def _reference(self) -> QueueReference:
        if not self.is_set(SqsConfig.queue) or self.is_faulty(SqsConfig.queue):
            return QueueReference("")
        return reference_of_any_topic(self.queue)

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        option = SqsConfig.queue
        given = [name for name in (option.name, *option.aliases) if self.raw.get(name) is not None]
        if len(given) > 1:
            yield Problem(option.name, f"is given more than once ({', '.join(given)}): keep one")
        named = self._reference.region
        if named and self.general_region and named != self.general_region:
            yield Problem(
                option.name,
                f"names another region than aws.region: {named}; correct one, or leave aws.region out",
            )
        if any(pair.endswith(f":{ARRAY}") for pair in self.attribute_types):
            yield Problem(
                "message.attributes.types",
                f"holds {ARRAY}, a type that SNS has and SQS has not: choose String, or leave it out",
            )
        if self.is_set(option) and not self.is_faulty(option):
            yield from self.problems_of_kind(is_fifo=is_fifo_by_name(self.queue))

    def problems_of_kind(self, *, is_fifo: bool | None) -> Iterator[Problem]:
        """Options that such a queue does not have; none as long as the kind is not known."""
        if is_fifo and self.is_set(SqsConfig.delay_seconds):
            yield Problem(
                "aws.sqs.delay.seconds",
                "is not possible on a FIFO queue, whose messages cannot be delayed one by one: remove it, and"
                " set the queue's own delay",
            )
        if is_fifo is False and self.is_set(SqsConfig.deduplication_id):
            yield Problem(
                "aws.sqs.message.deduplication.id",
                "has no meaning on a standard queue: remove it, or name a FIFO queue (whose name ends with"
                " .fifo)",
            )
