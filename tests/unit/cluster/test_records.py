"""Records of both topics, byte for byte as Kafka Connect 4.3 writes them, and as ours are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cluster import config_records as config
from connector.cluster import status_records as status
from connector.cluster.records import DamagedRecordError, Entry, LogRecord
from connector.config.target_state import TargetState
from connector.runtime.state import State

if TYPE_CHECKING:
    from connector.cluster.status_records import StatusRecord

WORKER = "127.0.0.1:26550"


def record(entry: Entry) -> LogRecord:
    return LogRecord(0, 0, entry.key.encode(), entry.value, entry.base)


# What a JVM worker has written, and what it says; ours writes the same where there is an entry.
CONFIG = [
    (
        b"connector-a",
        b'{"properties":{"connector.class":"FileStreamSink","topics":"t","name":"a"}}',
        config.ConnectorConfigRecord("a", {"connector.class": "FileStreamSink", "topics": "t", "name": "a"}),
        config.connector_entry("a", {"connector.class": "FileStreamSink", "topics": "t", "name": "a"}),
    ),
    (b"connector-a", None, config.ConnectorConfigRecord("a", None), config.connector_entry("a", None)),
    (b"task-a-b-0", b'{"properties":{"topics":"t"}}', config.TaskConfigRecord("a-b", 0), None),
    (b"commit-a", b'{"tasks":0}', config.TaskCommitRecord("a", 0), config.no_tasks_entry("a")),
    (
        b"target-state-a",
        b'{"state":"PAUSED","state.v2":"STOPPED"}',
        config.TargetStateRecord("a", TargetState.STOPPED),
        config.target_state_entry("a", TargetState.STOPPED),
    ),
    (
        b"target-state-a",
        b'{"state":"PAUSED","state.v2":"PAUSED"}',
        config.TargetStateRecord("a", TargetState.PAUSED),
        config.target_state_entry("a", TargetState.PAUSED),
    ),
    (
        b"target-state-a",
        b'{"state":"STARTED","state.v2":"STARTED"}',
        config.TargetStateRecord("a", TargetState.STARTED),
        config.target_state_entry("a", TargetState.STARTED),
    ),
    (b"target-state-a", b'{"state":"PAUSED"}', config.TargetStateRecord("a", TargetState.PAUSED), None),
    (
        b"target-state-a",
        None,
        config.TargetStateRecord("a", None),
        config.target_state_entry("a", None),
    ),
    (
        b"restart-connector-a",
        b'{"include-tasks":true,"only-failed":false}',
        config.RestartRecord("a", include_tasks=True, only_failed=False),
        config.restart_entry("a", include_tasks=True, only_failed=False),
    ),
    (
        b"logger-cluster-org.x",
        b'{"level":"debug"}',
        config.LoggerRecord("org.x", "debug"),
        config.logger_entry("org.x", "debug"),
    ),
    (b"session-key", b'{"key":"x","algorithm":"HmacSHA256","creation-timestamp":1}', None, None),
]


@pytest.mark.parametrize(("key", "value", "says", "ours"), CONFIG)
def test_connects_records_of_the_config_topic_are_read_and_written_alike(
    key: bytes, value: bytes | None, says: config.ConfigRecord | None, ours: Entry | None
) -> None:
    assert config.read_config_record(LogRecord(0, 0, key, value)) == says
    if ours is not None:
        assert (ours.key.encode(), ours.value) == (key, value)


RUNNING = status.InstanceStatus(State.RUNNING, WORKER, 2, None, "4.3.0")
TEXT = f'{{"state":"RUNNING","trace":null,"worker_id":"{WORKER}","generation":2,"version":"4.3.0"}}'.encode()
STATUS: list[tuple[bytes, bytes | None, StatusRecord, Entry]] = [
    (
        b"status-connector-a",
        TEXT,
        status.ConnectorStatusRecord("a", RUNNING),
        status.connector_status_entry("a", RUNNING),
    ),
    (
        b"status-task-a-b-12",
        TEXT,
        status.TaskStatusRecord("a-b", 12, RUNNING),
        status.task_status_entry("a-b", 12, RUNNING),
    ),
    (
        b"status-task-a-0",
        None,
        status.TaskStatusRecord("a", 0, None),
        status.task_status_entry("a", 0, None),
    ),
    (
        b"status-topic-t.x:connector-a:connector-b",
        b'{"topic":{"name":"t.x","connector":"a:connector-b","task":0,"discoverTimestamp":1795284457581}}',
        status.TopicRecord("a:connector-b", "t.x", is_active=True),
        status.topic_entry("a:connector-b", "t.x", 0, 1795284457581),
    ),
    (
        b"status-topic-t:connector-a",
        None,
        status.TopicRecord("a", "t", is_active=False),
        status.no_topic_entry("a", "t"),
    ),
]


@pytest.mark.parametrize(("key", "value", "says", "ours"), STATUS)
def test_connects_records_of_the_status_topic_are_read_and_written_alike(
    key: bytes, value: bytes | None, says: StatusRecord, ours: Entry
) -> None:
    assert status.read_status_record(LogRecord(0, 0, key, value)) == says
    assert (ours.key.encode(), ours.value) == (key, value)


def test_a_status_of_before_connect_four_has_no_version() -> None:
    old = LogRecord(
        0, 0, b"status-connector-a", b'{"state":"FAILED","trace":"t","worker_id":"w","generation":1}'
    )
    assert status.read_status_record(old) == status.ConnectorStatusRecord(
        "a", status.InstanceStatus(State.FAILED, "w", 1, "t")
    )


names = st.text(min_size=1).filter(lambda name: name.encode("utf-8", "replace").decode() == name)
owners = st.none() | st.builds(status.Owner, names, names)


@given(names, st.integers(1, 1 << 31), st.lists(owners, max_size=5))
def test_a_placement_comes_back_as_it_was_written(
    name: str, generation: int, found: list[status.Owner | None]
) -> None:
    placed = status.Placed(generation, tuple(found))
    entry = status.placement_entry(name, placed)
    assert status.read_status_record(record(entry)) == status.PlacementRecord(name, placed)


@given(names, st.integers(0, 1000))
def test_names_of_any_kind_come_back_from_keys(name: str, task: int) -> None:
    for entry, says in (
        (config.connector_entry(name, {}), config.ConnectorConfigRecord(name, {})),
        (config.task_restart_entry(name, task), config.TaskRestartRecord(name, task)),
        (config.connection_entry(name, b"x"), config.ConnectionRecord(name, b"x")),
    ):
        assert config.read_config_record(record(entry)) == says
    task_entry = status.task_status_entry(name, task, RUNNING)
    assert status.read_status_record(record(task_entry)) == status.TaskStatusRecord(name, task, RUNNING)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"status-connector-a", b'{"state":"ASLEEP","worker_id":"w","generation":1}'),
        (b"status-connector-a", b'{"state":"RUNNING","generation":1}'),
        (b"status-connector-a", b'{"state":"RUNNING","worker_id":"w","generation":"1"}'),
        (b"status-task-a", b"{}"),
        (b"status-topic-t", b"{}"),
        (b"status-topic-t:connector-a", b"{}"),
        (b"placement-a", b'{"generation":1,"tasks":[["a"]]}'),
        (b"placement-a", b'{"tasks":[]}'),
        (b"whatever", b"{}"),
        (None, b"{}"),
    ],
)
def test_a_damaged_status_is_told_from_a_sound_one(key: bytes | None, value: bytes) -> None:
    with pytest.raises(DamagedRecordError):
        status.read_status_record(LogRecord(0, 0, key, value))


def test_a_status_is_not_written_over_what_a_later_owner_has_said() -> None:
    def of(worker: str, generation: int) -> status.InstanceStatus:
        return status.InstanceStatus(State.RUNNING, worker, generation)

    assert of("a", 1).may_follow(None)
    assert of("a", 1).may_follow(of("a", 5))
    assert of("a", 5).may_follow(of("b", 5))
    assert not of("a", 4).may_follow(of("b", 5))
