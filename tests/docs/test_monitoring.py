"""Dashboards and alerts speak of metrics that the worker has, in PromQL that Prometheus understands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.metrics import MetricWrapperBase

from connector import metrics

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "kafka-aws-connector"
ALERTS = CHART / "files" / "alerts.yaml"
ALERT_TESTS = Path(__file__).parent / "alerts_test.yaml"
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))
PAGE = ROOT / "docs" / "monitoring.md"
OTHERS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}
TARGET_LABELS = {"namespace", "job", "instance"}
"""Those that Prometheus gives to whatever it scrapes."""


def declared() -> dict[str, set[str]]:
    """The labels of every series that the worker may have, by its name."""
    found: dict[str, set[str]] = {name: set() for name in OTHERS}
    for metric in vars(metrics).values():
        if isinstance(metric, metrics.Sampled):
            found[metric.name] = set(metric.labels)
        elif isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            labels = set(metric._labelnames)
            match family.type:
                case "counter":
                    found[f"{family.name}_total"] = labels
                case "histogram":
                    found[f"{family.name}_count"] = found[f"{family.name}_sum"] = labels
                    found[f"{family.name}_bucket"] = labels | {"le"}
                case _:
                    found[family.name] = labels
    return found


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels(dashboard: Path) -> list[dict[str, Any]]:
    return [panel for panel in json.loads(dashboard.read_text())["panels"] if panel["type"] != "row"]


def queries(dashboard: Path) -> list[str]:
    """What a dashboard asks, for all jobs and one connector."""
    asked = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    values = {"$__rate_interval": "5m", "$job": ".*", "$connector": "orders"}
    for name, value in values.items():
        asked = [query.replace(name, value) for query in asked]
    return asked


def expressions() -> list[str]:
    return [query for dashboard in DASHBOARDS for query in queries(dashboard)] + [
        rule["expr"] for rule in rules()
    ]


def test_every_metric_that_is_asked_for_is_one_of_the_worker() -> None:
    named = {
        name for query in expressions() for name in re.findall(r"\b(?:connector|process)_\w+|\bup\b", query)
    }
    labels = {label for of in declared().values() for label in of}
    assert len(named) > 30
    assert named - labels <= declared().keys()


def test_every_label_that_is_asked_for_is_one_of_its_metric() -> None:
    for query in expressions():
        for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", query):
            asked = set(re.findall(r"(\w+)=?[=!]~?\"", matchers))
            assert asked <= declared()[name] | TARGET_LABELS, query


def test_every_metric_of_ours_that_answers_a_question_is_on_a_dashboard() -> None:
    """But for those that tell what a worker is, or that others say better."""
    shown = " ".join(query for dashboard in DASHBOARDS for query in queries(dashboard))
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in declared().keys() - OTHERS}
    assert {name for name in names if name not in shown} == {
        "connector_cluster_connector_state",
        "connector_cluster_connectors",
        "connector_sts_requests_total",
        "connector_task_starts_total",
        "connector_worker_info",
        "connector_worker_ready",
        "connector_worker_rebalanced_timestamp_seconds",
    }


def test_every_alert_says_what_is_wrong_and_where_the_remedy_stands() -> None:
    titles = re.findall(r"^### (.*)$", PAGE.read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules()] == titles
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["annotations"]["runbook_url"] == f"monitoring.md#{rule['alert'].lower()}"


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    tests = yaml.safe_load(ALERT_TESTS.read_text())["tests"]
    fired = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_all_that_grafana_knows_and_nothing_more(path: Path) -> None:
    """Read into Grafana's own types and written again it is the same."""
    document = json.loads(path.read_text())
    assert json.loads(JSONEncoder().encode(Dashboard.from_json(document))) == document
    ids = [panel["id"] for panel in document["panels"]]
    assert len(ids) == len(set(ids))


# ---- with Prometheus ----


@pytest.fixture
def promtool() -> Path:
    program = Path(sys.prefix) / "prometheus" / "promtool"
    if not program.exists():
        pytest.skip("promtool is not there: run make .venv/.prometheus, or put it into PATH before")
    return program


def run(promtool: Path, *arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [promtool, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def test_every_alert_fires_when_it_should_and_not_otherwise(promtool: Path, tmp_path: Path) -> None:
    shutil.copy(ALERTS, tmp_path)
    shutil.copy(ALERT_TESTS, tmp_path)
    run(promtool, "check", "rules", "--lint-fatal", ALERTS.name, folder=tmp_path)
    assert "SUCCESS" in run(promtool, "test", "rules", ALERT_TESTS.name, folder=tmp_path)


def test_prometheus_understands_every_query_of_the_dashboards(promtool: Path, tmp_path: Path) -> None:
    asked = [query for dashboard in DASHBOARDS for query in queries(dashboard)]
    recorded = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(asked)]
    (tmp_path / "queries.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": "dashboards", "rules": recorded}]})
    )
    assert f"{len(asked)} rules found" in run(promtool, "check", "rules", "queries.yaml", folder=tmp_path)
