"""The promise: every record is visible once, in order; looked at whenever a commit or an object lands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.record import TopicPartition
from connector.sinks.s3.attributes import CLAIM
from connector.sinks.s3.ledger.encoding import Reference, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.base import OffsetAndMetadata
    from connector.testing.simulation.s3 import StoredObject, StoredUpload
    from connector.testing.simulation.stage import Stage
    from connector.testing.simulation.topic import Label

_METADATA_BYTES = 4096


class ViolationError(Exception):
    """The promise is broken."""


class Promise:
    """Knows where each record was seen, and how far each partition was committed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._visible: dict[Label, list[str]] = {}
        self._cuts: dict[TopicPartition, int] = {}
        stage.kafka.on_commit = self._look_at_commit
        stage.s3.on_visible = self._look_at_object

    def forget_cuts(self) -> None:
        """Reading begins anew."""
        self._cuts.clear()

    def missing(self) -> list[Label]:
        """The records that nobody has seen."""
        return [label for label in self._stage.topic.labels if label not in self._visible]

    def verify(self) -> None:
        """That it was kept, in the end."""
        if missing := self.missing():
            raise ViolationError(f"lost {[f'{each.partition}.{each.offset}' for each in missing]}")

    def _look_at_commit(self, where: TopicPartition, found: OffsetAndMetadata) -> None:
        if not found.metadata:
            return
        decoded = decode(found.metadata, where)
        state = decoded.state if isinstance(decoded, Reference) else decoded
        if len(found.metadata) > _METADATA_BYTES:
            raise ViolationError("the metadata is longer than brokers take")
        if state.topic_id != self._stage.kafka.topic_id:
            # Of the topic before: what it says is of other offsets.
            return
        if state.cut is not None:
            self._look_at_cut(where, found.offset, state.cut)
        unseen = [
            offset
            for offset in range(found.offset)
            if self._stage.topic.label(where, offset) not in self._visible
        ]
        if unseen and "reset" not in self._stage.happened:
            raise ViolationError(f"{where}: V={found.offset}, but {unseen} are not visible")

    def _look_at_cut(self, where: TopicPartition, offset: int, cut: int) -> None:
        if cut < self._cuts.get(where, 0):
            raise ViolationError(f"{where}: K goes back from {self._cuts[where]} to {cut}")
        self._cuts[where] = cut
        if offset > cut:
            raise ViolationError(f"{where}: V={offset} is above K={cut}")

    def _look_at_object(self, upload: StoredUpload, found: StoredObject) -> None:
        try:
            labels = self._stage.setup.decoded(upload.key, found.body)
        except (ValueError, OSError) as error:
            raise ViolationError(f"undecodable: {upload.key} is {found.body[:80]!r}: {error}") from error
        told = f"{upload.key} with {[f'{each.life}.{each.partition}.{each.offset}' for each in labels]}"
        self._stage.note(f"   visible: {told}")
        if not labels:
            raise ViolationError(f"an empty object: {told}")
        if labels != sorted(set(labels)) or len({each[:2] for each in labels}) > 1:
            raise ViolationError(f"out of order: {told}")
        self._look_at_former(upload, told)
        self._look_at_labels(upload.key, labels, told)

    def _look_at_former(self, upload: StoredUpload, told: str) -> None:
        """An object of ours in its place would be lost."""
        there = self._stage.s3.objects.get(upload.key)
        is_reset = bool(self._stage.happened & {"reset", "recreate", "renew"})
        if (
            there
            and there.metadata
            and there.metadata.get(CLAIM) != upload.metadata.get(CLAIM)
            and not is_reset
        ):
            raise ViolationError(f"replaced: {told}")

    def _look_at_labels(self, key: str, labels: Sequence[Label], told: str) -> None:
        where = TopicPartition("records", labels[0].partition)
        cut = self._cuts.get(where, 0)
        is_reset = "reset" in self._stage.happened
        if labels[0].life == self._stage.topic.life and labels[-1].offset >= cut and not is_reset:
            raise ViolationError(f"visible at or above K={cut}: {told}")
        for label in labels:
            self._visible.setdefault(label, []).append(key)
            if len(self._visible[label]) > 1 and not is_reset:
                raise ViolationError(f"doubled {label}: {self._visible[label]}")
