"""A sink's offsets as REST shows and changes them (KIP-875)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class PartitionOffset:
    """What the connector's group has committed for a partition."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class OffsetEntry:
    """One entry of a request to change offsets, whose maps nobody has looked into yet.

    The existence and the state of the connector are checked before them, as in Kafka Connect; so the
    herder has them parsed (``group_offset.parse``), not REST.

    Attributes:
        partition: ``kafka_topic`` and ``kafka_partition``.
        offset: ``kafka_offset``; None drops what is committed for the partition.
    """

    partition: Mapping[str, Any] | None
    offset: Mapping[str, Any] | None
