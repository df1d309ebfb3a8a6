"""What the config topic says, from its records in order; the same for everyone who reads them.

A record may name its ``base``: the record of its key that its writer knew. It counts only if that is still
the latest, so of two workers that change the same thing at once the first succeeds, and both know. Who was
refused writes the winner's record once more (:meth:`ConfigState.mended`): compaction keeps the last record
of a key, whether it counted or not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector import logs
from connector.cluster.config_records import (
    ConnectionRecord,
    ConnectorConfigRecord,
    LoggerRecord,
    RestartRecord,
    TargetStateRecord,
    TaskCommitRecord,
    TaskConfigRecord,
    TaskRestartRecord,
    connection_key,
    connector_key,
    read_config_record,
)
from connector.cluster.records import NOTHING, DamagedRecordError, Entry
from connector.config.target_state import TargetState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.cluster.config_records import ConfigRecord
    from connector.cluster.records import LogRecord

log = logs.get(__name__)

_REFUSED = 1_000
"""Whoever was refused asks at once."""


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """A connector's config, which holds secrets, and the offset that stands for this version of it."""

    config: Mapping[str, str] = field(repr=False)
    offset: int


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """A named connection, still encoded, and its offset."""

    document: bytes = field(repr=False)
    offset: int


@dataclass(slots=True)
class _Latest:
    """The latest record of a key that counted; ``value`` None for a deletion."""

    offset: int
    value: bytes | None = field(repr=False)
    believed: int | None = None
    """Its base, if nothing was known to hold it against."""


class ConfigState:
    """Connectors, what they are to be, levels of loggers, named connections."""

    def __init__(self) -> None:
        self.connectors: dict[str, StoredConfig] = {}
        self.connections: dict[str, StoredConnection] = {}
        self.levels: dict[str, str] = {}
        self.jvm_tasks: dict[str, int] = {}
        """How many tasks the last JVM worker made of each connector."""
        self._targets: dict[str, TargetState] = {}
        self._latest: dict[str, _Latest] = {}
        self._refused: deque[tuple[str, int]] = deque(maxlen=_REFUSED)

    def target(self, name: str) -> TargetState:
        return self._targets.get(name, TargetState.STARTED)

    def base_of(self, key: str) -> int:
        """What a change of this key is to name, so that it counts only if nobody else is faster."""
        latest = self._latest.get(key)
        return NOTHING if latest is None or latest.value is None else latest.offset

    def was_refused(self, key: str, offset: int) -> bool:
        """Whether this record did not count, since it was not based on the latest of its key."""
        return (key, offset) in self._refused

    def mended(self, key: str) -> Entry:
        """The record that counts, to be written over one that does not."""
        latest = self._latest.get(key)
        return Entry(key, latest.value if latest else None, latest.offset if latest else None)

    def apply(self, record: LogRecord) -> ConfigRecord | None:
        """Take in the next record.

        Returns:
            What it says; None if it changes nothing: foreign, damaged (that is logged), or too late.
        """
        try:
            found = read_config_record(record)
        except DamagedRecordError as error:
            log.warning(
                "record of the config topic is left out",
                offset=record.offset,
                key=(record.key or b"").decode(errors="replace")[:200],
                reason=str(error),
            )
            return None
        if found is None or not self._counts(found, record):
            return None
        self._take(found, record)
        return found

    def _counts(self, found: ConfigRecord, record: LogRecord) -> bool:
        """Whether it is based on what is there; only what can be changed in two ways is asked that."""
        key = _contested(found)
        if key is None:
            return True
        latest = self._latest.get(key)
        if latest is not None and record.base is not None and not _follows(record.base, latest):
            self._refused.append((key, record.offset))
            return False
        believed = record.base if latest is None else None
        self._latest[key] = _Latest(record.offset, record.value, believed)
        return True

    def _take(self, found: ConfigRecord, record: LogRecord) -> None:
        match found:
            case ConnectorConfigRecord(name, None):
                # As in Connect, the target state goes by a record of its own.
                self.connectors.pop(name, None)
                self.jvm_tasks.pop(name, None)
            case ConnectorConfigRecord(name, config):
                # A JVM worker stores whatever name a PATCH gives, and goes by the key, as all else here does.
                self.connectors[name] = StoredConfig({**(config or {}), "name": name}, record.offset)
            case TargetStateRecord(name, None):
                self._targets.pop(name, None)
            case TargetStateRecord(name, TargetState() as state):
                self._targets[name] = state
            case TaskCommitRecord(name, tasks):
                self.jvm_tasks[name] = tasks
            case LoggerRecord(logger, level):
                self.levels[logger] = level
            case ConnectionRecord(name, None):
                self.connections.pop(name, None)
            case ConnectionRecord(name, bytes() as document):
                self.connections[name] = StoredConnection(document, record.offset)
            case RestartRecord() | TaskRestartRecord() | TaskConfigRecord():
                """They happen; nothing of them stays."""


def _follows(base: int, latest: _Latest) -> bool:
    if base == latest.offset or (base == NOTHING and latest.value is None):
        return True
    # Compaction has removed what the latest was based on, or what was there instead. Somebody later knew a
    # newer one than it did: then it was refused when it was written.
    return latest.believed is not None and latest.believed < base < latest.offset


def _contested(found: ConfigRecord) -> str | None:
    match found:
        case ConnectorConfigRecord(name):
            return connector_key(name)
        case ConnectionRecord(name):
            return connection_key(name)
    return None
