"""``connector describe``: text for people, and a JSON Schema that takes what a connector takes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from typer.testing import CliRunner

from connector import plugins
from connector.cli import app
from connector.commands.describe import PREFIXES
from connector.commands.versions import versions
from connector.config.files import read_connector
from connector.sinks.s3 import S3Config

if TYPE_CHECKING:
    from connector.plugins import PluginKind

EXAMPLES = Path(__file__).parents[3] / "config-examples"
CONNECTORS = [
    path for path in sorted(EXAMPLES.rglob("*.json")) if "connector.class" in path.read_text(encoding="utf-8")
]
ORDERS = {"name": "orders", "connector.class": "s3", "topics": "orders", "aws.s3.bucket.name": "bucket"}


def describe(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["describe", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@cache
def schema(plugin: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(describe(plugin, "--json-schema"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def faults(config: dict[str, Any], plugin: str = "s3") -> list[str]:
    return [fault.message for fault in jsonschema.Draft202012Validator(schema(plugin)).iter_errors(config)]


def test_every_option_of_a_sink_is_described() -> None:
    text = describe("s3")
    assert not [name for name in S3Config.options() if f"  {name}  (" not in text]


def test_a_word_leaves_what_is_about_it() -> None:
    text = describe("s3", "compression")
    assert "  file.compression.type  (" in text
    assert "  aws.s3.bucket.name  (" not in text


@pytest.mark.parametrize("kind", PREFIXES, ids=lambda kind: kind.value)
def test_every_plug_in_can_be_described(kind: PluginKind) -> None:
    for name in plugins.names(kind):
        result = CliRunner().invoke(app, ["describe", name])
        assert result.exit_code == 0 or "has no options" in result.stderr, name
        assert schema(name)["$schema"]


def test_a_plug_in_that_is_not_there_is_refused_with_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(app, ["describe", "kinessis"])
    assert result.exit_code == 3
    assert 'Did you mean "kinesis"?' in result.stderr


@pytest.mark.parametrize("path", CONNECTORS, ids=lambda path: path.stem)
def test_the_schema_takes_every_example(path: Path) -> None:
    submitted = json.loads(path.read_text())
    assert faults(submitted, read_connector(path)["connector.class"]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"taks.max": 1},
        {"tasks.max": "many"},
        {"aws.s3.bucket.name": None},
        {"file.compression.type": ["gzip"]},
        {"errors.log.enable": "maybe"},
        {"topics": {"a": 1}},
    ],
    ids=str,
)
def test_an_editor_marks_what_the_connector_would_not_take(changes: dict[str, Any]) -> None:
    assert faults({**ORDERS, **changes})
    assert faults({"name": "orders", "config": {**ORDERS, **changes}})


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks.max": 2, "errors.log.enable": True},
        {"tasks.max": "${env:TASKS}", "errors.log.enable": "TRUE"},
        {"transforms": "a", "transforms.a.type": "x", "value.converter.schemas.enable": False},
        {"consumer.override.fetch.min.bytes": 1},
    ],
    ids=str,
)
def test_an_editor_lets_pass_what_a_connector_takes(changes: dict[str, Any]) -> None:
    assert faults({**ORDERS, **changes}) == []
    assert faults({"name": "orders", "config": {**ORDERS, **changes}}) == []


def test_what_is_required_may_have_its_other_name() -> None:
    config = {**ORDERS, "aws_s3_bucket": "bucket"}
    del config["aws.s3.bucket.name"]
    assert faults(config) == []
    del config["aws_s3_bucket"], config["connector.class"]
    assert faults(config)


def test_the_versions_that_matter_are_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    told = dict(line.split(" ", 1) for line in result.stdout.splitlines())
    assert told == versions()
    assert {"kafka-aws-connector", "librdkafka", "botocore", "aiobotocore", "Python"} <= told.keys()
