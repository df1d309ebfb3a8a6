"""The options of every messaging sink, whatever its service: order, requests, time."""

from __future__ import annotations

from enum import StrEnum

from connector.config.option import (
    BOOLEAN,
    INT,
    LONG,
    STRING,
    Importance,
    at_least,
    between,
    defaulted,
    one_of,
    optional,
)
from connector.config.schema import Config
from connector.retry import Backoff


class Order(StrEnum):
    """Which records are delivered one after the other."""

    NONE = "none"
    KEY = "key"
    PARTITION = "partition"


class DeliveryConfig(Config):
    """How entries become requests."""

    order = optional(
        "delivery.order",
        STRING,
        "none sends records as they come, key keeps the order of records with the same key, partition that of"
        " each partition; absent, key where the service keeps it, else none. Order costs speed: of what is in"
        " order, one is under way at a time.",
        validate=one_of(*Order),
        choices=tuple(Order),
        group="Delivery",
    )
    linger_ms = defaulted(
        "delivery.linger.ms",
        LONG,
        50,
        "How long a record waits for others to fill its request; more means fewer requests to pay for.",
        validate=between(0, 60_000),
        group="Delivery",
    )
    max_requests = defaulted(
        "delivery.max.requests",
        INT,
        32,
        "The most requests that a task has under way at once.",
        validate=between(1, 512),
        group="Delivery",
    )
    adaptive = defaulted(
        "delivery.adaptive",
        BOOLEAN,
        True,
        "Begin with few requests at once, take one more while all goes well and half of them when the service"
        " throttles; false keeps delivery.max.requests under way.",
        importance=Importance.LOW,
        group="Delivery",
    )
    request_entries = optional(
        "delivery.request.max.entries",
        INT,
        "The most entries of one request; absent, or more than the service takes, means what it takes.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Delivery",
    )
    request_bytes = optional(
        "delivery.request.max.bytes",
        INT,
        "The most bytes of one request, counted as the service counts; absent, or more than the service"
        " takes, means what it takes. A larger entry goes alone.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Delivery",
    )

    def order_of(self, default: Order) -> Order:
        """What the user wants, or else what the service can keep."""
        return Order(self.order) if self.order else default

    @property
    def backoff(self) -> Backoff:
        """Of requests and entries that are sent again."""
        return Backoff()
