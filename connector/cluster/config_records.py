"""The records of the config topic: Kafka Connect's, as a JVM worker writes and reads them, and ours.

| Key | Value |
| --- | --- |
| ``connector-NAME`` | ``{"properties": {...}}``; none: the connector is deleted |
| ``task-NAME-N`` | ``{"properties": {...}}``, in effect once a commit follows |
| ``commit-NAME`` | ``{"tasks": N}`` |
| ``target-state-NAME`` | ``{"state": "PAUSED", "state.v2": "STOPPED"}``; the first for workers before 3.5 |
| ``restart-connector-NAME`` | ``{"include-tasks": true, "only-failed": false}`` |
| ``logger-cluster-NAMESPACE`` | ``{"level": "DEBUG"}`` |
| ``tasks-fencing-NAME``, ``session-key`` | of source connectors, and of JVM workers among themselves |
| ``restart-task-NAME-N`` | ours: ``{}`` |
| ``aws-connection-NAME`` | ours: a named connection, with its secrets, as configs are kept with theirs |

A JVM worker passes over our keys with a line in its log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
from connector.config.target_state import TargetState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.cluster.records import LogRecord

_CONNECTOR = "connector-"
_TASK = "task-"
_COMMIT = "commit-"
_TARGET_STATE = "target-state-"
_RESTART = "restart-connector-"
_TASK_RESTART = "restart-task-"
_LOGGER = "logger-cluster-"
_CONNECTION = "aws-connection-"
_NOT_OURS = ("tasks-fencing-",)
_SESSION_KEY = "session-key"


@dataclass(frozen=True, slots=True)
class ConnectorConfigRecord:
    """A connector's config as submitted, which holds secrets; None if it was deleted."""

    connector: str
    config: Mapping[str, str] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class TaskConfigRecord:
    """What a JVM worker gives one task; here tasks are made from the connector's config."""

    connector: str
    task: int


@dataclass(frozen=True, slots=True)
class TaskCommitRecord:
    """How many tasks a JVM worker made of the connector."""

    connector: str
    tasks: int


@dataclass(frozen=True, slots=True)
class TargetStateRecord:
    """What a connector is to be; None: nobody has said, which means STARTED."""

    connector: str
    state: TargetState | None


@dataclass(frozen=True, slots=True)
class RestartRecord:
    """A connector is to start anew, with its tasks or without, all or only what failed."""

    connector: str
    include_tasks: bool
    only_failed: bool


@dataclass(frozen=True, slots=True)
class TaskRestartRecord:
    """One task is to start anew."""

    connector: str
    task: int


@dataclass(frozen=True, slots=True)
class LoggerRecord:
    """A logger's level on every worker, with log4j's names."""

    logger: str
    level: str


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """A named connection, still encoded; None if it was deleted."""

    name: str
    document: bytes | None = field(repr=False)


ConfigRecord = (
    ConnectorConfigRecord
    | TaskConfigRecord
    | TaskCommitRecord
    | TargetStateRecord
    | RestartRecord
    | TaskRestartRecord
    | LoggerRecord
    | ConnectionRecord
)


# ---- reading ----


def read_config_record(record: LogRecord) -> ConfigRecord | None:
    """What a record of the config topic says; None if that concerns only JVM workers.

    Raises:
        DamagedRecordError: It is of neither format.
    """
    key = text_of(record.key)
    if key == _SESSION_KEY or key.startswith(_NOT_OURS):
        return None
    for prefix, read in _READERS.items():
        if key.startswith(prefix):
            return read(key.removeprefix(prefix), record.value)
    raise DamagedRecordError("its key is none that Kafka Connect or this worker writes")


def _connector(name: str, value: bytes | None) -> ConnectorConfigRecord:
    return ConnectorConfigRecord(named(name), None if value is None else _properties(value))


def _task(rest: str, value: bytes | None) -> TaskConfigRecord | None:
    name, task = numbered(rest)
    return None if value is None else TaskConfigRecord(name, task)


def _commit(name: str, value: bytes | None) -> TaskCommitRecord | None:
    if value is None:
        return None
    tasks = field_of(object_of(value), "tasks", int)
    if tasks < 0:
        raise DamagedRecordError("its field tasks is negative")
    return TaskCommitRecord(named(name), tasks)


def _target_state(name: str, value: bytes | None) -> TargetStateRecord:
    if value is None:
        return TargetStateRecord(named(name), None)
    document = object_of(value)
    # Newer workers write both, older ones know only the first, in which STOPPED reads PAUSED.
    state = document.get("state.v2") or field_of(document, "state", str)
    try:
        return TargetStateRecord(named(name), TargetState(state))
    except ValueError:
        raise DamagedRecordError("its field state.v2 or state names no target state") from None


def _restart(name: str, value: bytes | None) -> RestartRecord | None:
    if value is None:
        return None
    document = object_of(value)
    # Before Connect 3.0 nobody wrote them; absent means false there, too.
    include_tasks, only_failed = document.get("include-tasks", False), document.get("only-failed", False)
    if not isinstance(include_tasks, bool) or not isinstance(only_failed, bool):
        raise DamagedRecordError("its field include-tasks or only-failed is no boolean")
    return RestartRecord(named(name), include_tasks, only_failed)


def _task_restart(rest: str, value: bytes | None) -> TaskRestartRecord | None:
    name, task = numbered(rest)
    return None if value is None else TaskRestartRecord(name, task)


def _logger(name: str, value: bytes | None) -> LoggerRecord | None:
    if value is None:
        return None
    return LoggerRecord(named(name), field_of(object_of(value), "level", str))


def _connection(name: str, value: bytes | None) -> ConnectionRecord:
    return ConnectionRecord(named(name), value)


def _properties(value: bytes) -> dict[str, str]:
    properties = field_of(object_of(value), "properties", dict)
    if not all(found is None or isinstance(found, str) for found in properties.values()):
        raise DamagedRecordError("its field properties holds more than text")
    # Connect's format allows null, which its REST API refuses; it means the same as no such key.
    return {name: found for name, found in properties.items() if found is not None}


_READERS: dict[str, Callable[[str, bytes | None], ConfigRecord | None]] = {
    _CONNECTOR: _connector,
    _TASK: _task,
    _COMMIT: _commit,
    _TARGET_STATE: _target_state,
    _RESTART: _restart,
    _TASK_RESTART: _task_restart,
    _LOGGER: _logger,
    _CONNECTION: _connection,
}


# ---- writing ----


def connector_key(name: str) -> str:
    return _CONNECTOR + name


def connection_key(name: str) -> str:
    return _CONNECTION + name


def connector_entry(name: str, config: Mapping[str, str] | None, base: int | None = None) -> Entry:
    value = None if config is None else json_of({"properties": dict(config)})
    return Entry(connector_key(name), value, base)


def no_tasks_entry(name: str) -> Entry:
    """For JVM workers: the task configs that are there belong to a former config, make them anew."""
    return Entry(_COMMIT + name, json_of({"tasks": 0}))


def target_state_entry(name: str, state: TargetState | None) -> Entry:
    if state is None:
        return Entry(_TARGET_STATE + name, None)
    old = TargetState.PAUSED if state is TargetState.STOPPED else state
    return Entry(_TARGET_STATE + name, json_of({"state": old.value, "state.v2": state.value}))


def restart_entry(name: str, *, include_tasks: bool, only_failed: bool) -> Entry:
    value = json_of({"include-tasks": include_tasks, "only-failed": only_failed})
    return Entry(_RESTART + name, value)


def task_restart_entry(name: str, task: int) -> Entry:
    return Entry(f"{_TASK_RESTART}{name}-{task}", json_of({}))


def logger_entry(logger: str, level: str) -> Entry:
    return Entry(_LOGGER + logger, json_of({"level": level}))


def connection_entry(name: str, document: bytes | None, base: int | None = None) -> Entry:
    return Entry(connection_key(name), document, base)
