"""The options of the EventBridge sink; names of AWS's own connector are understood where the meaning is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from connector.aws.legal import endpoint as legal_endpoint
from connector.aws.legal import region as legal_region
from connector.aws.partition import partition
from connector.config.option import LIST, STRING, Importance, LeadsTo, defaulted, non_empty, one_of, optional
from connector.errors import Problem
from connector.sinks.dispatch import Order
from connector.sinks.eventbridge.bus import SECOND, BusArn, legal_bus, parse_arn
from connector.sinks.eventbridge.legal import (
    MOST_SOURCE_CHARACTERS,
    MOST_TYPE_CHARACTERS,
    source_fault,
)
from connector.sinks.messaging.config import MessagingConfig
from connector.sinks.messaging.expression import Expression, legal_expression, legal_topic_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.config.option import Option

ENVELOPE, VALUE = "envelope", "value"
BY_CONTENT, NOT_AT_ALL = "content", "none"
RECORD_TIME, NO_TIME = "record", "none"
CLASSIC_VERSION, SECOND_VERSION = "1", "2"
POSITION = "{{topic}}-{{partition}}-{{offset}}"
_SOME_TOPIC = "topic"


def _bus(value: str) -> None:
    legal_topic_expression(value)
    legal_bus(Expression(value).of_topic(_SOME_TOPIC))


def _source(value: str) -> None:
    expression = Expression(value)
    if not value.strip():
        raise ValueError("String must be non-empty")
    if value.startswith("aws."):
        raise ValueError(source_fault(value))
    if expression.is_constant and len(value) > MOST_SOURCE_CHARACTERS:
        raise ValueError(f"may have {MOST_SOURCE_CHARACTERS} characters at most")


def _detail_type(value: str) -> None:
    expression = Expression(value)
    if not value.strip():
        raise ValueError("String must be non-empty")
    if expression.is_constant and len(value) > MOST_TYPE_CHARACTERS:
        raise ValueError(f"may have {MOST_TYPE_CHARACTERS} characters at most")


def _expressions(values: list[str]) -> None:
    for value in values:
        if not value:
            raise ValueError("holds an empty resource")
        legal_expression(value)


def _header(value: str) -> None:
    non_empty(value)
    if set("{}") & set(value):
        raise ValueError("is the name of a header, without braces")


def _deduplication_id(value: str) -> None:
    """One id for many events would have the bus drop all but the first, without a word."""
    if value not in {BY_CONTENT, NOT_AT_ALL} and Expression(value).is_of_partition:
        raise ValueError(
            "is the same for all events of a partition, which would then be taken for duplicates: expected"
            f" {BY_CONTENT}, {NOT_AT_ALL}, or an expression such as {{{{header:id}}}}"
        )


def _global_endpoint(_value: str) -> NoReturn:
    # botocore signs with SigV4A through awscrt only (botocore/regions.py, CRT_SUPPORTED_AUTH_TYPES).
    raise ValueError(
        "global endpoints are not available: their requests are signed with SigV4A, for which botocore needs"
        " the library awscrt, which is not part of this connector. Remove this, and name the bus of one"
        " region with aws.eventbridge.bus"
    )


class EventBridgeConfig(MessagingConfig):
    """Everything that the EventBridge sink is told."""

    services = frozenset({"eventbridge", "s3"})

    bus = defaulted(
        "aws.eventbridge.bus",
        STRING,
        "default",
        "The event bus, by name or ARN, with {{topic}} filled in; an ARN tells the region, too, and may be of"
        " another account. A bus that does not exist is found at start.",
        validate=_bus,
        importance=Importance.HIGH,
        aliases=("aws.eventbridge.eventbus.arn", "aws.eventbridge.eventbus.name"),
        group="EventBridge",
    )
    version = defaulted(
        "aws.eventbridge.version",
        STRING,
        CLASSIC_VERSION,
        "Which kind of bus it is: 1, the one that every account has; 2, the one of 2026, named by its ARN"
        " (event-busv2), with event groups, deduplication and 100 events in a request.",
        validate=one_of(CLASSIC_VERSION, SECOND_VERSION),
        choices=(CLASSIC_VERSION, SECOND_VERSION),
        importance=Importance.LOW,
        group="EventBridge",
    )
    eventbridge_region = optional(
        "aws.eventbridge.region",
        STRING,
        "The region of the bus; that of its ARN, or aws.region if absent.",
        validate=legal_region,
        importance=Importance.HIGH,
        group="EventBridge",
    )
    eventbridge_endpoint = optional(
        "aws.eventbridge.endpoint",
        STRING,
        "The endpoint of an EventBridge-compatible system, or a VPC endpoint; AWS's own for the region if"
        " absent.",
        leads_to=LeadsTo.HOST,
        validate=legal_endpoint,
        importance=Importance.LOW,
        aliases=("aws.eventbridge.endpoint.uri",),
        group="EventBridge",
    )
    endpoint_id = optional(
        "aws.eventbridge.endpoint.id",
        STRING,
        "The id of a global (multi-region) endpoint; refused for now, since its signature, SigV4A, needs a"
        " library that is not part of this connector.",
        validate=_global_endpoint,
        importance=Importance.LOW,
        aliases=("aws.eventbridge.eventbus.global.endpoint.id",),
        group="EventBridge",
    )
    source = optional(
        "aws.eventbridge.source",
        STRING,
        "The event's source, which rules match on, with {{topic}}, {{header:NAME}}, {{value:FIELD}} and so on"
        " filled in; kafka-connect. and the connector's name if absent. It may not begin with aws.; a record"
        " for which a variable has no value is errant.",
        validate=_source,
        group="Event",
    )
    detail_type = defaulted(
        "aws.eventbridge.detail.type",
        STRING,
        "kafka-connect-{{topic}}",
        "The event's detail type, which rules match on, with variables filled in; 128 characters at most. A"
        " record for which a variable has no value is errant.",
        validate=_detail_type,
        group="Event",
    )
    resources = defaulted(
        "aws.eventbridge.resources",
        LIST,
        [],
        "What the event is about, with variables filled in: ARNs by convention. One whose variable has no"
        " value is left out of that event.",
        validate=_expressions,
        aliases=("aws.eventbridge.eventbus.resources",),
        group="Event",
    )
    time = defaulted(
        "aws.eventbridge.time",
        STRING,
        RECORD_TIME,
        "The event's time: record, the record's timestamp; none, when EventBridge takes it; or text with"
        " variables that becomes an ISO-8601 time or milliseconds since the epoch. EventBridge keeps whole"
        " seconds; without a value it is as with none.",
        validate=legal_expression,
        group="Event",
    )
    detail = defaulted(
        "aws.eventbridge.detail",
        STRING,
        ENVELOPE,
        "What the event carries: envelope, an object with topic, partition, offset, timestamp, headers,"
        " key and value; value, the record's value alone: a JSON object, or the record is errant.",
        validate=one_of(ENVELOPE, VALUE),
        choices=(ENVELOPE, VALUE),
        importance=Importance.HIGH,
        group="Event",
    )
    trace_header = optional(
        "aws.eventbridge.trace.header",
        STRING,
        "The record's header that holds an X-Ray trace header, which goes along as the event's; records"
        " without it have none.",
        validate=_header,
        importance=Importance.LOW,
        group="Event",
    )
    event_group_id = optional(
        "aws.eventbridge.event.group.id",
        STRING,
        "The event's group on a bus of version 2, whose FIFO subscribers keep order within a group; variables"
        " are filled in, and what is too long is hashed. Give delivery.order=key or partition, too, so that"
        " events of a group are also sent in order.",
        validate=legal_expression,
        group="Event",
    )
    deduplication_id = defaulted(
        "aws.eventbridge.deduplication.id",
        STRING,
        POSITION,
        "The event's deduplication id on a bus of version 2, which drops what it has seen within five"
        " minutes; the record's place, if absent, is the same whenever it is sent again. content has the"
        " bus compare the events themselves, none does without.",
        validate=_deduplication_id,
        group="Event",
    )

    @property
    def is_second(self) -> bool:
        return self.version == SECOND_VERSION

    @property
    def bus_arn(self) -> BusArn | None:
        """What the ARN says, if the bus is given by one; its name may hold {{topic}}."""
        return None if self.is_faulty(EventBridgeConfig.bus) else parse_arn(self.bus)

    @property
    def bus_expression(self) -> Expression:
        return Expression(self.bus)

    @property
    def named_region(self) -> str | None:
        arn = self.bus_arn
        return arn.region if arn else self.eventbridge_region

    @property
    def partition(self) -> str:
        arn = self.bus_arn
        return arn.partition if arn else partition(self, self.service_endpoint("events"))

    def service_endpoint(self, service: str) -> str | None:
        if service in {"events", "eventbridgev2"}:
            return super().service_endpoint("eventbridge")
        return super().service_endpoint(service)

    @property
    def chosen_order(self) -> Order:
        return self.order_of(Order.NONE)

    @property
    def sends_envelopes(self) -> bool:
        return self.detail == ENVELOPE

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        arn = self.bus_arn
        if arn and self.eventbridge_region and self.eventbridge_region != arn.region:
            yield Problem(
                "aws.eventbridge.region",
                f"is {self.eventbridge_region}, and the bus in aws.eventbridge.bus is in {arn.region}: keep"
                " one of them",
            )
        yield from self._kind_of_bus(arn)

    def _kind_of_bus(self, arn: BusArn | None) -> Iterator[Problem]:
        has_second_arn = arn is not None and arn.kind == SECOND
        if self.is_second and not has_second_arn and not self.is_faulty(EventBridgeConfig.bus):
            yield Problem(
                "aws.eventbridge.bus",
                "must be the ARN of a bus of version 2 while aws.eventbridge.version is 2:"
                " arn:aws:events:REGION:ACCOUNT:event-busv2/NAME/ID",
            )
        if not self.is_second and has_second_arn:
            yield Problem("aws.eventbridge.bus", "is a bus of version 2: set aws.eventbridge.version=2")
        if self.is_second:
            if self.is_set(EventBridgeConfig.trace_header):
                yield Problem("aws.eventbridge.trace.header", "is unknown to buses of version 2: remove this")
            return
        options: tuple[Option[str | None] | Option[str], ...] = (
            EventBridgeConfig.event_group_id,
            EventBridgeConfig.deduplication_id,
        )
        for option in options:
            if self.is_set(option):
                yield Problem(
                    option.name,
                    "has no meaning without aws.eventbridge.version=2: set it, or remove this",
                )
