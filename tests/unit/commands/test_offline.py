"""Commands that check configs read references as the worker would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.commands.exit_code import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "keys").write_text("bucket=offline-bucket\nbad=no canary bucket\n")
    worker, connector = tmp_path / "worker.properties", tmp_path / "orders.json"
    worker.write_text(
        "bootstrap.servers=nowhere:1\nsasl.password=${unknown:a:b}\nconfig.providers=file\n"
        f"config.providers.file.class=file\nconfig.providers.file.param.allowed.paths={tmp_path}\n"
    )
    return worker, connector


def submit(connector: Path, key: str) -> None:
    reference = f"${{file:{connector.parent}/keys:{key}}}"
    config = {"name": "orders", "connector.class": "s3", "topics": "t", "aws.s3.bucket.name": reference}
    connector.write_text(json.dumps(config))


COMMANDS = [["validate"], ["aws", "check", "--timeout", "0.1"], ["aws", "policy"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_the_workers_providers_a_reference_is_refused(
    files: tuple[Path, Path], command: list[str]
) -> None:
    submit(files[1], "bucket")
    result = CliRunner().invoke(app, [*command, str(files[1])])
    assert result.exit_code == ExitCode.REFUSED
    assert "set its property config.providers" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_value_that_is_no_good_is_told_by_its_reference(
    files: tuple[Path, Path], command: list[str]
) -> None:
    submit(files[1], "bad")
    result = CliRunner().invoke(app, [*command, "--worker", str(files[0]), str(files[1])])
    assert result.exit_code == ExitCode.REFUSED
    assert "keys:bad}" in result.output
    assert "canary" not in result.output


@pytest.mark.parametrize(
    ("line", "option", "value", "told"),
    [
        (
            "connector.client.config.override.policy=None",
            "consumer.override.fetch.min.bytes",
            "5",
            "consumer.override.fetch.min.bytes",
        ),
        (
            "connectors.allowed.hosts=aws.example",
            "aws.s3.endpoint",
            "http://other.example",
            "aws.s3.endpoint",
        ),
        (
            "value.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter.schemas.enable=perhaps",
            "topics",
            "t",
            "org.apache.kafka.connect.json.JsonConverter is the worker's value.converter: mend it there",
        ),
    ],
)
def test_what_the_worker_would_refuse_is_refused(
    files: tuple[Path, Path], line: str, option: str, value: str, told: str
) -> None:
    worker, connector = files
    submit(connector, "bucket")
    connector.write_text(json.dumps({**json.loads(connector.read_text()), option: value}))
    command = ["validate", "--worker", str(worker), str(connector)]
    assert CliRunner().invoke(app, command).exit_code == 0
    worker.write_text(f"{worker.read_text()}{line}\n")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == ExitCode.REFUSED
    assert told in result.output


@pytest.mark.parametrize("from_environment", [False, True])
def test_references_are_read_with_the_providers_of_the_worker_file_or_the_environment(
    files: tuple[Path, Path], from_environment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, connector = files
    submit(connector, "bucket")
    line = ["aws", "policy", str(connector)]
    if from_environment:
        monkeypatch.setenv("CONNECT_CONFIG_PROVIDERS", "file")
        monkeypatch.setenv("CONNECT_CONFIG_PROVIDERS_FILE_CLASS", "file")
        monkeypatch.setenv("CONNECT_SASL_PASSWORD", "${unknown:a:b}")
    else:
        line += ["--worker", str(worker)]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.output
    assert "arn:aws:s3:::offline-bucket" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_fault_of_the_worker_file_is_told_with_its_name(
    files: tuple[Path, Path], command: list[str]
) -> None:
    worker, connector = files
    submit(connector, "bucket")
    worker.write_text("config.providers=file\n")
    result = CliRunner().invoke(app, [*command, "--worker", str(worker), str(connector)])
    assert result.exit_code == ExitCode.REFUSED
    assert f"in {worker}" in result.output
