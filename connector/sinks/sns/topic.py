"""What an SNS topic is: its ARN, standard or FIFO, how much one request to it may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from connector.sinks.dispatch import Limits
from connector.sinks.messaging.expression import Expression

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ENTRIES = 10
DEFAULT_BYTES = 262_144
"""Of a topic that does not say otherwise (API reference, GetTopicAttributes, MaximumMessageSize)."""

_FIFO = ".fifo"
_ARN = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):(\d{12}):(.+)")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
"""API reference, CreateTopic, Name."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as far as it is known.

    Attributes:
        arn: Which one.
        most_bytes: Of one request, bodies and attributes together, and so of one message, too.
        dedups_by_content: Whether SNS makes deduplication ids itself; None if that is not known.
        kms_key: What its messages are encrypted with, if it is known.
    """

    arn: str
    most_bytes: int = DEFAULT_BYTES
    dedups_by_content: bool | None = None
    kms_key: str | None = None

    @classmethod
    def of(cls, arn: str, attributes: Mapping[str, str]) -> Self:
        """From the answer of GetTopicAttributes."""
        return cls(
            arn,
            int(attributes.get("MaximumMessageSize", DEFAULT_BYTES)),
            attributes.get("ContentBasedDeduplication", "false").lower() == "true",
            attributes.get("KmsMasterKeyId") or None,
        )

    @property
    def is_fifo(self) -> bool:
        return is_fifo(self.arn)

    @property
    def limits(self) -> Limits:
        """Of one request; SNS may refuse an entry and take a later one of the same group."""
        return Limits(MOST_ENTRIES, self.most_bytes, self.most_bytes)


def is_fifo(arn: str) -> bool:
    """The name tells: that of a FIFO topic ends so, and no other has a dot."""
    return arn.endswith(_FIFO)


def region_of(arn: str) -> str | None:
    """None if it is no ARN of a topic."""
    found = _ARN.fullmatch(arn)
    return found[2] if found else None


def legal_arn(arn: str) -> None:
    """Raises ValueError for what is no topic's ARN."""
    found = _ARN.fullmatch(arn)
    if not found or not _NAME.fullmatch(found[4]):
        raise ValueError(
            "not the ARN of an SNS topic; expected arn:aws:sns:<region>:<12-digit account>:<name>, whose name"
            " has letters, digits, - and _, and .fifo at its end if it is a FIFO topic"
        )


def legal_arn_template(text: str) -> None:
    """A validator of options: an ARN whose name may hold ``{{topic}}``; raises ValueError."""
    expression = Expression(text)
    if not expression.is_of_topic:
        raise ValueError("may hold no variable but {{topic}}")
    legal_arn(expression.of_topic("t"))
    if region_of(text) is None:
        raise ValueError("may hold {{topic}} in the name only, not in region or account")
