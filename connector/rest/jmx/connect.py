"""Kafka Connect's metrics, worked out from ours; what it has and this worker has not is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from connector.rest.jmx.bean import Reading, families
from connector.rest.jmx.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client import Metric

    from connector.rest.jmx.bean import Style

_STATES = ("running", "paused", "failed", "unassigned", "restarting")

_TOTALS = {
    "connector_records_read_total": "sink-record-read",
    "connector_records_put_total": "sink-record-send",
    "commits": "offset-commit-completion",
}
"""Those that have a total and a rate."""
_ERRORS = {
    "connector_records_skipped_total": (
        "total-record-failures",
        "total-record-errors",
        "total-records-skipped",
    ),
    "connector_retries_total": ("total-retries",),
    "letters": ("deadletterqueue-produce-requests",),
    "connector_dead_letter_failures_total": ("deadletterqueue-produce-failures",),
}


class ConnectorFacts(NamedTuple):
    """What is known of a connector whose own instance runs in this worker."""

    name: str
    state: str
    sink: str
    version: str | None


class _Task(NamedTuple):
    connector: str
    task: str

    @property
    def labels(self) -> dict[str, str]:
        return {"connector": self.connector, "task": self.task}


Values = dict[tuple[str, _Task], float]
Attributes = Iterator[tuple[str, float]]


class ConnectMetrics:
    """One worker's; it remembers the last scrapes.

    Args:
        styles: Whose names; several stand beside each other.
        worker_id: This worker, as statuses name it.
    """

    def __init__(self, styles: Sequence[Style], worker_id: str) -> None:
        self.worker_id = worker_id
        self._styles = styles
        self._window = Window()

    def families(
        self, ours: Iterable[Metric], connectors: Sequence[ConnectorFacts], now: float
    ) -> Iterator[Metric]:
        """Args: ``ours`` as collected; ``connectors`` are this worker's; ``now`` since the epoch."""
        ours = list(ours)
        values, tasks = _by_task(ours)
        self._window.take(now, values)
        readings = [
            *(reading for task in tasks for reading in self._of_task(task, values)),
            *_consumers(ours),
            *(reading for each in connectors for reading in _of_connector(each)),
            *self._of_worker(ours, values, connectors, now),
        ]
        for style in self._styles:
            yield from families(readings, style)

    def _of_task(self, task: _Task, values: Values) -> Iterator[Reading]:
        found = {
            "sink-task-metrics": [*self._progress(task, values), *self._puts(task, values)],
            "connector-task-metrics": [*self._commits(task), *self._running(task)],
            "task-error-metrics": [
                (attribute, values.get((name, task), 0.0))
                for name, attributes in _ERRORS.items()
                for attribute in attributes
            ],
        }
        for bean, attributes in found.items():
            for attribute, value in attributes:
                yield Reading(bean, attribute, task.labels, value)
        for state in _STATES:
            if values.get((state, task)):
                yield Reading("connector-task-metrics", "status", task.labels, 1.0, state)

    def _progress(self, task: _Task, values: Values) -> Attributes:
        for name, attribute in _TOTALS.items():
            yield f"{attribute}-total", values.get((name, task), 0.0)
            yield f"{attribute}-rate", self._window.rate((name, task))
        # Of a commit that is not answered another generation is made, so none is ever late and left out.
        yield "offset-commit-skip-total", 0.0
        yield "offset-commit-skip-rate", 0.0

    def _puts(self, task: _Task, values: Values) -> Attributes:
        waiting = ("connector_uncommitted_records", task)
        yield "partition-count", values.get(("partitions", task), 0.0)
        yield "put-batch-avg-time-ms", 1000 * self._average_seconds("put", task)
        yield "sink-record-active-count", values.get(waiting, 0.0)
        yield "sink-record-active-count-avg", self._window.mean(waiting)
        yield "sink-record-active-count-max", self._window.highest(waiting)

    def _commits(self, task: _Task) -> Attributes:
        failed = self._window.ratio(
            ("connector_offset_commit_failures_total", task),
            of=("connector_offset_commit_seconds_count", task),
        )
        yield "offset-commit-avg-time-ms", 1000 * self._average_seconds("offset_commit", task)
        yield "offset-commit-failure-percentage", failed
        yield "offset-commit-success-percentage", 1 - failed

    def _running(self, task: _Task) -> Attributes:
        puts = ("connector_put_seconds_count", task)
        yield "batch-size-avg", self._window.ratio(("connector_records_put_total", task), of=puts)
        yield "running-ratio", self._window.mean(("running", task))
        yield "pause-ratio", self._window.mean(("paused", task))

    def _average_seconds(self, what: str, task: _Task) -> float:
        name = f"connector_{what}_seconds"
        return self._window.ratio((f"{name}_sum", task), of=(f"{name}_count", task))

    def _of_worker(
        self, ours: Sequence[Metric], values: Values, here: Sequence[ConnectorFacts], now: float
    ) -> Iterator[Reading]:
        running = [
            (task.connector, name) for (name, task), value in values.items() if name in _STATES and value
        ]
        client = {"client-id": self.worker_id}
        yield Reading("connect-coordinator-metrics", "assigned-connectors", client, len(here))
        yield Reading("connect-coordinator-metrics", "assigned-tasks", client, len(running))
        found = {
            "connect-worker-metrics": {
                "connector-count": len(here),
                "task-count": len(running),
                **_starts(_by_label(ours, "connector_task_starts_total", "outcome")),
            },
            "connect-worker-rebalance-metrics": _rebalances(ours, now),
        }
        for bean, attributes in found.items():
            for attribute, value in attributes.items():
                yield Reading(bean, attribute, {}, value)
        yield from _tasks_by_state(Counter(running))


def _tasks_by_state(counts: Counter[tuple[str, str]]) -> Iterator[Reading]:
    for connector in sorted({connector for connector, _ in counts}):
        by_state = {state: counts[connector, state] for state in _STATES}
        for state, count in {"total": sum(by_state.values()), **by_state, "destroyed": 0}.items():
            attribute = f"connector-{state}-task-count"
            yield Reading("connect-worker-metrics", attribute, {"connector": connector}, count)


def _starts(outcomes: Mapping[str, float]) -> dict[str, float]:
    succeeded, failed = outcomes.get("succeeded", 0.0), outcomes.get("failed", 0.0)
    return {
        "task-startup-attempts-total": succeeded + failed,
        "task-startup-success-total": succeeded,
        "task-startup-failure-total": failed,
    }


def _rebalances(ours: Iterable[Metric], now: float) -> dict[str, float]:
    last = _only(ours, "connector_worker_rebalanced_timestamp_seconds")
    found = {"completed-rebalances-total": _only(ours, "connector_worker_rebalances_total")}
    return {**found, "time-since-last-rebalance-ms": 1000 * max(0.0, now - last)} if last else found


def _of_connector(found: ConnectorFacts) -> Iterator[Reading]:
    texts = {
        "status": found.state.lower(),
        "connector-class": found.sink,
        "connector-type": "sink",
        "connector-version": found.version or "unknown",
    }
    for attribute, text in texts.items():
        yield Reading("connector-metrics", attribute, {"connector": found.name}, 1.0, text)


def _by_task(ours: Iterable[Metric]) -> tuple[Values, list[_Task]]:
    """Sums over all other labels, and what follows from several of them."""
    values: Values = {}
    tasks: dict[_Task, None] = {}

    def add(name: str, task: _Task, value: float) -> None:
        values[name, task] = values.get((name, task), 0.0) + value

    for sample in (sample for family in ours for sample in family.samples):
        if "task" not in sample.labels or sample.name.endswith(("_bucket", "_created")):
            continue
        task = _Task(sample.labels["connector"], sample.labels["task"])
        if sample.name == "connector_task_state":
            tasks[task] = None
            add(sample.labels["state"].lower(), task, sample.value)
            continue
        add(sample.name, task, sample.value)
        if sample.name == "connector_uncommitted_records":
            add("partitions", task, 1.0)
    for task in tasks:
        committed = values.get(("connector_offset_commit_seconds_count", task), 0.0)
        add("commits", task, committed - values.get(("connector_offset_commit_failures_total", task), 0.0))
        for name in ("connector_dead_letters_total", "connector_dead_letter_failures_total"):
            add("letters", task, values.get((name, task), 0.0))
    return values, list(tasks)


def _consumers(ours: Iterable[Metric]) -> Iterator[Reading]:
    """Lag as the client of a JVM worker has it, under the name that its client would have."""
    for family in ours:
        if family.name != "connector_consumer_lag_records":
            continue
        for sample in family.samples:
            labels = {
                "client-id": f"connector-consumer-{sample.labels['connector']}-{sample.labels['task']}",
                "topic": sample.labels["topic"],
                "partition": sample.labels["partition"],
            }
            yield Reading("consumer-fetch-manager-metrics", "records-lag", labels, sample.value)


def _by_label(ours: Iterable[Metric], name: str, label: str) -> Mapping[str, float]:
    return {
        sample.labels[label]: sample.value
        for family in ours
        for sample in family.samples
        if sample.name == name
    }


def _only(ours: Iterable[Metric], name: str) -> float:
    return next((each.value for family in ours for each in family.samples if each.name == name), 0.0)
