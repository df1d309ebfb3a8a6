"""The topic of a run: its records, which tell what they are, so that whoever finds one in an object knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connector.testing.simulation.kafka import Entry, Log

if TYPE_CHECKING:
    from connector.record import TopicPartition
    from connector.testing.simulation.setup import Setup


class Label(NamedTuple):
    """Which record a value is: of which life of the topic, partition, offset."""

    life: int
    partition: int
    offset: int


def value_of(label: Label, padding: str = "") -> bytes:
    return f"{label.life}.{label.partition}.{label.offset:03d}{padding}".encode()


def label_of(line: bytes) -> Label:
    life, partition, offset = line.strip(b'"').split(b".")[:3]
    return Label(int(life), int(partition), int(offset[:3]))


class Topic:
    """May be deleted and made again, with other records.

    Attributes:
        life: How often it was.
    """

    def __init__(self, setup: Setup) -> None:
        self.life = 0
        self._setup = setup

    @property
    def id(self) -> str:
        return f"topic-{self.life + 1}"

    @property
    def logs(self) -> dict[TopicPartition, Log]:
        """Its partitions, as they are made."""
        return {where: self._log(where) for where in self._setup.partitions}

    def label(self, where: TopicPartition, offset: int) -> Label:
        return Label(self.life, where.partition, offset)

    @property
    def labels(self) -> list[Label]:
        """All records that there are."""
        return [
            self.label(where, offset)
            for where in self._setup.partitions
            for offset in range(self._setup.records)
        ]

    def _log(self, where: TopicPartition) -> Log:
        setup = self._setup
        labels = [self.label(where, offset) for offset in range(setup.records)]
        return Log(
            [Entry(setup.key(label.offset), value_of(label, setup.padding), label.offset) for label in labels]
        )
