"""The records of the status topic: Kafka Connect's, as a JVM worker writes and reads them, and ours.

| Key | Value |
| --- | --- |
| ``status-connector-NAME`` | ``state``, ``trace``, ``worker_id``, ``generation``, ``version`` |
| ``status-task-NAME-N`` | likewise |
| ``status-topic-TOPIC:connector-NAME`` | ``{"topic": {"name", "connector", "task", "discoverTimestamp"}}`` |
| ``placement-NAME`` | ours: ``{"generation": 3, "tasks": [["ID", "HOST:PORT"], null], "group": "ID"}`` |
| ``leaving-ID`` | ours: ``{"worker_id": "HOST:PORT"}``, this worker hands its tasks over |

A JVM worker passes over our keys with a line in its log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.cluster.records import (
    DamagedRecordError,
    Entry,
    field_of,
    json_of,
    named,
    numbered,
    object_of,
    text_of,
)
from connector.runtime.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.cluster.records import LogRecord

_CONNECTOR = "status-connector-"
_TASK = "status-task-"
_TOPIC = "status-topic-"
_BY = ":connector-"
_PLACEMENT = "placement-"
_LEAVING = "leaving-"
_PAIR = 2


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """What a connector or a task is doing, by the worker that runs it.

    Attributes:
        state: Its own.
        worker_id: ``host:port`` of the worker.
        generation: Of the placement it runs under; a JVM worker's is that of its group.
        trace: Why it failed.
        version: The plug-in's.
    """

    state: State
    worker_id: str
    generation: int
    trace: str | None = None
    version: str | None = None

    def may_follow(self, former: InstanceStatus | None) -> bool:
        """Whether to write it over this one: not over what a later owner has said (Connect's rule)."""
        return former is None or former.worker_id == self.worker_id or former.generation <= self.generation


@dataclass(frozen=True, slots=True)
class Owner:
    """The worker that is to run a task: its id, new with each start, and its address."""

    id: str
    worker_id: str


@dataclass(frozen=True, slots=True)
class ConnectorStatusRecord:
    connector: str
    status: InstanceStatus | None


@dataclass(frozen=True, slots=True)
class TaskStatusRecord:
    connector: str
    task: int
    status: InstanceStatus | None


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A task of the connector has read a record of the topic; or that is to be forgotten."""

    connector: str
    topic: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """Who is to run each task, None for nobody.

    Attributes:
        generation: Grows with every change.
        owners: By the number of the task.
        group: The ``group.id`` of the cluster that says so.
    """

    generation: int
    owners: tuple[Owner | None, ...]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class PlacementRecord:
    connector: str
    placed: Placed | None


@dataclass(frozen=True, slots=True)
class LeavingRecord:
    """A worker that stops; or one that is long gone, and may be forgotten."""

    id: str
    is_leaving: bool


StatusRecord = ConnectorStatusRecord | TaskStatusRecord | TopicRecord | PlacementRecord | LeavingRecord


# ---- reading ----


def read_status_record(record: LogRecord) -> StatusRecord:
    """What a record of the status topic says.

    Raises:
        DamagedRecordError: It is of no known format.
    """
    key = text_of(record.key)
    for prefix, read in _READERS.items():
        if key.startswith(prefix):
            return read(key.removeprefix(prefix), record.value)
    raise DamagedRecordError("its key is none that Kafka Connect or this worker writes")


def _connector(name: str, value: bytes | None) -> ConnectorStatusRecord:
    return ConnectorStatusRecord(named(name), _status(value))


def _task(rest: str, value: bytes | None) -> TaskStatusRecord:
    name, task = numbered(rest)
    return TaskStatusRecord(name, task, _status(value))


def _status(value: bytes | None) -> InstanceStatus | None:
    if value is None:
        return None
    document = object_of(value)
    try:
        state = State(field_of(document, "state", str))
    except ValueError:
        raise DamagedRecordError("its field state names no state") from None
    return InstanceStatus(
        state,
        field_of(document, "worker_id", str),
        field_of(document, "generation", int),
        _optional(document, "trace"),
        _optional(document, "version"),
    )


def _optional(document: dict[str, Any], name: str) -> str | None:
    return None if document.get(name) is None else str(field_of(document, name, str))


def _topic(rest: str, value: bytes | None) -> TopicRecord:
    # No topic has a colon in its name, any connector may.
    topic, _, connector = rest.partition(_BY)
    if value is not None:
        field_of(object_of(value), "topic", dict)
    return TopicRecord(named(connector), named(topic), is_active=value is not None)


def _placement(name: str, value: bytes | None) -> PlacementRecord:
    if value is None:
        return PlacementRecord(named(name), None)
    document = object_of(value)
    owners = tuple(_owner(found) for found in field_of(document, "tasks", list))
    placed = Placed(field_of(document, "generation", int), owners, _optional(document, "group"))
    return PlacementRecord(named(name), placed)


def _owner(found: Any) -> Owner | None:
    if found is None:
        return None
    if isinstance(found, list) and len(found) == _PAIR and all(isinstance(part, str) for part in found):
        return Owner(*found)
    raise DamagedRecordError("its field tasks names no workers")


def _leaving(worker: str, value: bytes | None) -> LeavingRecord:
    return LeavingRecord(named(worker), is_leaving=value is not None)


_READERS: dict[str, Callable[[str, bytes | None], StatusRecord]] = {
    _CONNECTOR: _connector,
    _TASK: _task,
    _TOPIC: _topic,
    _PLACEMENT: _placement,
    _LEAVING: _leaving,
}


# ---- writing ----


def connector_status_entry(name: str, status: InstanceStatus | None) -> Entry:
    return Entry(_CONNECTOR + name, _status_value(status))


def task_status_entry(name: str, task: int, status: InstanceStatus | None) -> Entry:
    return Entry(f"{_TASK}{name}-{task}", _status_value(status))


def topic_entry(connector: str, topic: str, task: int, now_ms: int) -> Entry:
    found = {"name": topic, "connector": connector, "task": task, "discoverTimestamp": now_ms}
    return Entry(f"{_TOPIC}{topic}{_BY}{connector}", json_of({"topic": found}))


def no_topic_entry(connector: str, topic: str) -> Entry:
    return Entry(f"{_TOPIC}{topic}{_BY}{connector}", None)


def placement_entry(connector: str, placed: Placed | None) -> Entry:
    if placed is None:
        return Entry(_PLACEMENT + connector, None)
    tasks = [owner and [owner.id, owner.worker_id] for owner in placed.owners]
    document = {"generation": placed.generation, "tasks": tasks, "group": placed.group}
    return Entry(_PLACEMENT + connector, json_of(document))


def leaving_entry(owner: Owner) -> Entry:
    return Entry(_LEAVING + owner.id, json_of({"worker_id": owner.worker_id}))


def left_entry(worker: str) -> Entry:
    return Entry(_LEAVING + worker, None)


def _status_value(status: InstanceStatus | None) -> bytes | None:
    if status is None:
        return None
    document: dict[str, Any] = {
        "state": status.state.value,
        "trace": status.trace,
        "worker_id": status.worker_id,
        "generation": status.generation,
        "version": status.version,
    }
    return json_of(document)
