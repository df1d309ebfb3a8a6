"""A real Prometheus scrapes a real worker while it delivers: panels have data, and no alert is on."""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing.kafka.broker import free_ports
from connector.testing.process import ChildProcess
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce

CHART = Path(__file__).parents[2] / "charts" / "kafka-aws-connector"
PROMETHEUS = Path(sys.prefix) / "prometheus" / "prometheus"
CONFIG = """
global: {{scrape_interval: 500ms, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: connect
    static_configs: [{{targets: ["{target}"]}}]
"""
# What did not happen has no series yet, and messaging services have panels of their own.
SILENT = {
    "cluster.json: Credentials are valid for",
    "cluster.json: Failures of tasks",
    "cluster.json: Requests that fail, by operation",
    "connector.json: Errors of Kafka's client",
    "connector.json: Requests to a messaging service",
    "connector.json: Retries by operation",
    "connector.json: Uploads that fail, of all connectors",
}


class Prometheus:
    """One that scrapes ``target``."""

    def __init__(self, folder: Path, target: str) -> None:
        config = folder / "prometheus.yml"
        config.write_text(CONFIG.format(rules=CHART / "files" / "alerts.yaml", target=target))
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        command = [
            str(PROMETHEUS),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        self.process = ChildProcess(command, folder=folder, log=folder / "prometheus.log")

    def ask(self, path: str, **parameters: str) -> Any:
        """What the HTTP API answers; None while it does not."""
        try:
            query = urllib.parse.urlencode(parameters)
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def query(self, expression: str) -> list[Any]:
        found = self.ask("query", query=expression)
        return found["result"] if found else []


@pytest.fixture
def worker(
    kafka: KafkaBroker, aws: AwsServer, bucket: str, topic: CreateTopic, produce: Produce
) -> Iterator[WorkerProcess]:
    """Delivers."""
    orders = topic()
    properties = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "consumer.statistics.interval.ms": "500",
        "metrics.jmx.names": "confluent,strimzi",
    }
    connector = {
        "name": "orders",
        "connector.class": "s3",
        "topics": orders,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "aws.s3.endpoint": aws.url,
        "errors.tolerance": "all",
    }
    with WorkerProcess(properties, connector) as running:
        running.wait_for_state("RUNNING")
        yield running


def panels() -> Iterator[tuple[str, list[str]]]:
    """The queries of each panel, by dashboard and title."""
    for path in sorted((CHART / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            yield f"{path.name}: {panel['title']}", [target["expr"] for target in panel.get("targets", [])]


def filled(query: str) -> str:
    return query.replace("$__rate_interval", "10s").replace("$job", ".*").replace("$connector", "orders")


def empty_panels(prometheus: Prometheus) -> set[str]:
    return {
        title
        for title, queries in panels()
        if queries and not any(prometheus.query(filled(query)) for query in queries)
    }


@pytest.mark.kafka
@pytest.mark.skipif(not PROMETHEUS.exists(), reason="Prometheus is not there: run make .venv/.prometheus")
def test_every_panel_shows_something_of_a_worker_that_delivers(
    worker: WorkerProcess, produce: Produce, tmp_path: Path
) -> None:
    prometheus = Prometheus(tmp_path, worker.url.removeprefix("http://"))
    topic = worker.get("/connectors/orders")["config"]["topics"]
    try:
        delivered = 'sum(rate(connector_records_delivered_total{connector="orders"}[10s])) > 0'
        deadline = time.monotonic() + 90
        # A scrape that a busy machine holds up is a gap in panels, and its target is down until the next.
        while time.monotonic() < deadline and not (
            prometheus.query(delivered)
            and empty_panels(prometheus) == SILENT
            and prometheus.ask("alerts") == {"alerts": []}
        ):
            produce(topic, [b"v" * 100] * 500)
            time.sleep(0.5)
        assert empty_panels(prometheus) == SILENT, worker.log[-2000:]
        assert prometheus.ask("alerts") == {"alerts": []}
        assert len(prometheus.ask("rules")["groups"][0]["rules"]) == 16
        errors = [rule for rule in prometheus.ask("rules")["groups"][0]["rules"] if rule["health"] == "err"]
        assert errors == []
        assert prometheus.query('kafka_connect_sink_task_metrics_sink_record_read_total{task="0"} > 0')
        assert prometheus.query('kafka_connect_connector_status{connector="orders", status="running"} == 1')
    finally:
        prometheus.process.kill()
