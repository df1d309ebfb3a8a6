"""What operators see of a task: how long nothing was committed, what started and what failed."""

from __future__ import annotations

import pytest

from connector import metrics
from connector.config.connector import ConnectorConfig
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.errant import STAGES, ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.offsets import Offsets

ORDERS = TopicPartition("orders", 0)


def waited(connector: str) -> float | None:
    labels = {"connector": connector, "task": "0", "topic": "orders", "partition": "0"}
    return metrics.REGISTRY.get_sample_value("connector_uncommitted_seconds", labels)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("connector.runtime.observer.time.monotonic", lambda: now[0])
    return now


def test_it_is_told_for_how_long_nothing_was_committed(clock: list[float]) -> None:
    observer, offsets = TaskObserver("waiting", 0), Offsets()
    offsets.own([ORDERS])

    def look(at: float) -> float | None:
        clock[0] = at
        observer.progress(offsets, lambda _: None)
        return waited("waiting")

    assert look(100) == 0
    batch = RecordBatch.of(ORDERS, [Record(offset, None, b"v", 1, []) for offset in range(10)])
    offsets.take(batch, offsets.epoch(ORDERS))
    assert look(110) == 0
    assert look(130) == 20
    offsets.committed({ORDERS: 4})
    assert look(140) == 0
    assert look(145) == 5
    offsets.committed({ORDERS: 10})
    assert look(150) == 0
    assert look(170) == 0
    observer.forget([ORDERS])
    assert waited("waiting") is None


def test_what_will_be_counted_is_there_before_it_happens() -> None:
    """Else the first would be no increase, and nobody would hear of it."""
    TaskObserver("early", 0)
    raw = {"name": "early", "connector.class": "s3", "topics": "orders", "errors.tolerance": "all"}
    ErrantRecords(ConnectorConfig.parse(raw), 0)
    task = {"connector": "early", "task": "0"}
    value = metrics.REGISTRY.get_sample_value
    assert [value("connector_rebalances_total", {**task, "event": "lost"})] == [0]
    skipped = [value("connector_records_skipped_total", {**task, "stage": stage}) for stage in STAGES]
    assert skipped == [0] * len(STAGES)
