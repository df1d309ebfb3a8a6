"""The made-up stream: what people do in a web shop, as JSON keyed by user."""

from __future__ import annotations

import datetime as dt
import random
from typing import NamedTuple

import msgspec

_TYPES = ("page_viewed", "item_clicked", "cart_filled", "order_placed")
_WEIGHTS = (60, 25, 10, 5)
_PRICED = frozenset({"cart_filled", "order_placed"})
_USERS = 5_000
_PRODUCTS = 800
_CLOCK_EVERY = 50
"""Events share a timestamp, since asking the clock and writing it down would be half of their cost."""


class Event(msgspec.Struct):
    """One event, as it is written and as it is read back."""

    id: str
    type: str
    user: str
    product: str
    amount: float | None
    currency: str | None
    timestamp: str


class Message(NamedTuple):
    """An event as Kafka takes it."""

    key: bytes
    value: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.key) + len(self.value)


class EventStream:
    """Events with the numbers 0, 1, 2, … in their ids, by which each is found again in the bucket."""

    def __init__(self, seed: int | None = None) -> None:
        self.produced = 0
        self._random = random.Random(seed)  # noqa: S311 - events, not secrets
        self._encode = msgspec.json.Encoder().encode

    def take(self, count: int) -> list[Message]:
        """The next ``count`` events."""
        messages = []
        types = self._random.choices(_TYPES, _WEIGHTS, k=count)
        for position, type_ in enumerate(types):
            if position % _CLOCK_EVERY == 0:
                timestamp = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
            messages.append(self._message(type_, timestamp))
        return messages

    def _message(self, type_: str, timestamp: str) -> Message:
        chance = self._random.random
        # Some users do a lot, most do little.
        user = f"user-{int(_USERS * chance() ** 2):04d}"
        priced = type_ in _PRICED
        event = Event(
            id=event_id(self.produced),
            type=type_,
            user=user,
            product=f"sku-{int(_PRODUCTS * chance()):03d}",
            amount=int(100 + 20_000 * chance()) / 100 if priced else None,
            currency="EUR" if priced else None,
            timestamp=timestamp,
        )
        self.produced += 1
        return Message(user.encode(), self._encode(event))


def event_id(number: int) -> str:
    return f"evt-{number:010d}"


def event_number(identity: str) -> int:
    """The inverse of :func:`event_id`."""
    return int(identity.removeprefix("evt-"))
