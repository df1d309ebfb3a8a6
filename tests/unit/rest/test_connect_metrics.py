"""Kafka Connect's metrics, under the names that dashboards of Confluent and of Strimzi ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.config.worker import meaningless
from connector.errors import ConfigError
from connector.rest.jmx import ConnectMetrics, Style
from connector.rest.jmx.window import Window
from connector.runtime.state import State
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from tests.unit.rest.conftest import Client, Connect, InMemoryHerder

HERE = "10.0.0.1:8083"


def names(text: str) -> set[str]:
    return set(text.split())


# What the two public dashboards of Kafka Connect ask for of sinks, workers and connectors.
CONFLUENT = names("""
kafka_connect_connect_worker_metrics_connector_count
kafka_connect_connect_worker_metrics_task_count
kafka_connect_connect_worker_metrics_task_startup_failure_total
kafka_connect_connect_worker_metrics_task_startup_success_total
kafka_connect_connect_worker_metrics_connector_destroyed_task_count
kafka_connect_connect_worker_metrics_connector_failed_task_count
kafka_connect_connect_worker_metrics_connector_paused_task_count
kafka_connect_connect_worker_metrics_connector_running_task_count
kafka_connect_connect_worker_metrics_connector_total_task_count
kafka_connect_connect_worker_metrics_connector_unassigned_task_count
kafka_connect_connect_worker_rebalance_metrics_completed_rebalances_total
kafka_connect_connect_worker_rebalance_metrics_time_since_last_rebalance_ms
kafka_connect_connector_metrics
kafka_connect_connector_task_metrics_batch_size_avg
kafka_connect_connector_task_metrics_offset_commit_avg_time_ms
kafka_connect_connector_task_metrics_offset_commit_success_percentage
kafka_connect_connector_task_metrics_pause_ratio
kafka_connect_connector_task_metrics_running_ratio
kafka_connect_connector_task_metrics_status
kafka_connect_sink_task_metrics_offset_commit_completion_rate
kafka_connect_sink_task_metrics_offset_commit_skip_rate
kafka_connect_sink_task_metrics_partition_count
kafka_connect_sink_task_metrics_put_batch_avg_time_ms
kafka_connect_sink_task_metrics_sink_record_active_count_avg
kafka_connect_sink_task_metrics_sink_record_active_count_max
kafka_connect_sink_task_metrics_sink_record_read_rate
kafka_connect_sink_task_metrics_sink_record_read_total
kafka_connect_sink_task_metrics_sink_record_send_rate
kafka_connect_task_error_metrics_deadletterqueue_produce_failures
kafka_connect_task_error_metrics_deadletterqueue_produce_requests
kafka_connect_task_error_metrics_total_record_errors
kafka_connect_task_error_metrics_total_record_failures
kafka_connect_task_error_metrics_total_records_skipped
kafka_connect_task_error_metrics_total_retries
kafka_consumer_consumer_fetch_manager_metrics_records_lag
""")
STRIMZI = names("""
kafka_connect_connector_connector_class
kafka_connect_connector_connector_type
kafka_connect_connector_connector_version
kafka_connect_connector_status
kafka_connect_connector_task_status
kafka_connect_coordinator_assigned_connectors
kafka_connect_coordinator_assigned_tasks
kafka_connect_sink_task_sink_record_read_total
kafka_connect_task_error_total_record_failures
kafka_connect_worker_connector_count
kafka_connect_worker_connector_destroyed_task_count
kafka_connect_worker_connector_failed_task_count
kafka_connect_worker_connector_paused_task_count
kafka_connect_worker_connector_running_task_count
kafka_connect_worker_connector_unassigned_task_count
kafka_connect_worker_rebalance_completed_rebalances_total
kafka_connect_worker_task_count
kafka_consumer_fetch_manager_records_lag
""")

Samples = dict[tuple[str, str], float]


@pytest.fixture
def registry() -> CollectorRegistry:
    """Of a worker with one task that has read 500 records, of which 200 wait."""
    made = CollectorRegistry()
    task, partition = ("connector", "task"), ("connector", "task", "topic", "partition")
    Counter("connector_records_read_total", "", task, registry=made).labels("orders", "0").inc(500)
    Counter("connector_records_put_total", "", task, registry=made).labels("orders", "0").inc(400)
    put = Histogram("connector_put_seconds", "", task, registry=made).labels("orders", "0")
    put.observe(0.5)
    put.observe(1.5)
    commit = Histogram("connector_offset_commit_seconds", "", task, registry=made).labels("orders", "0")
    for _ in range(4):
        commit.observe(0.25)
    Counter("connector_offset_commit_failures_total", "", task, registry=made).labels("orders", "0").inc()
    skipped = Counter("connector_records_skipped_total", "", (*task, "stage"), registry=made)
    skipped.labels("orders", "0", "TASK_PUT").inc(2)
    skipped.labels("orders", "0", "VALUE_CONVERTER").inc(3)
    for name, value in (("connector_uncommitted_records", 100), ("connector_consumer_lag_records", 7)):
        gauge = Gauge(name, "", partition, registry=made)
        for number in ("0", "1"):
            gauge.labels("orders", "0", "orders", number).set(value)
    state = Gauge("connector_task_state", "", (*task, "state"), registry=made)
    for each in State:
        state.labels("orders", "0", each.value).set(each is State.RUNNING)
    starts = Counter("connector_task_starts_total", "", ("outcome",), registry=made)
    starts.labels("succeeded").inc(4)
    starts.labels("failed").inc()
    Counter("connector_worker_rebalances_total", "", registry=made).inc(3)
    Gauge("connector_worker_rebalanced_timestamp_seconds", "", registry=made).set(1_700_000_000)
    return made


@pytest.fixture
async def asked(connect: Connect, herder: InMemoryHerder, registry: CollectorRegistry) -> Client:
    herder.add("orders", **{"connector.class": "s3"})
    herder.add("returns", **{"connector.class": "sqs"})
    tasks = [TaskStatus(0, State.RUNNING, HERE), TaskStatus(1, State.FAILED, "10.0.0.2:8083", "trace")]
    herder.statuses["orders"] = ConnectorStatus("orders", State.RUNNING, HERE, version="0.1", tasks=tasks)
    herder.statuses["returns"] = ConnectorStatus("returns", State.PAUSED, "10.0.0.2:8083", tasks=[])
    metrics = ConnectMetrics([Style.CONFLUENT, Style.STRIMZI], HERE)
    return await connect(registry=registry, worker_id=HERE, connect_metrics=metrics)


async def samples(client: Client) -> Samples:
    text = await (await client.get("/metrics")).text()
    return {
        (
            sample.name,
            ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items())),
        ): sample.value
        for family in parse(text)
        for sample in family.samples
    }


async def test_what_the_dashboards_of_confluent_and_strimzi_ask_for_is_there(asked: Client) -> None:
    found = {name for name, _ in await samples(asked)}
    assert found >= CONFLUENT | STRIMZI


async def test_totals_and_averages_are_those_of_the_task(asked: Client) -> None:
    found = await samples(asked)
    task = "connector=orders,task=0"
    sink, common = "kafka_connect_sink_task_metrics", "kafka_connect_connector_task_metrics"
    assert found[f"{sink}_sink_record_read_total", task] == 500
    assert found["kafka_connect_sink_task_sink_record_send_total", task] == 400
    assert found[f"{sink}_partition_count", task] == 2
    assert found[f"{sink}_sink_record_active_count", task] == 200
    assert found[f"{sink}_put_batch_avg_time_ms", task] == 1000
    assert found[f"{common}_batch_size_avg", task] == 200
    assert found[f"{common}_offset_commit_avg_time_ms", task] == 250
    assert found[f"{common}_offset_commit_success_percentage", task] == 0.75
    assert found[f"{sink}_offset_commit_completion_total", task] == 3
    assert found[f"{common}_status", "connector=orders,status=running,task=0"] == 1
    assert found["kafka_connect_task_error_metrics_total_records_skipped", task] == 5


async def test_a_worker_speaks_of_the_connectors_and_tasks_that_it_runs_itself(asked: Client) -> None:
    found = await samples(asked)
    worker = "kafka_connect_connect_worker_metrics"
    assert found[f"{worker}_connector_count", "connector=aggregate"] == 1
    assert found["kafka_connect_worker_task_count", ""] == 1
    assert found[f"{worker}_task_startup_attempts_total", "connector=aggregate"] == 5
    assert found[f"{worker}_connector_running_task_count", "connector=orders"] == 1
    assert found["kafka_connect_connector_status", "connector=orders,status=running"] == 1
    assert found["kafka_connect_connector_metrics", "connector=orders,connector_class=s3"] == 1
    assert not [labels for name, labels in found if name.startswith("kafka_") and "returns" in labels]
    lag = "client_id=connector-consumer-orders-0,client_type=consumer,partition=1,topic=orders"
    assert found["kafka_consumer_consumer_fetch_manager_metrics_records_lag", lag] == 7


async def test_openmetrics_has_them_too(asked: Client) -> None:
    response = await asked.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    families = {family.name for family in parse_openmetrics(await response.text())}  # type: ignore[no-untyped-call]
    assert "kafka_connect_sink_task_metrics_sink_record_read" in families


async def test_the_cluster_is_told_of_by_every_worker_with_all_states(asked: Client) -> None:
    found = await samples(asked)
    assert found["connector_cluster_tasks", "connector=orders,state=FAILED"] == 1
    assert found["connector_cluster_tasks", "connector=orders,state=UNASSIGNED"] == 0
    assert found["connector_cluster_connectors", "state=PAUSED"] == 1
    states = [found["connector_cluster_connector_state", f"connector=orders,state={each}"] for each in State]
    assert states == [float(each is State.RUNNING) for each in State]
    assert found["connector_worker_ready", ""] == 1


async def test_names_of_kafka_connect_are_there_only_for_who_wants_them(client: Client) -> None:
    assert not [name for name, _ in await samples(client) if name.startswith("kafka_")]


# ---- the property ----


def test_both_sets_of_names_may_be_asked_for() -> None:
    properties = {"bootstrap.servers": "localhost:9092", "metrics.jmx.names": "confluent, strimzi"}
    settings = WorkerSettings.of(properties, {})
    assert settings.metrics_jmx_names == ("confluent", "strimzi")
    assert "metrics.jmx.names" not in settings.ignored
    assert meaningless("metrics.num.samples")


def test_other_names_are_refused_by_the_name_of_the_property() -> None:
    with pytest.raises(ConfigError, match=re.escape("metrics.jmx.names")):
        WorkerSettings.of({"bootstrap.servers": "localhost:9092", "metrics.jmx.names": "mine"}, {})


# ---- the window ----


def test_a_rate_is_that_since_a_scrape_half_a_minute_ago() -> None:
    window = Window()
    for second, total in ((0, 0), (15, 10), (30, 40), (45, 100), (60, 130)):
        window.take(1000 + second, {"read": total})
    assert window.rate("read") == (130 - 40) / 30


def test_scrapes_of_several_do_not_disturb_each_other() -> None:
    window = Window()
    for tenth in range(1201):
        window.take(1000 + tenth / 10, {"read": tenth})
    assert window.rate("read") == pytest.approx(10)
    assert len(window._past) < 40


def test_what_was_started_anew_has_no_negative_rate() -> None:
    window = Window()
    window.take(1000, {"read": 500, "sum": 8.0, "count": 4})
    window.take(1010, {"read": 5, "sum": 1.0, "count": 2})
    assert window.rate("read") == 0
    assert window.ratio("sum", of="count") == 0.5
