"""Delivery of entries to a service that takes them in requests: what a messaging sink builds on.

A sink says how records become :class:`Entry` objects and how a request is sent
(:class:`MessagingSink`); packing, order, retries, concurrency and offsets are decided here.
"""

from connector.sinks.dispatch.config import DeliveryConfig, Order
from connector.sinks.dispatch.entry import (
    Entry,
    Limits,
    Prepared,
    Refusal,
    RequestTooLargeError,
    ThrottledError,
    Verdict,
)
from connector.sinks.dispatch.sink import MessagingSink

__all__ = [
    "DeliveryConfig",
    "Entry",
    "Limits",
    "MessagingSink",
    "Order",
    "Prepared",
    "Refusal",
    "RequestTooLargeError",
    "ThrottledError",
    "Verdict",
]
