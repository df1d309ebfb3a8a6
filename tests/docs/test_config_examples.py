"""Every file in config-examples is one that the worker takes as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.cluster.plan import plan
from connector.config.connector import ConnectorConfig
from connector.config.files import read_connector
from connector.demo import example
from connector.settings import WorkerSettings
from connector.sinks.s3.config import S3Config

EXAMPLES = Path(__file__).parents[2] / "config-examples"
CONNECTORS = sorted(EXAMPLES.glob("*.json"))
WORKERS = sorted(EXAMPLES.glob("*.properties"))
CONVERTER_OPTIONS = {"value.converter.schemas.enable"}


@pytest.fixture
def settings() -> WorkerSettings:
    return WorkerSettings.load(EXAMPLES / "worker.properties", {})


def test_there_is_nothing_that_no_test_here_reads() -> None:
    assert {*CONNECTORS, *WORKERS} == {path for path in EXAMPLES.iterdir() if path.is_file()}
    assert CONNECTORS
    assert WORKERS


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: path.name)
def test_a_connector_example_is_planned_without_a_warning(path: Path, settings: WorkerSettings) -> None:
    (blueprint,) = plan([read_connector(path)], settings)
    assert blueprint.unknown == {}
    assert blueprint.name == json.loads(path.read_text())["name"]


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: path.name)
def test_a_connector_example_passes_the_command_validate(path: Path) -> None:
    result = CliRunner().invoke(app, ["validate", str(path)])
    assert result.exit_code == 0
    assert "warning" not in result.output


def test_connector_examples_have_different_names(settings: WorkerSettings) -> None:
    assert len(plan([read_connector(path) for path in CONNECTORS], settings)) == len(CONNECTORS)


@pytest.mark.parametrize("path", WORKERS, ids=lambda path: path.name)
def test_a_worker_example_has_only_properties_that_have_an_effect(path: Path) -> None:
    settings = WorkerSettings.load(path, {})
    assert settings.unknown == {}
    assert settings.ignored == {}


def test_the_main_example_assumes_a_role_with_options_that_are_all_known() -> None:
    config = read_connector(EXAMPLES / "s3_sink.json")
    known = {*ConnectorConfig.options(), *S3Config.options(), *CONVERTER_OPTIONS}
    assert set(config) <= known
    assert {"aws.sts.role.arn", "aws.sts.role.external.id", "aws.sts.config.endpoint"} <= set(config)
    assert "aws.secret.access.key" not in config


def test_the_demo_runs_these_files() -> None:
    assert example.connector_example() == read_connector(EXAMPLES / "s3_sink.json")
    assert example.worker_example()["bootstrap.servers"] == "localhost:9092"
