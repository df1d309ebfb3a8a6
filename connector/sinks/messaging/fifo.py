"""Message group ids and deduplication ids, which SQS and SNS have in common.

Both: 1 to 128 characters, ASCII letters, digits and punctuation (API references of SendMessage and Publish).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from connector.sinks.messaging.expression import Expression

if TYPE_CHECKING:
    from connector.record import TopicPartition

POSITION, CONTENT = "position", "content"
_WORDS = frozenset({POSITION, CONTENT})
_LEGAL = re.compile(r"[!-~]{1,128}")


def legal_id(text: str) -> str:
    """The text itself if it may be an id, else its SHA-256 in hexadecimal, which is as good a group."""
    return text if _LEGAL.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()


def legal_deduplication_id(value: str) -> None:
    """A validator of options: a word, or an expression that tells records apart; raises ValueError.

    With one id for many records the service delivers the first and takes the others for duplicates, which
    it does not report: a misspelt word would lose them.
    """
    if value not in _WORDS and Expression(value).is_of_partition:
        raise ValueError(
            "is the same for all records of a partition, which would then be taken for duplicates: expected"
            f" {' or '.join(sorted(_WORDS))}, or an expression such as {{{{header:id}}}}"
        )


def position_id(partition: TopicPartition, offset: int) -> str:
    """Of a record's place in Kafka: the same whenever the record is sent again, in whatever process."""
    return legal_id(f"{partition.topic}-{partition.partition}-{offset}")
