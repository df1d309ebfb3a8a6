"""The options that the sinks of AWS's messaging services share, beside identity and delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.connection import AwsConfig
from connector.aws.options import DEFAULT_REGION
from connector.config.option import LIST, STRING, defaulted, non_empty, one_of, optional
from connector.config.schema import Config
from connector.errors import Problem
from connector.sinks.dispatch.config import DeliveryConfig
from connector.sinks.messaging.attributes import METADATA, Attributes, parse_types
from connector.sinks.messaging.body import BODIES, ENVELOPE, VALUE
from connector.sinks.messaging.characters import CharacterConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

FAIL, SKIP, S3 = "fail", "skip", "s3"


class MessagingConfig(AwsConfig, DeliveryConfig):
    """What becomes of a record that has no value, or is too large."""

    null_values = defaulted(
        "behavior.on.null.values",
        STRING,
        FAIL,
        "What happens to a record without a value (a tombstone): fail treats it as an errant record, skip"
        " leaves it out and counts it, envelope sends an envelope whose value is null.",
        validate=one_of(FAIL, SKIP, ENVELOPE),
        choices=(FAIL, SKIP, ENVELOPE),
        group="Message",
    )
    oversize_policy = defaulted(
        "oversize.policy",
        STRING,
        FAIL,
        "What happens to a record that is larger than the service takes: fail treats it as an errant record,"
        " skip leaves it out and counts it, s3 stores its body as an object and sends a pointer to it.",
        validate=one_of(FAIL, SKIP, S3),
        choices=(FAIL, SKIP, S3),
        group="Message",
    )
    oversize_bucket = optional(
        "oversize.s3.bucket.name",
        STRING,
        "The bucket for bodies that are too large, with oversize.policy=s3; it is reached with the same"
        " identity.",
        validate=non_empty,
        group="Message",
    )
    oversize_prefix = defaulted(
        "oversize.s3.prefix",
        STRING,
        "",
        "What the keys of these objects begin with; topic, partition and offset follow.",
        group="Message",
    )

    @property
    def region(self) -> str:
        """The destination's; the bucket for large bodies may have another."""
        return self.named_region or self.general_region or DEFAULT_REGION

    @property
    def bucket_region(self) -> str:
        """Of the bucket for large bodies."""
        return self.s3_region or self.region

    @property
    def sends_envelopes(self) -> bool:
        """Whether every record becomes an envelope, which has a place for null."""
        return False

    @property
    def null_policy(self) -> str:
        """Of an envelope a null value is no gap: without a word of the user's it is sent like any other."""
        chosen = self.is_set(MessagingConfig.null_values)
        return ENVELOPE if self.sends_envelopes and not chosen else self.null_values

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        wants_bucket, has_bucket = self.oversize_policy == S3, self.is_set(MessagingConfig.oversize_bucket)
        if wants_bucket and not has_bucket:
            yield Problem("oversize.s3.bucket.name", "is missing while oversize.policy is s3: name a bucket")
        if has_bucket and not wants_bucket:
            yield Problem(
                "oversize.s3.bucket.name", "has no meaning without oversize.policy=s3: set it, or remove this"
            )


class BodyConfig(MessagingConfig):
    """What the message carries."""

    message_body = defaulted(
        "message.body",
        STRING,
        VALUE,
        "What a message carries: value, the record's value as it was converted; base64, the same in base64;"
        " envelope, a JSON object with topic, partition, offset, timestamp, key, headers and value.",
        validate=one_of(*BODIES),
        choices=BODIES,
        group="Message",
    )

    @property
    def body_columns(self) -> set[str]:
        """The columns of a batch that make a body; an envelope may stand for a null value."""
        may_be_envelope = ENVELOPE in {self.message_body, self.null_values}
        return {"keys", "values", "timestamps", "headers"} if may_be_envelope else {"values"}

    @property
    def sends_envelopes(self) -> bool:
        return self.message_body == ENVELOPE


class AttributeConfig(Config):
    """Which message attributes there are."""

    attribute_metadata = defaulted(
        "message.attributes.metadata",
        LIST,
        [],
        "What of a record's place becomes an attribute, with kafka. before its name: topic, partition,"
        " offset, timestamp, key.",
        validate=lambda value: one_of(*METADATA)(value) if value else None,
        choices=METADATA,
        group="Message",
    )
    attribute_headers = defaulted(
        "message.attributes.headers",
        LIST,
        [],
        "Headers that become attributes, by name; * stands for any characters, and alone for all headers.",
        group="Message",
    )
    attribute_types = defaulted(
        "message.attributes.types",
        LIST,
        [],
        "Types of these attributes as NAME:TYPE, with String, Number, Binary or, for SNS, String.Array;"
        " String if absent.",
        validate=parse_types,
        group="Message",
    )
    attribute_overflow = defaulted(
        "message.attributes.overflow",
        STRING,
        FAIL,
        "What happens if there are more than ten attributes, or one that the service would refuse: fail"
        " treats the record as errant, drop leaves such attributes out.",
        validate=one_of(FAIL, "drop"),
        choices=(FAIL, "drop"),
        group="Message",
    )

    def create_attributes(self) -> Attributes:
        return Attributes(
            self.attribute_metadata,
            self.attribute_headers,
            parse_types(self.attribute_types),
            drops=self.attribute_overflow == "drop",
        )


class MessageConfig(BodyConfig, AttributeConfig, CharacterConfig):
    """Bodies and attributes of SQS and SNS."""
