"""The servers every test may use: a Kafka, an AWS, and a proxy that makes the AWS misbehave."""

from __future__ import annotations

import logging
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from structlog.testing import capture_logs

from connector.aws import refresh
from connector.testing.aws import AwsServer
from connector.testing.kafka import KafkaClient, start_kafka
from connector.testing.nursery import Nursery
from connector.testing.own_s3 import OwnS3Server
from connector.testing.proxy import FaultProxy
from connector.testing.versitygw import VersitygwServer, VersitygwUnavailableError
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted

_HERE = Path(__file__).parent
_LONG = (
    "contract/rest/test_creation.py",
    "contract/rest/test_changes.py",
    "contract/rest/test_offsets.py",
    "contract/rest/test_plugins.py",
    "contract/rest/test_general.py",
    "simulation/test_mutations.py",
    "simulation/test_simulation.py",
)
"""Those that take longest, by the clock of a machine with two cores."""
_SHARED = ("tests/contract/rest/",)
"""Folders in which Kafka Connect and two workers are started once a process, for all files."""
_LONG_FIRST = ("chaos", "integration", "simulation", "property", "contract", "deploy", "docs", "unit")
"""Folders whose files take longer than those of the next one, as a rule."""

# A machine that stands still for a moment is no fault of what is tested: no example has to be done in 200 ms,
# which is Hypothesis's own deadline, nor need examples be drawn in a second.
hypothesis.settings.register_profile(
    "any machine",
    hypothesis.settings.default,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")

_KAFKA = pytest.StashKey[list[str]]()
"""What the tests ran against, in lines."""


def pytest_configure(config: pytest.Config) -> None:
    # No test may ever reach a real account through what the developer's shell or home folder offers.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files that share servers which take long to start run in one process, others where there is room."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only where it is installed

    class LoadServers(LoadFileScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return next(
                (folder for folder in _SHARED if nodeid.startswith(folder)), super()._split_scope(nodeid)
            )

    return LoadServers(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that at the end no process works alone at one of them."""
    items.sort(key=lambda item: _rank(item.path.relative_to(_HERE).parts))


def _rank(parts: tuple[str, ...]) -> tuple[int, int]:
    file = "/".join(parts)
    is_long = file in _LONG
    return (0, _LONG.index(file)) if is_long else (1, _LONG_FIRST.index(parts[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(_KAFKA, []):
        terminalreporter.section("Kafka")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Processes side by side tell the one that reports."""
    if lines := getattr(node, "workeroutput", {}).get("kafka"):
        node.config.stash[_KAFKA] = lines


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that runs in this process configures logging for all of it."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged from here on, however logging was configured before."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture(scope="session", autouse=True)
def _nursery() -> Iterator[None]:
    """Tests start workers by the hundred, and two seconds of CPU each are what a start from nothing takes."""
    with Nursery() as nursery:
        WorkerProcess.nursery = nursery
        yield
        WorkerProcess.nursery = None


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[KafkaBroker]:
    broker = start_kafka()
    lines = [f"ran against {broker.description}", *(f"passed over: {each}" for each in broker.passed_over)]
    pytestconfig.stash[_KAFKA] = lines
    if hasattr(pytestconfig, "workeroutput"):
        pytestconfig.workeroutput["kafka"] = lines
    yield broker
    broker.stop()


@pytest.fixture(autouse=True)
def _only_what_this_kafka_can(request: pytest.FixtureRequest) -> None:
    if not request.node.get_closest_marker("real_kafka"):
        return
    broker: KafkaBroker = request.getfixturevalue("kafka")
    if not broker.is_real:
        reasons = "; ".join(broker.passed_over)
        pytest.skip(f"{request.node.name} needs a real Kafka, not {broker.description} ({reasons})")


@pytest.fixture(scope="session")
def kafka_client(kafka: KafkaBroker) -> Iterator[KafkaClient]:
    client = KafkaClient(kafka)
    yield client
    client.close()


@pytest.fixture
def topic(kafka_client: KafkaClient) -> CreateTopic:
    return kafka_client.create_topic


@pytest.fixture
def produce(kafka_client: KafkaClient) -> Produce:
    return kafka_client.produce


@pytest.fixture
def committed(kafka_client: KafkaClient) -> ReadCommitted:
    return kafka_client.committed


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsServer]:
    with AwsServer() as server:
        yield server


@pytest.fixture
def strict_aws(aws: AwsServer) -> Iterator[AwsServer]:
    """The AWS while it checks keys, signatures and policies."""
    aws.enforce_auth()
    yield aws
    aws.accept_anyone()


@pytest.fixture
def bucket(aws: AwsServer) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    aws.create_bucket(name)
    return name


@pytest.fixture(scope="session")
def versitygw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VersitygwServer]:
    """A second S3, where it is installed."""
    try:
        server = VersitygwServer(tmp_path_factory.mktemp("versitygw"))
    except VersitygwUnavailableError as error:
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def own_s3() -> Iterator[OwnS3Server]:
    """The store that ``TEST_S3_ENDPOINT`` names."""
    if not OwnS3Server.is_given():
        pytest.skip("no store of your own: TEST_S3_ENDPOINT is not set")
    with OwnS3Server() as server:
        yield server


@pytest.fixture
def proxy(aws: AwsServer) -> Iterator[FaultProxy]:
    with FaultProxy(aws.url) as running:
        yield running


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass, on the clock of the machine and on the one that never jumps."""

    def later(seconds: float) -> None:
        for name in ("_now", "_monotonic"):
            clock = getattr(refresh, name)
            monkeypatch.setattr(refresh, name, lambda clock=clock: clock() + seconds)

    return later
