"""Every metric of the worker, declared once with the text that documents it.

Labels come from closed sets (connector, task, sink, stage, operation, outcome, topic, partition of what is
assigned); nothing here may grow with the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Mapping

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_TASK = ("connector", "task")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


def _counter(name: str, text: str, labels: tuple[str, ...] = _TASK) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, labels: tuple[str, ...] = _TASK) -> Gauge:
    return Gauge(name, text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, labels: tuple[str, ...] = _TASK) -> Histogram:
    return Histogram(name, text, labels, buckets=_SECONDS, registry=REGISTRY)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A gauge whose values are looked up when somebody asks for them: nobody has to keep it right."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def family(self, values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
        """Args: ``values`` by the values of the labels, in their order."""
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


RECORDS_READ = _counter("connector_records_read_total", "Records read from Kafka, before transforms.")
BYTES_READ = _counter("connector_read_bytes_total", "Bytes of keys and values read from Kafka.")
RECORDS_PUT = _counter("connector_records_put_total", "Records handed to the sink, after transforms.")
RECORDS_DELIVERED = _counter(
    "connector_records_delivered_total", "Records that are durable at the destination."
)
BYTES_DELIVERED = _counter(
    "connector_delivered_bytes_total", "Bytes stored at the destination, after encoding and compression."
)
RECORDS_SKIPPED = _counter(
    "connector_records_skipped_total",
    "Records left out because they can never succeed and errors.tolerance is all.",
    (*_TASK, "stage"),
)
DEAD_LETTERS = _counter(
    "connector_dead_letters_total",
    "Records that can never succeed, acknowledged by the dead letter queue.",
)
DEAD_LETTER_FAILURES = _counter(
    "connector_dead_letter_failures_total",
    "Attempts that the dead letter queue refused or did not answer; each ends its task.",
)
RECORDS_PASSED_OVER = _counter(
    "connector_records_passed_over_total",
    "Records that are not delivered because the connector's config says so, e.g. tombstones.",
    (*_TASK, "reason"),
)
ENTRIES_REFUSED = _counter(
    "connector_entries_refused_total",
    "Entries of requests that a messaging service did not take: sent again (retry, throttled), or errant"
    " (never).",
    (*_TASK, "verdict"),
)
REQUESTS_UNDER_WAY = _gauge(
    "connector_requests_under_way", "Requests to a messaging service that wait for their answer."
)
REQUESTS_LIMIT = _gauge(
    "connector_requests_limit", "Requests that may be under way at once; less while the service throttles."
)
OBJECTS = _counter("connector_objects_total", "Objects completed at the destination.")
OBJECTS_EARLY = _counter(
    "connector_objects_finished_early_total",
    "Objects that were finished before a bound of their own ended them: to open another (open-limit), to free"
    " memory (memory), or because objects with a footer become visible together (footer).",
    (*_TASK, "reason"),
)
PARTS = _counter("connector_upload_parts_total", "Parts of multipart uploads stored.")
BYTES_RESUMED = _counter(
    "connector_upload_bytes_resumed_total",
    "Bytes of unfinished objects that were taken over, stored as they were.",
)
BYTES_REPEATED = _counter(
    "connector_upload_bytes_repeated_total",
    "Bytes of objects that had to be written again from their records.",
)
UPLOADS_ABORTED = _counter("connector_uploads_aborted_total", "Multipart uploads aborted.")

LAG = _gauge(
    "connector_consumer_lag_records",
    "Records between the position of the task and the end of the partition.",
    (*_TASK, "topic", "partition"),
)
UNCOMMITTED = _gauge(
    "connector_uncommitted_records",
    "Offsets between what is read and what is committed.",
    (*_TASK, "topic", "partition"),
)
UNCOMMITTED_SECONDS = _gauge(
    "connector_uncommitted_seconds",
    "For how long nothing was committed of a partition of which records wait for it; 0 while none do. Objects"
    " that stay open for an hour make it an hour.",
    (*_TASK, "topic", "partition"),
)
PUT_SECONDS = _histogram("connector_put_seconds", "Time of one put: encoding, compressing, buffering.")
FLUSH_SECONDS = _histogram("connector_flush_seconds", "Time of one flush: until what was put is durable.")
COMMIT_SECONDS = _histogram("connector_offset_commit_seconds", "Time of one offset commit.")
COMMIT_FAILURES = _counter(
    "connector_offset_commit_failures_total", "Offset commits that Kafka refused or did not answer."
)
RETRIES = _counter("connector_retries_total", "Operations repeated after a fault.", (*_TASK, "operation"))
REBALANCES = _counter("connector_rebalances_total", "Partition assignments that changed.", (*_TASK, "event"))
CONSUMER_ERRORS = _counter(
    "connector_consumer_errors_total", "Errors that the Kafka client reported.", (*_TASK, "code")
)
CONSUMER_QUEUED_BYTES = _gauge(
    "connector_consumer_queued_bytes", "Bytes fetched from Kafka and not yet read by the task."
)
BROKER_ROUND_TRIP = _gauge(
    "connector_broker_round_trip_seconds", "Average time of a request to the slowest broker."
)
BUFFERED_BYTES = _gauge(
    "connector_buffered_bytes", "Bytes read and not yet durable: the memory budget in use."
)
BUDGET_BYTES = _gauge("connector_memory_budget_bytes", "The memory budget of the task.")
PAUSED = _gauge(
    "connector_task_paused",
    "1 while partitions are paused: the memory budget is spent, or the connector is paused (state PAUSED).",
)
TASK_STATE = _gauge("connector_task_state", "1 for the state that the task is in.", (*_TASK, "state"))
TASK_STARTS = _counter(
    "connector_task_starts_total",
    "Starts of tasks in this worker: succeeded when the task is in its group, or failed before it was.",
    ("outcome",),
)
TASK_FAILURES = _counter(
    "connector_task_failures_total",
    "Tasks that failed in this worker; those that started again since are counted, too.",
    ("connector",),
)

CLUSTER_WORKERS = _gauge(
    "connector_cluster_workers", "Workers of the cluster that are alive, as this one sees it.", ()
)
CLUSTER_CONNECTORS = Sampled(
    "connector_cluster_connectors",
    "Connectors of the cluster in this state, as this worker sees it: take the maximum, not the sum.",
    ("state",),
)
CLUSTER_CONNECTOR_STATE = Sampled(
    "connector_cluster_connector_state",
    "1 for the state that the connector is in, as this worker sees it: take the maximum, not the sum. PAUSED"
    " and STOPPED are what somebody wants.",
    ("connector", "state"),
)
CLUSTER_TASKS = Sampled(
    "connector_cluster_tasks",
    "Tasks of the cluster in this state, as this worker sees it: take the maximum, not the sum. UNASSIGNED is"
    " what nobody runs.",
    ("connector", "state"),
)
WORKER_REBALANCES = _counter(
    "connector_worker_rebalances_total",
    "Rebalances of the group of workers: how often one came, or left, or was not heard of.",
    (),
)
WORKER_REBALANCED = _gauge(
    "connector_worker_rebalanced_timestamp_seconds",
    "When the group of workers has last rebalanced, in seconds since the epoch; 0 for never.",
    (),
)
WORKER_READY = Sampled("connector_worker_ready", "1 once the worker has completed its start.")
WORKER_INFO = Sampled(
    "connector_worker_info", "1; its labels tell what this worker is.", ("worker_id", "version")
)

STS_CALLS = _counter(
    "connector_sts_requests_total", "Requests to STS for short-lived credentials.", ("outcome",)
)
CREDENTIALS_REFRESHES = _counter(
    "connector_credentials_refreshes_total",
    "Credentials obtained, or not (failed): requests go on while the last session is valid.",
    ("role", "outcome"),
)
CREDENTIALS_EXPIRY = _gauge(
    "connector_credentials_expiry_timestamp_seconds",
    "When the first of a role's sessions expires, in seconds since the epoch; +Inf if none ever does.",
    ("role",),
)
AWS_REQUESTS = _histogram(
    "connector_aws_request_seconds", "Time of one AWS request.", ("operation", "outcome")
)


def forget_task(connector: str, task: int) -> None:
    """Drop the series of a task that is gone, so that nobody is alarmed by its last values."""
    for metric in list(globals().values()):
        if isinstance(metric, Counter | Gauge | Histogram) and metric._labelnames[:2] == _TASK:  # noqa: SLF001
            metric.remove_by_labels({"connector": connector, "task": str(task)})
