"""What the status topic says, from its records in the order of their partitions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from connector import logs
from connector.cluster.records import DamagedRecordError
from connector.cluster.status_records import (
    ConnectorStatusRecord,
    LeavingRecord,
    PlacementRecord,
    TaskStatusRecord,
    TopicRecord,
    read_status_record,
)

if TYPE_CHECKING:
    from connector.cluster.records import LogRecord
    from connector.cluster.status_records import InstanceStatus, Placed, StatusRecord

log = logs.get(__name__)


class StatusState:
    """What connectors and tasks are doing, by the last that was said of each, and who is to run them."""

    def __init__(self) -> None:
        self.connectors: dict[str, InstanceStatus] = {}
        self.tasks: dict[str, dict[int, InstanceStatus]] = defaultdict(dict)
        self.topics: dict[str, set[str]] = defaultdict(set)
        self.placements: dict[str, Placed] = {}
        self.leaving: set[str] = set()

    def tasks_of(self, name: str) -> dict[int, InstanceStatus]:
        return self.tasks.get(name, {})

    def topics_of(self, name: str) -> set[str]:
        return self.topics.get(name, set())

    def next_generation(self, name: str) -> int:
        """Above all that was ever said of the connector, also by JVM workers."""
        known = [status.generation for status in self.tasks_of(name).values()]
        if connector := self.connectors.get(name):
            known.append(connector.generation)
        if placed := self.placements.get(name):
            known.append(placed.generation)
        return max(known, default=0) + 1

    def apply(self, record: LogRecord) -> StatusRecord | None:
        """Take in the next record; what it says, or None if it is damaged, which is logged."""
        try:
            found = read_status_record(record)
        except DamagedRecordError as error:
            log.warning(
                "record of the status topic is left out",
                partition=record.partition,
                offset=record.offset,
                key=(record.key or b"").decode(errors="replace")[:200],
                reason=str(error),
            )
            return None
        self._take(found)
        return found

    def _take(self, found: StatusRecord) -> None:
        match found:
            case ConnectorStatusRecord(name, None):
                # Connect forgets the tasks with their connector; their own records may come later.
                self.connectors.pop(name, None)
                self.tasks.pop(name, None)
            case ConnectorStatusRecord(name, status) if status:
                self.connectors[name] = status
            case TaskStatusRecord(name, task, None):
                self.tasks[name].pop(task, None)
                if not self.tasks[name]:
                    del self.tasks[name]
            case TaskStatusRecord(name, task, status) if status:
                self.tasks[name][task] = status
            case TopicRecord(name, topic, is_active):
                self._take_topic(name, topic, is_active=is_active)
            case PlacementRecord(name, None):
                self.placements.pop(name, None)
            case PlacementRecord(name, placed) if placed:
                self.placements[name] = placed
            case LeavingRecord(worker, is_leaving):
                (self.leaving.add if is_leaving else self.leaving.discard)(worker)

    def _take_topic(self, name: str, topic: str, *, is_active: bool) -> None:
        if is_active:
            self.topics[name].add(topic)
            return
        self.topics[name].discard(topic)
        if not self.topics[name]:
            del self.topics[name]
