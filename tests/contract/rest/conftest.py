"""The worker of these tables: ours, and Kafka Connect itself where there is a real Kafka."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from connector.testing import file_stream
from connector.testing.contract.rest import RestWorker
from connector.testing.kafka.connect import KafkaConnect
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.kafka import KafkaBroker, KafkaClient

_STRING = "org.apache.kafka.connect.storage.StringConverter"


@pytest.fixture(scope="session")
def filled_topic(kafka_client: KafkaClient) -> str:
    topic = kafka_client.create_topic()
    kafka_client.produce(topic, [f"value-{number}".encode() for number in range(10)])
    return topic


@pytest.fixture(scope="session")
def ours(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestWorker]:
    plugins = file_stream.install(tmp_path_factory.mktemp("plugins"))
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "key.converter": _STRING,
        "value.converter": _STRING,
        "offset.flush.interval.ms": "1000",
        "rest.config.secrets": "raw",
    }
    path = os.pathsep.join(filter(None, [str(plugins), os.environ.get("PYTHONPATH")]))
    with WorkerProcess(settings, environ={"PYTHONPATH": path}) as worker:
        worker.wait_until(lambda: (worker.get("/health") or {}).get("status") == "healthy", "it starts")
        yield RestWorker("127.0.0.1", int(worker.url.rpartition(":")[2]))


@pytest.fixture(scope="session")
def connect(kafka: KafkaBroker) -> Iterator[RestWorker]:
    with KafkaConnect(kafka.bootstrap_servers) as worker:
        yield RestWorker("127.0.0.1", int(worker.url.rpartition(":")[2]), is_connect=True)


@pytest.fixture(params=["ours", "connect"])
def worker(request: pytest.FixtureRequest, kafka: KafkaBroker) -> RestWorker:
    if request.param == "connect" and not kafka.is_real:
        pytest.skip("Kafka Connect needs a real Kafka")
    found: RestWorker = request.getfixturevalue(request.param)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scenario of a module's table is a test, with either worker."""
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", metafunc.module.TABLE, ids=lambda scenario: scenario.title)
