"""The workers of these tables: ours, alone and in a cluster, and Kafka Connect itself."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from connector.testing import file_stream
from connector.testing.contract.rest import RestWorker
from connector.testing.kafka.connect import KafkaConnect, worker_properties
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector.testing.kafka import KafkaBroker, KafkaClient

_STRING = "org.apache.kafka.connect.storage.StringConverter"


@pytest.fixture(scope="session")
def filled_topic(kafka_client: KafkaClient) -> str:
    topic = kafka_client.create_topic()
    kafka_client.produce(topic, [f"value-{number}".encode() for number in range(10)])
    return topic


@pytest.fixture(scope="session")
def ours(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestWorker]:
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "key.converter": _STRING,
        "value.converter": _STRING,
        "offset.flush.interval.ms": "1000",
        "rest.config.secrets": "raw",
    }
    with started(settings, tmp_path_factory.mktemp("plugins")) as worker:
        yield RestWorker("127.0.0.1", int(worker.url.rpartition(":")[2]))


@contextmanager
def started(settings: Mapping[str, str], folder: Path) -> Iterator[WorkerProcess]:
    """A worker with the test's plug-ins, once it is healthy."""
    plugins = file_stream.install(folder)
    path = os.pathsep.join(filter(None, [str(plugins), os.environ.get("PYTHONPATH")]))
    with WorkerProcess(settings, environ={"PYTHONPATH": path}) as worker:
        worker.wait_until(lambda: (worker.get("/health") or {}).get("status") == "healthy", "it starts")
        yield worker


@pytest.fixture(scope="session")
def distributed(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestWorker]:
    """Our worker in a cluster, with the very properties that Kafka Connect gets."""
    settings = {**worker_properties(kafka.bootstrap_servers, 0), "rest.config.secrets": "raw"}
    del settings["listeners"]  # a free port of its own
    with started(settings, tmp_path_factory.mktemp("plugins")) as worker:
        yield RestWorker("127.0.0.1", int(worker.url.rpartition(":")[2]))


@pytest.fixture(scope="session")
def connect(kafka: KafkaBroker) -> Iterator[RestWorker]:
    with KafkaConnect(kafka.bootstrap_servers) as worker:
        yield RestWorker("127.0.0.1", int(worker.url.rpartition(":")[2]), is_connect=True)


@pytest.fixture(params=["ours", "distributed", "connect"])
def worker(request: pytest.FixtureRequest, kafka: KafkaBroker) -> RestWorker:
    if request.param != "ours" and not kafka.is_real:
        pytest.skip("a cluster needs a real Kafka")
    found: RestWorker = request.getfixturevalue(request.param)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scenario of a module's table is a test, with either worker."""
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", metafunc.module.TABLE, ids=lambda scenario: scenario.title)
