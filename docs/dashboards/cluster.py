"""The dashboard of all workers and connectors: is all well, and if not, where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.dashboards.panel import Curves, Figure, Panel, dashboard, with_rows
from docs.dashboards.query import RATE, Series, or_zero

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

_ALL = Series('job=~"$job"')
_FAILED = 'outcome="failed"'


def cluster() -> Dashboard:
    made = dashboard("Kafka AWS connector: cluster", "kafka-aws-connector-cluster")
    return with_rows(
        made,
        {"Is all well": _health(), "Records": _records(), "AWS": _aws(), "Workers": _workers()},
    )


def _tasks(state: str) -> str:
    """Every worker tells of the whole cluster."""
    each = _ALL.most("connector_cluster_tasks", "connector", f'state="{state}"')
    return f"sum({each})"


def _health() -> list[Panel]:
    silent = f"count({_ALL.of('up')} == 0)"
    failed = _ALL.growth("connector_credentials_refreshes_total", more=_FAILED, over="15m")
    return [
        Figure("Workers", _ALL.most("connector_cluster_workers")),
        Figure("Workers that do not answer", or_zero(silent), bad=1),
        Figure("Running tasks", _tasks("RUNNING")),
        Figure("Failed tasks", _tasks("FAILED"), bad=1),
        Figure("Tasks that nobody runs", _tasks("UNASSIGNED"), bad=1),
        Figure("Failed credentials", or_zero(failed), bad=1, text="Attempts of the last 15 minutes."),
    ]


def _records() -> list[Panel]:
    return [
        Curves(
            "Read and delivered",
            {
                "read": _ALL.rate("connector_records_read_total"),
                "delivered": _ALL.rate("connector_records_delivered_total"),
            },
            "rps",
            "They part for long only where records are left out, or objects stay open.",
        ),
        Curves(
            "Lag by connector",
            {"{{connector}}": _ALL.total("connector_consumer_lag_records", "connector")},
            text="Records that are in Kafka and not yet read.",
        ),
        Curves(
            "Nothing committed for",
            {"{{connector}}": _ALL.most("connector_uncommitted_seconds", "connector")},
            "s",
            "Objects that stay open until they are full or old enough keep their offsets uncommitted.",
        ),
        Curves(
            "Delivered bytes by connector",
            {"{{connector}}": _ALL.rate("connector_delivered_bytes_total", "connector")},
            "Bps",
            stacks=True,
        ),
        Curves(
            "Records left out",
            {
                "{{connector}}, skipped": _ALL.growth("connector_records_skipped_total", "connector"),
                "{{connector}}, dead letters": _ALL.growth("connector_dead_letters_total", "connector"),
            },
            text="Of records that can never succeed. Those in a dead letter queue are skipped, too.",
        ),
        Curves(
            "Failures of tasks",
            {"{{connector}}": _ALL.growth("connector_task_failures_total", "connector", over="1h")},
            text="In an hour; of tasks that started again, too.",
        ),
    ]


def _aws() -> list[Panel]:
    expiry = _ALL.of("connector_credentials_expiry_timestamp_seconds")
    return [
        Curves(
            "Requests that fail, by operation",
            {"{{operation}}": _ALL.rate("connector_aws_request_seconds_count", "operation", _FAILED)},
            "reqps",
            "They are repeated while that may help.",
        ),
        Curves(
            "Time of requests, 99th percentile",
            {"{{operation}}": _ALL.slowest("connector_aws_request_seconds", "operation")},
            "s",
        ),
        Curves(
            "Credentials are valid for",
            {"{{role}}": f"min by (role) ({expiry} < +Inf) - time()"},
            "s",
            "A saw: a session is renewed ahead of its end. One that falls to zero is not renewed.",
        ),
    ]


def _workers() -> list[Panel]:
    return [
        Curves(
            "Workers of the cluster, as each sees it",
            {"{{instance}}": _ALL.of("connector_cluster_workers")},
        ),
        Curves(
            "Rebalances of the workers",
            {"{{instance}}": _ALL.growth("connector_worker_rebalances_total", "instance", over="15m")},
            text="In a quarter of an hour. One for each worker that starts or stops.",
        ),
        Curves(
            "Tasks by worker", {"{{instance}}": _ALL.total("connector_task_state", "instance")}, stacks=True
        ),
        Curves(
            "Processor",
            {"{{instance}}": f"rate({_ALL.of('process_cpu_seconds_total')}[{RATE}])"},
            "percentunit",
            "Of one core.",
        ),
        Curves("Memory", {"{{instance}}": _ALL.of("process_resident_memory_bytes")}, "bytes"),
        Curves(
            "Buffered",
            {"{{instance}}": _ALL.total("connector_buffered_bytes", "instance")},
            "bytes",
            "Bytes that are read and not yet durable.",
        ),
    ]
