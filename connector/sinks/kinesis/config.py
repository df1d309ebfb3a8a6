"""The options of the Kinesis sink."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.aws.legal import region as legal_region
from connector.config.option import INT, STRING, Importance, at_least, between, defaulted, one_of, optional
from connector.config.option import required as required_option
from connector.errors import Problem
from connector.sinks.dispatch import Order
from connector.sinks.kinesis.stream import DEFAULT_RECORD_BYTES, legal_stream, region_of
from connector.sinks.messaging.config import BodyConfig
from connector.sinks.messaging.expression import Expression, legal_expression, legal_topic_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

RANDOM, PARTITION = "random", "partition"
NO_AGGREGATION, KPL = "none", "kpl"
_HASH_KEY = re.compile(r"0|[1-9]\d{0,38}", re.ASCII)
_HASH_KEYS = 1 << 128


def is_hash_key(text: str) -> bool:
    """API reference of PutRecords, ExplicitHashKey: a decimal number of 128 bits, without leading zeros."""
    return _HASH_KEY.fullmatch(text) is not None and int(text) < _HASH_KEYS


def _legal_stream_expression(value: str) -> None:
    legal_topic_expression(value)
    example = Expression(value).of_topic("t")
    legal_stream(example)
    if region := region_of(example):
        legal_region(region)


def _legal_hash_expression(value: str) -> None:
    if value != PARTITION and Expression(value).is_constant and not is_hash_key(value):
        raise ValueError("is not partition, and no decimal number from 0 to 2^128-1 without leading zeros")
    legal_expression(value)


class KinesisConfig(BodyConfig):
    """Everything that the Kinesis sink is told."""

    services = frozenset({"kinesis", "s3"})  # S3 for what is too large

    stream = required_option(
        "aws.kinesis.stream",
        STRING,
        "The stream by name or by ARN, which a stream of another account needs; {{topic}} stands for the"
        " record's topic. It must exist.",
        validate=_legal_stream_expression,
        aliases=("aws.kinesis.stream.name", "aws.kinesis.stream.arn"),
        group="Kinesis",
    )
    kinesis_region = optional(
        "aws.kinesis.region",
        STRING,
        "The region of the stream; that of its ARN if absent, else aws.region.",
        validate=legal_region,
        importance=Importance.HIGH,
        group="Kinesis",
    )
    partition_key = defaulted(
        "aws.kinesis.partition.key",
        STRING,
        "{{key}}",
        "The partition key, whose MD5 chooses the shard: text with {{key}}, {{topic}}, {{partition}},"
        " {{offset}}, {{timestamp}}, {{header:NAME}}, {{key:FIELD}} or {{value:FIELD}}; or random, a key of"
        " its own for each record, which spreads them evenly in no order. So does a record for which a"
        " variable has no value, e.g. one without a key. Keys that are empty or longer than 256 characters"
        " are replaced by their SHA-256 in hexadecimal.",
        validate=legal_expression,
        importance=Importance.HIGH,
        group="Kinesis",
    )
    explicit_hash_key = optional(
        "aws.kinesis.explicit.hash.key",
        STRING,
        "What chooses the shard in place of the partition key: text with the same variables that gives a"
        " decimal number from 0 to 2^128-1; or partition, the MD5 of topic and partition, so that all of a"
        " partition of Kafka is on one shard. Without a value the partition key chooses.",
        validate=_legal_hash_expression,
        group="Kinesis",
    )
    aggregation = defaulted(
        "aws.kinesis.aggregation",
        STRING,
        NO_AGGREGATION,
        "kpl folds records of one partition key into one record of the stream, in the format of the Kinesis"
        " Producer Library, which the Kinesis Client Library takes apart; cheaper, and faster for few keys.",
        validate=one_of(NO_AGGREGATION, KPL),
        choices=(NO_AGGREGATION, KPL),
        group="Kinesis",
    )
    aggregation_bytes = defaulted(
        "aws.kinesis.aggregation.max.bytes",
        INT,
        51_200,
        "The most bytes of an aggregated record; a record that is larger goes alone.",
        validate=between(64, 10 * DEFAULT_RECORD_BYTES),
        importance=Importance.LOW,
        group="Kinesis",
    )
    aggregation_records = defaulted(
        "aws.kinesis.aggregation.max.records",
        INT,
        1000,
        "The most records in an aggregated record.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Kinesis",
    )

    @property
    def named_region(self) -> str | None:
        return self.kinesis_region or self._region_of_arn

    @property
    def aggregates(self) -> bool:
        return self.aggregation == KPL

    @property
    def default_order(self) -> Order:
        """What the service can keep: the order of a partition key, on its shard."""
        return Order.NONE if self.partition_key == RANDOM else Order.KEY

    def stream_of(self, topic: str) -> str:
        """The name or ARN; raises ValueError if a stream cannot have it."""
        destination = Expression(self.stream).of_topic(topic)
        legal_stream(destination)
        return destination

    @property
    def _region_of_arn(self) -> str | None:
        return region_of(Expression(self.stream).of_topic("t")) if self.stream else None

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        stream = KinesisConfig.stream
        if len(given := [name for name in (stream.name, *stream.aliases) if self.raw.get(name)]) > 1:
            yield Problem(stream.name, f"is given more than once ({', '.join(given)}): keep one")
        there = self._region_of_arn
        if there and self.kinesis_region and there != self.kinesis_region:
            yield Problem(
                "aws.kinesis.region", f"is not that of the stream's ARN, {there}: remove it, or correct one"
            )
        if self.partition_key == RANDOM and self.order == Order.KEY:
            yield Problem(
                "delivery.order",
                "cannot be key with random partition keys, which have no order: choose none, or another"
                " aws.kinesis.partition.key",
            )
        for option in (KinesisConfig.aggregation_bytes, KinesisConfig.aggregation_records):
            if self.is_set(option) and not self.aggregates:
                yield Problem(
                    option.name, "has no meaning without aws.kinesis.aggregation=kpl: set it, or remove this"
                )
