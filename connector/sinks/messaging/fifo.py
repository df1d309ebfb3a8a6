"""Message group ids and deduplication ids, which SQS and SNS have in common.

Both: 1 to 128 characters, ASCII letters, digits and punctuation (API references of SendMessage and Publish).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.record import TopicPartition

_LEGAL = re.compile(r"[!-~]{1,128}")


def legal_id(text: str) -> str:
    """The text itself if it may be an id, else its SHA-256 in hexadecimal, which is as good a group."""
    return text if _LEGAL.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()


def position_id(partition: TopicPartition, offset: int) -> str:
    """Of a record's place in Kafka: the same whenever the record is sent again, in whatever process."""
    return legal_id(f"{partition.topic}-{partition.partition}-{offset}")
