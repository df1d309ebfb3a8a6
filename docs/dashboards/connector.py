"""The dashboard of one connector: what it does, task by task and partition by partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.dashboards.panel import Curves, Figure, Panel, dashboard, label_values, with_rows
from docs.dashboards.query import Series, or_zero

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

_JOB = Series('job=~"$job"')
_ONE = Series('job=~"$job", connector="$connector"')
_PARTITION = "topic, partition"
_OF_PARTITION = "{{topic}}-{{partition}}"
_UPLOADS = "CreateMultipartUpload|UploadPart|CompleteMultipartUpload|PutObject"


def connector() -> Dashboard:
    made = dashboard("Kafka AWS connector: connector", "kafka-aws-connector-connector")
    made = made.with_variable(label_values("connector", _JOB.of("connector_task_state")))
    return with_rows(
        made,
        {
            "Is it well": _health(),
            "Is anything late": _lateness(),
            "Is anything lost or doubled": _losses(),
            "Delivery": _delivery(),
            "Memory and Kafka": _memory(),
        },
    )


def _health() -> list[Panel]:
    skipped = _ONE.growth("connector_records_skipped_total", over="1d")
    return [
        Figure("Running tasks", _ONE.most("connector_cluster_tasks", more='state="RUNNING"')),
        Figure("Failed tasks", _ONE.most("connector_cluster_tasks", more='state="FAILED"'), bad=1),
        Figure(
            "Tasks that nobody runs", _ONE.most("connector_cluster_tasks", more='state="UNASSIGNED"'), bad=1
        ),
        Figure("Lag", _ONE.total("connector_consumer_lag_records")),
        Figure(
            "Left out in a day",
            or_zero(skipped),
            bad=1,
            text="Records that could never succeed; the dead letter queue has them, if there is one.",
        ),
        Figure("Failures in a day", or_zero(_ONE.growth("connector_task_failures_total", over="1d")), bad=1),
    ]


def _lateness() -> list[Panel]:
    return [
        Curves(
            "Read, put and delivered",
            {
                "read": _ONE.rate("connector_records_read_total"),
                "put, after transforms": _ONE.rate("connector_records_put_total"),
                "delivered": _ONE.rate("connector_records_delivered_total"),
            },
            "rps",
        ),
        Curves(
            "Lag by partition",
            {_OF_PARTITION: _ONE.total("connector_consumer_lag_records", _PARTITION)},
            text="Records in Kafka, not yet read. One that grows alone has a key that is too frequent.",
        ),
        Curves(
            "Uncommitted by partition",
            {_OF_PARTITION: _ONE.total("connector_uncommitted_records", _PARTITION)},
            text="Records that are read and not yet committed: those of open objects, and of requests.",
        ),
        Curves(
            "Nothing committed for",
            {_OF_PARTITION: _ONE.most("connector_uncommitted_seconds", _PARTITION)},
            "s",
        ),
        Curves("States of tasks", {"{{state}}": _ONE.total("connector_task_state", "state")}, stacks=True),
        Curves(
            "Rebalances",
            {"{{event}}": _ONE.growth("connector_rebalances_total", "event", over="15m")},
            text="In a quarter of an hour. After lost, another member may have the partitions already.",
        ),
    ]


def _losses() -> list[Panel]:
    return [
        Curves(
            "Left out",
            {
                "skipped at {{stage}}": _ONE.growth("connector_records_skipped_total", "stage"),
                "dead letters": _ONE.growth("connector_dead_letters_total"),
                "as configured: {{reason}}": _ONE.growth("connector_records_passed_over_total", "reason"),
            },
            text="Whatever is read and not delivered is in one of these, or was dropped by a transform.",
        ),
        Curves(
            "Not taken",
            {
                "dead letters": _ONE.growth("connector_dead_letter_failures_total"),
                "offset commits": _ONE.growth("connector_offset_commit_failures_total"),
                "entries, {{verdict}}": _ONE.growth("connector_entries_refused_total", "verdict"),
            },
            text="What is refused is sent again, or ends the task. Nothing is committed beyond it.",
        ),
        Curves(
            "Written again",
            {
                "taken over as it was": _ONE.rate("connector_upload_bytes_resumed_total"),
                "again, from its records": _ONE.rate("connector_upload_bytes_repeated_total"),
            },
            "Bps",
            "Of unfinished objects: readers see nothing twice.",
        ),
    ]


def _delivery() -> list[Panel]:
    return [
        Curves(
            "Bytes read and delivered",
            {
                "read": _ONE.rate("connector_read_bytes_total"),
                "delivered": _ONE.rate("connector_delivered_bytes_total"),
            },
            "Bps",
        ),
        Curves(
            "Objects and parts",
            {
                "objects": _ONE.rate("connector_objects_total"),
                "parts": _ONE.rate("connector_upload_parts_total"),
                "ended early, {{reason}}": _ONE.rate("connector_objects_finished_early_total", "reason"),
                "aborted": _ONE.rate("connector_uploads_aborted_total"),
            },
            "ops",
        ),
        Curves(
            "Retries by operation",
            {"{{operation}}": _ONE.rate("connector_retries_total", "operation")},
            "ops",
        ),
        Curves(
            "Requests to a messaging service",
            {
                "under way": _ONE.total("connector_requests_under_way"),
                "at most": _ONE.total("connector_requests_limit"),
            },
            text="The bound falls while the service throttles.",
        ),
        Curves(
            "Uploads that fail, of all connectors",
            {
                "{{operation}}": _JOB.rate(
                    "connector_aws_request_seconds_count",
                    "operation",
                    f'operation=~"{_UPLOADS}", outcome="failed"',
                )
            },
            "reqps",
            "Of all connectors: requests do not tell whose they are.",
        ),
        Curves(
            "Time of put, flush and commit, 99th percentile",
            {
                "put": _ONE.slowest("connector_put_seconds"),
                "flush": _ONE.slowest("connector_flush_seconds"),
                "commit": _ONE.slowest("connector_offset_commit_seconds"),
            },
            "s",
        ),
    ]


def _memory() -> list[Panel]:
    used, budget = (
        _ONE.total(metric, "task") for metric in ("connector_buffered_bytes", "connector_memory_budget_bytes")
    )
    return [
        Curves(
            "Memory budget in use",
            {"task {{task}}": f"{used} / {budget}"},
            "percentunit",
            "At 1 partitions pause until something is delivered.",
        ),
        Curves("Paused tasks", {"task {{task}}": _ONE.most("connector_task_paused", "task")}),
        Curves(
            "Fetched and not yet read",
            {"task {{task}}": _ONE.total("connector_consumer_queued_bytes", "task")},
            "bytes",
        ),
        Curves(
            "Errors of Kafka's client",
            {"{{code}}": _ONE.growth("connector_consumer_errors_total", "code")},
        ),
        Curves(
            "Time of a request to the slowest broker",
            {"task {{task}}": _ONE.most("connector_broker_round_trip_seconds", "task")},
            "s",
        ),
    ]
