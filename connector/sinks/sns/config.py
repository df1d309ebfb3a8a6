"""The options of the SNS sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.option import STRING, defaulted, one_of, optional, required
from connector.errors import Problem
from connector.sinks.messaging.body import BASE64, ENVELOPE, VALUE
from connector.sinks.messaging.config import S3, MessageConfig
from connector.sinks.messaging.expression import Expression, legal_expression
from connector.sinks.messaging.fifo import CONTENT, POSITION, IdMaker, legal_deduplication_id
from connector.sinks.sns.topic import is_fifo, legal_arn_template, region_of

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "json"


class SnsConfig(MessageConfig):
    """Which topic, and what its messages are."""

    services = frozenset({"sns", "s3"})

    topic_arn = required(
        "aws.sns.topic.arn",
        STRING,
        "The ARN of the SNS topic, whose name may hold {{topic}}, the Kafka topic; it must exist. A name that"
        " ends with .fifo is that of a FIFO topic. The region is the one of the ARN.",
        validate=legal_arn_template,
        group="SNS",
    )
    group_id = optional(
        "aws.sns.message.group.id",
        STRING,
        "The message group of a record, for example {{key}} or {{header:tenant}}; what is no legal group id"
        " is replaced by its SHA-256. A FIFO topic keeps the order of a group: absent, it is {{key}}; a"
        " record without it is of the group of its topic and partition. A standard topic hands it on to SQS"
        " queues, for fairness between groups.",
        validate=legal_expression,
        group="SNS",
    )
    deduplication_id = defaulted(
        "aws.sns.message.deduplication.id",
        STRING,
        POSITION,
        "What a FIFO topic knows a message by for five minutes: position is <topic>-<partition>-<offset>, so"
        " that a record sent again is delivered once; content leaves it to the topic's content-based"
        " deduplication, which drops a record that has the body of another one; anything else is an"
        " expression such as {{header:id}}. What is no legal id is replaced by its SHA-256.",
        validate=legal_deduplication_id,
        group="SNS",
    )
    subject = optional(
        "aws.sns.subject",
        STRING,
        "The subject of a message, for example {{header:title}}; none where it has no value. One that SNS"
        " would refuse, with 100 characters or more, a line break or control character, makes its record an"
        " errant one.",
        validate=legal_expression,
        group="SNS",
    )
    structure = optional(
        "aws.sns.message.structure",
        STRING,
        "json says that a record's value is a JSON object with a text for each protocol, and one that is"
        " called default; a value that is not makes its record an errant one. Absent, all protocols get the"
        " same.",
        validate=one_of(JSON),
        choices=(JSON,),
        group="SNS",
    )

    @property
    def named_region(self) -> str | None:
        return region_of(self.topic_arn or "")

    @property
    def names_fifo(self) -> bool | None:
        """Whether the ARN is that of a FIFO topic; None if the Kafka topic's name decides."""
        arn = self.topic_arn or ""
        return None if arn.rstrip().endswith("}}") else is_fifo(arn)

    @property
    def dedups_by_content(self) -> bool:
        return self.deduplication_id == CONTENT

    def create_ids(self, *, is_fifo: bool) -> IdMaker:
        """Of the messages for such topics."""
        return IdMaker("aws.sns.", self.group_id, self.deduplication_id, self.order, is_fifo=is_fifo)

    def arn_for(self, topic: str) -> str:
        """Of a Kafka topic; not necessarily one that SNS allows."""
        return Expression(self.topic_arn).of_topic(topic)

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.is_faulty(SnsConfig.topic_arn) or not self.topic_arn:
            return
        there = region_of(self.topic_arn)
        if self.general_region and there != self.general_region:
            yield Problem(
                "aws.region",
                f"is {self.general_region} while aws.sns.topic.arn is in {there}: correct either, or leave"
                " aws.region out",
            )
        if self.is_set(SnsConfig.deduplication_id) and self.names_fifo is False:
            yield Problem(
                "aws.sns.message.deduplication.id",
                "is of FIFO topics only, and aws.sns.topic.arn names a standard one: remove this, or name a"
                " topic that ends with .fifo",
            )
        if self.structure == JSON:
            yield from self._beside_structure()

    def _beside_structure(self) -> Iterator[Problem]:
        """What would put something else in place of the JSON object that SNS wants."""
        for name, value, fitting in (
            ("message.body", self.message_body, VALUE),
            ("behavior.on.null.values", self.null_values, "fail or skip"),
            ("oversize.policy", self.oversize_policy, "fail or skip"),
            ("message.illegal.characters", self.illegal_characters, "fail or replace"),
        ):
            if value in {BASE64, ENVELOPE, S3}:
                yield Problem(
                    name,
                    f"cannot be {value} with aws.sns.message.structure=json, which needs the value itself to"
                    f" be the JSON object: make it {fitting}, or remove aws.sns.message.structure",
                )
