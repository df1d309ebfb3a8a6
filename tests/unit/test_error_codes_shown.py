"""Where users meet the code of an error: logs, traces, commands, checks; no secret is in any of them."""

from __future__ import annotations

import json
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from typer.testing import CliRunner

from connector import logs
from connector.check import Check, Checklist
from connector.cli import app
from connector.cluster.connector_files import ConnectorDirectory
from connector.commands.check_text import lines
from connector.concealment import conceal, remember
from connector.config.connector import ConnectorConfig
from connector.config.listener import Listener
from connector.converters.byte_array import ByteArrayConverter
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConfigError, ConnectorError, Problem
from connector.rest.server import RestServer
from connector.runtime.context import TaskContext
from connector.runtime.errant import ErrantRecords
from connector.runtime.observer import TaskObserver
from connector.runtime.pipeline import Pipeline
from connector.runtime.task import Task, TaskSpec
from connector.sinks.base import Sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector.check import Finding
    from connector.record import RecordBatch, TopicPartition
    from connector.sinks.base import SinkContext

SECRET = "canary-of-a-code"
POINTER = "code: s3-bucket-missing, see docs/runbook.md#s3-bucket-missing"


def missing() -> AccessError:
    remember(SECRET, "${env:SECRET}")
    return AccessError(f"no bucket for {SECRET}", remedy="create it", code=ErrorCode.S3_BUCKET_MISSING)


@contextmanager
def json_logs() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure(as_json=True)
        yield
    finally:
        root.handlers[:], root.level = before, level


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    text = capsys.readouterr().err
    assert SECRET not in text
    found: dict[str, str] = next(
        json.loads(line) for line in text.splitlines() if "error" in json.loads(line)
    )
    return found


class HomelessSink(Sink):
    """Has no bucket."""

    async def start(self, context: SinkContext) -> None:
        raise self.config

    async def put(self, batch: RecordBatch) -> None: ...

    def committable(self) -> Mapping[TopicPartition, int]:
        return {}


async def failed(error: Exception) -> Task:
    config = ConnectorConfig.parse({"name": "orders", "connector.class": "s3", "topics": "orders"})
    converter = ByteArrayConverter(ByteArrayConverter.config_class({}))
    with ThreadPoolExecutor(1) as executor:
        task = Task(
            TaskSpec("orders", 0, ["orders"], {}, 100, 1000, 60, 5, shutdown_seconds=5),
            HomelessSink(error),
            pipeline=Pipeline(converter, converter, converter, []),
            errant=ErrantRecords(config, 0),
            context=TaskContext("orders", 0, executor),
            observer=TaskObserver("orders", 0),
        )
        await task.run()
    return task


async def test_the_trace_of_a_task_ends_with_the_code_and_begins_as_it_always_did() -> None:
    trace = conceal((await failed(missing())).trace or "")
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.splitlines()[-2:] == [
        "connector.errors.AccessError: no bucket for ${env:SECRET}: create it.",
        POINTER,
    ]


async def test_what_nobody_raised_on_purpose_has_a_code_too() -> None:
    trace = (await failed(KeyError("x"))).trace or ""
    assert trace.endswith("code: unexpected-error, see docs/runbook.md#unexpected-error\n")


async def test_the_event_of_a_failure_has_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    with json_logs():
        await failed(missing())
    found = logged(capsys)
    assert (found["event"], found["code"]) == ("task failed", "s3-bucket-missing")
    assert found["error"] == "no bucket for ${env:SECRET}: create it."


def test_an_error_without_words_is_still_told(capsys: pytest.CaptureFixture[str]) -> None:
    with json_logs():
        logs.get(__name__).warning("offset commit failed", error=TimeoutError())
    found = logged(capsys)
    assert found["error"] == "no answer in time"
    assert "code" not in found


def test_a_command_that_refuses_prints_the_code_last_and_a_line_of_validate_at_its_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "orders.json"
    absent = CliRunner().invoke(app, ["aws", "policy", str(path)])
    assert absent.exit_code == 3
    assert absent.stderr.endswith("code: file-unreadable, see docs/runbook.md#file-unreadable\n")
    path.write_text(json.dumps({"name": "orders", "connector.class": "s4", "topics": "orders"}))
    unknown = CliRunner().invoke(app, ["validate", str(path)])
    assert unknown.stderr.splitlines()[0].endswith(" [plugin-unusable]")


def test_a_command_does_not_print_what_a_reference_stood_for(capsys: pytest.CaptureFixture[str]) -> None:
    from connector.commands.refusal import refuse  # noqa: PLC0415 - it ends whoever calls it

    with pytest.raises(Exception, match="3"):
        refuse(missing())
    assert capsys.readouterr().err == f"no bucket for ${{env:SECRET}}: create it.\n{POINTER}\n"


async def test_a_failed_step_of_a_check_has_the_code() -> None:
    async def find() -> Finding:
        raise missing()

    (step,) = [step async for step in Checklist([Check("bucket", find)]).steps()]
    assert step.shown()["code"] == "s3-bucket-missing"
    assert lines(step.shown()).splitlines()[-1].strip() == POINTER
    assert SECRET not in lines(step.shown())


def test_explain_prints_the_entry_also_of_a_pasted_line() -> None:
    for written in ("s3-bucket-missing", POINTER):
        result = CliRunner().invoke(app, ["explain", written])
        assert result.exit_code == 0
        assert result.output.startswith("s3-bucket-missing: the bucket does not exist\n")
        assert "To do:       Create the bucket" in result.output
    unknown = CliRunner().invoke(app, ["explain", "s3-bucket-mising"])
    assert (unknown.exit_code, 'Did you mean "s3-bucket-missing"?' in unknown.stderr) == (3, True)


def test_problems_of_one_kind_have_its_code_and_of_several_that_of_configs() -> None:
    port = Problem("listeners", "in use", code=ErrorCode.REST_PORT_UNAVAILABLE)
    assert ConfigError([port, port]).code == ErrorCode.REST_PORT_UNAVAILABLE
    assert ConfigError([port, Problem("topics", "no")]).code == ErrorCode.CONFIG_INVALID


async def test_a_port_in_use_has_a_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as refused:
            await RestServer.start(web.Application(), [Listener("127.0.0.1", port)])
    assert refused.value.code == ErrorCode.REST_PORT_UNAVAILABLE


def test_a_directory_that_is_none_has_a_code(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConnectorError) as refused:
        ConnectorDirectory(file).prepare()
    assert refused.value.code == ErrorCode.DIRECTORY_UNUSABLE
