"""The config topic, from its records in order: what counts, what is left out, and what compaction may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from connector.cluster.config_records import (
    connection_entry,
    connector_entry,
    connector_key,
    logger_entry,
    target_state_entry,
)
from connector.cluster.config_state import ConfigState
from connector.cluster.records import NOTHING, Entry, LogRecord
from connector.config.target_state import TargetState

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

KEY = connector_key("a")


class Topic:
    """A partition with its records, and who follows it."""

    def __init__(self) -> None:
        self.records: list[LogRecord] = []
        self.state = ConfigState()

    def write(self, entry: Entry) -> int:
        offset = len(self.records)
        record = LogRecord(0, offset, entry.key.encode(), entry.value, entry.base)
        self.records.append(record)
        self.state.apply(record)
        return offset


def read(records: Sequence[LogRecord]) -> ConfigState:
    state = ConfigState()
    for record in records:
        state.apply(record)
    return state


def config_of(state: ConfigState, name: str = "a") -> Any:
    stored = state.connectors.get(name)
    return stored and {key: value for key, value in stored.config.items() if key != "name"}


def test_a_connector_goes_by_its_key_whatever_name_its_config_has() -> None:
    # A JVM worker stores what PATCH gives.
    topic = Topic()
    topic.write(connector_entry("a", {"name": "other"}))
    topic.write(connector_entry("b", {}))
    assert {key: stored.config for key, stored in topic.state.connectors.items()} == {
        "a": {"name": "a"},
        "b": {"name": "b"},
    }


def test_a_config_is_there_from_its_record_to_its_deletion() -> None:
    topic = Topic()
    topic.write(target_state_entry("a", TargetState.PAUSED))
    topic.write(connector_entry("a", {"k": "1"}))
    assert (config_of(topic.state), topic.state.target("a")) == ({"k": "1"}, TargetState.PAUSED)

    topic.write(connector_entry("a", None))
    topic.write(target_state_entry("a", None))
    assert (config_of(topic.state), topic.state.target("a")) == (None, TargetState.STARTED)


def test_of_two_that_create_at_once_the_first_counts() -> None:
    topic = Topic()
    first = topic.write(connector_entry("a", {"by": "first"}, NOTHING))
    second = topic.write(connector_entry("a", {"by": "second"}, NOTHING))

    assert config_of(topic.state) == {"by": "first"}
    assert not topic.state.was_refused(KEY, first)
    assert topic.state.was_refused(KEY, second)


def test_a_change_of_what_was_deleted_meanwhile_does_not_bring_it_back() -> None:
    topic = Topic()
    base = topic.write(connector_entry("a", {"v": "1"}, NOTHING))
    topic.write(connector_entry("a", None))
    late = topic.write(connector_entry("a", {"v": "2"}, base))

    assert topic.state.was_refused(KEY, late)
    assert config_of(topic.state) is None
    again = topic.write(connector_entry("a", {"v": "3"}, topic.state.base_of(KEY)))
    assert not topic.state.was_refused(KEY, again)


def test_what_says_no_base_always_counts_as_connects_own_records_do() -> None:
    topic = Topic()
    topic.write(connector_entry("a", {"v": "1"}, NOTHING))
    topic.write(connector_entry("a", {"v": "2"}))
    assert config_of(topic.state) == {"v": "2"}


def test_levels_and_connections_are_kept_by_name() -> None:
    topic = Topic()
    topic.write(logger_entry("root", "DEBUG"))
    topic.write(connection_entry("lake", b"{}"))
    assert topic.state.levels == {"root": "DEBUG"}
    assert topic.state.connections["lake"].document == b"{}"
    topic.write(connection_entry("lake", None))
    assert topic.state.connections == {}


def test_damaged_and_foreign_records_are_left_out_with_a_line_that_holds_no_value(
    logged: list[MutableMapping[str, Any]],
) -> None:
    secret = b'{"properties": {"password": 5, "x": "s3cret-canary"}}'
    records = [
        (None, b"{}"),
        (b"\xff\xfe", b"{}"),
        (b"somebody-elses", b"{}"),
        (b"connector-", b"{}"),
        (b"connector-a", b"not json s3cret-canary"),
        (b"connector-a", b'["s3cret-canary"]'),
        (b"connector-a", secret),
        (b"connector-a", b'{"properties": null}'),
        (b"task-a", b'{"properties": {}}'),
        (b"task-a-x", b'{"properties": {}}'),
        (b"commit-a", b'{"tasks": true}'),
        (b"commit-a", b'{"tasks": -1}'),
        (b"target-state-a", b'{"state": "ASLEEP"}'),
        (b"target-state-a", b"{}"),
        (b"restart-connector-a", b'{"include-tasks": "yes"}'),
        (b"logger-cluster-x", b'{"level": 7}'),
    ]
    state = read([LogRecord(0, offset, key, value) for offset, (key, value) in enumerate(records)])

    assert (state.connectors, state.jvm_tasks, state.levels) == ({}, {}, {})
    assert [line["offset"] for line in logged] == list(range(len(records)))
    assert "canary" not in str(logged)


def test_what_concerns_only_jvm_workers_is_passed_over_in_silence(
    logged: list[MutableMapping[str, Any]],
) -> None:
    read([LogRecord(0, 0, b"session-key", b"{}"), LogRecord(0, 1, b"tasks-fencing-a", b'{"tasks": 1}')])
    assert logged == []


@given(st.binary(max_size=20), st.none() | st.binary(max_size=30))
def test_no_record_whatever_is_a_crash(key: bytes, value: bytes | None) -> None:
    for prefix in (
        b"",
        b"connector-",
        b"task-",
        b"commit-",
        b"target-state-",
        b"restart-task-",
        b"logger-cluster-",
    ):
        ConfigState().apply(LogRecord(0, 0, prefix + key, value))


# Each step is of a writer that knows the topic as it was some records ago, and mends what it was refused.
steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["put", "delete", "foreign"])), min_size=1, max_size=12
)


@given(steps, st.data())
def test_whatever_compaction_takes_away_everybody_reads_the_same(steps: Any, data: st.DataObject) -> None:
    topic = Topic()
    for number, (behind, kind) in enumerate(steps):
        known = read(topic.records[: max(0, len(topic.records) - behind)])
        if kind == "delete":
            topic.write(connector_entry("a", None))
        elif kind == "foreign":
            topic.write(connector_entry("a", {"v": str(number)}))
        else:
            offset = topic.write(connector_entry("a", {"v": str(number)}, known.base_of(KEY)))
            if topic.state.was_refused(KEY, offset):
                topic.write(topic.state.mended(KEY))

    # Compaction has come so far: below, only the last of each key is left; a deletion may be gone altogether.
    clean = data.draw(st.integers(0, len(topic.records)), "compacted below")
    last = topic.records[clean - 1 : clean]
    if last and last[0].value is None and data.draw(st.booleans(), "deletion gone"):
        last = []
    assert config_of(read([*last, *topic.records[clean:]])) == config_of(topic.state)
