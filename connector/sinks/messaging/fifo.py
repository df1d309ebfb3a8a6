"""Message group ids, deduplication ids and the order they bring, which SQS and SNS have in common.

Both ids: 1 to 128 characters, ASCII letters, digits and punctuation (API references of SendMessage and
Publish). A FIFO queue or topic keeps the order of a group; what is sent in order is another matter, since of
one group several requests could be under way.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from connector.sinks.dispatch import Order
from connector.sinks.messaging.expression import KEY, Expression

if TYPE_CHECKING:
    from connector.record import TopicPartition
    from connector.sinks.messaging.draft import Draft
    from connector.sinks.messaging.expression import Column

POSITION, CONTENT = "position", "content"
_WORDS = frozenset({POSITION, CONTENT})
_LEGAL = re.compile(r"[!-~]{1,128}")


class Ids(NamedTuple):
    """Of each record of a draft; None where it has none."""

    groups: Column
    deduplication: Column
    order_keys: Column


class IdMaker:
    """Makes the ids for one kind of queue or topic."""

    def __init__(
        self, prefix: str, group: str | None, deduplication: str, order: str | None, *, is_fifo: bool
    ) -> None:
        """Prepare; what is wrong with the texts was told by the config.

        Args:
            prefix: What the names of the options begin with, ``aws.sqs.`` or ``aws.sns.``.
            group: An expression; None means the key, on FIFO only.
            deduplication: ``POSITION``, ``CONTENT`` or an expression; of FIFO only.
            order: As delivery.order says; None means what FIFO itself keeps, which is the group.
            is_fifo: The kind.
        """
        self._group_option = f"{prefix}message.group.id"
        self._deduplication_option = f"{prefix}message.deduplication.id"
        self._group = Expression(group) if group is not None else KEY if is_fifo else None
        self._is_fifo = is_fifo
        self._by_position = is_fifo and deduplication == POSITION
        is_chosen = is_fifo and deduplication not in {POSITION, CONTENT}
        self._deduplication = Expression(deduplication) if is_chosen else None
        self._order = Order(order) if order else None if is_fifo else Order.NONE

    @property
    def columns(self) -> set[str]:
        keys = KEY if self._order is Order.KEY else None
        given = (self._group, self._deduplication, keys)
        return set().union(*(expression.columns for expression in given if expression))

    def of(self, draft: Draft) -> Ids:
        """What is no legal id is hashed, which makes as good an id."""
        groups = self._groups(draft)
        order_keys = groups if self._order is None else draft.order_keys(self._order)
        return Ids(groups, self._deduplication_ids(draft), order_keys)

    def _groups(self, draft: Draft) -> Column:
        texts = draft.texts(self._group_option, self._group)
        if self._group is None:
            return texts
        instead = legal_id(str(draft.batch.topic_partition)) if self._is_fifo else None
        return [instead if text is None else legal_id(text) for text in texts]

    def _deduplication_ids(self, draft: Draft) -> Column:
        if self._by_position:
            partition = draft.batch.topic_partition
            return [position_id(partition, offset) for offset in draft.batch.offsets]
        texts = draft.texts(self._deduplication_option, self._deduplication)
        if self._deduplication is None:
            return texts
        for position, text in enumerate(texts):
            if not text:
                draft.fail(
                    position,
                    f"it has no {self._deduplication.text}, which {self._deduplication_option} asks for",
                )
        return [text and legal_id(text) for text in texts]


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
