"""The description of the API is true: schemathesis asks everything in it, with good and with bad data."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from connector.testing import file_stream
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.kafka import KafkaBroker

CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def worker(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    plugins = file_stream.install(tmp_path_factory.mktemp("plugins"))
    connections = tmp_path_factory.mktemp("connections")
    worker = WorkerProcess(
        {"bootstrap.servers": kafka.bootstrap_servers, "aws.connections.directory": str(connections)},
        {
            "name": "a",
            "connector.class": file_stream.FILE_STREAM_SINK,
            "topics": "nothing-is-in-it",
        },
        environ={"PYTHONPATH": os.pathsep.join(filter(None, [str(plugins), os.environ.get("PYTHONPATH")]))},
    )
    with worker:
        worker.wait_until(lambda: (worker.get("/health") or {}).get("status") == "healthy", "it is ready")
        yield worker


SETTINGS = settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_is_described(worker: WorkerProcess, mode: GenerationMode) -> None:
    operations = schemathesis.openapi.from_url(f"{worker.url}/openapi.json").get_all_operations()
    asked = 0
    for found in operations:
        assert isinstance(found, Ok)
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue

        @SETTINGS
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.call_and_validate(checks=CHECKS, timeout=60)

        ask()
        asked += 1
    assert asked > 10
