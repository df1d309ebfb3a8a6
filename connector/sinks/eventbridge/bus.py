"""Which bus: its name, its ARN, and what the ARN tells about region and account."""

from __future__ import annotations

import re
from typing import NamedTuple

# EventBridge API reference, PutEventsRequestEntry, EventBusName; and the model of eventbridgev2, EventBusArn.
_ARN = re.compile(
    r"arn:(?P<partition>aws[\w-]*):events:(?P<region>[a-z]+-[a-z]+-[\w-]+):(?P<account>\d{12})"
    r":(?P<kind>event-bus|event-busv2)/(?P<name>.+)"
)
_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,256}")
_SECOND_NAME = re.compile(r"[A-Za-z0-9][.\-_A-Za-z0-9]{0,255}/[a-z0-9]{25}")
CLASSIC, SECOND = "event-bus", "event-busv2"


class BusArn(NamedTuple):
    """The parts of a bus's ARN."""

    partition: str
    region: str
    account: str
    kind: str
    name: str


def parse_arn(bus: str) -> BusArn | None:
    """The parts of ``bus`` if it is an ARN; None if it is a name.

    Raises:
        ValueError: It is an ARN, but of no event bus.
    """
    if not bus.startswith("arn:"):
        return None
    found = _ARN.fullmatch(bus)
    if found is None:
        raise ValueError(
            f"{bus} is not the ARN of an event bus, which is arn:aws:events:REGION:ACCOUNT:event-bus/NAME"
        )
    return BusArn(**found.groupdict())


def legal_bus(bus: str) -> None:
    """Raises ValueError for what cannot be the name or ARN of a bus that takes events."""
    arn = parse_arn(bus)
    name = arn.name if arn else bus
    legal = _SECOND_NAME if arn and arn.kind == SECOND else _NAME
    if not legal.fullmatch(name):
        raise ValueError(
            f"{name} is not the name of an event bus: letters, digits, '.', '-' and '_', 256 at most (buses"
            " of AWS's partners, with '/', take no events of others)"
        )
