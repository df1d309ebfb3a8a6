"""Clients that others have written for Kafka Connect, as they are published, against this worker.

Each runs in an environment of its own, where a program of a few lines makes the calls that it is told.
``CLIENTS_AGAINST=connect`` makes them against Kafka Connect itself: the answers are the same but where it is
said that a client is broken there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing.file_stream import FILE_STREAM_SINK
from connector.testing.kafka.broker import KafkaUnavailableError
from connector.testing.kafka.jars import rest_client_jars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.testing.contract.rest import RestWorker

    Start = Callable[..., "Client"]

FOLDER = Path(__file__).parent / "clients"
AGAINST = os.environ.get("CLIENTS_AGAINST", "ours")
SIMPLE_NAME = FILE_STREAM_SINK.rpartition(".")[2]
WAIT_SECONDS = 60.0
CALL_SECONDS = 60.0


class ClientError(Exception):
    """What the client has raised."""


class Client:
    """A client's process.

    Args:
        command: How to run it.
        environ: Its variables beside those of this process.
    """

    def __init__(self, command: list[str], environ: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environ or {})},
        )

    def call(self, what: Any) -> Any:
        """What the client returns.

        Raises:
            ClientError: What it raises instead.
        """
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(what), file=self._process.stdin, flush=True)
        alarm = threading.Timer(CALL_SECONDS, self._process.kill)
        alarm.start()
        line = self._process.stdout.readline()
        alarm.cancel()
        assert line, f"the client has ended at {what}"
        told = json.loads(line)
        if "error" in told:
            raise ClientError(f"{what}: {told['error']} {told['text']}")
        return told["result"]

    def wait(self, what: Any, wanted: Callable[[Any], bool]) -> None:
        """Until the client returns what is wanted."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                found = self.call(what)
            except ClientError as error:
                found = error
            if not isinstance(found, ClientError) and wanted(found):
                return
            assert time.monotonic() < deadline, f"{what} still returns {found}"
            time.sleep(0.1)

    def wait_gone(self, what: Any) -> None:
        """Until the client raises what it makes of 404; Kafka Connect forgets statuses a while later."""
        deadline = time.monotonic() + WAIT_SECONDS
        while "404" not in (error := self._error_of(what)) and "NotFound" not in error:
            assert not error
            assert time.monotonic() < deadline, f"{what} is still answered"
            time.sleep(0.1)

    def _error_of(self, what: Any) -> str:
        try:
            self.call(what)
        except ClientError as error:
            return str(error)
        return ""

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest) -> str:
    worker: RestWorker = request.getfixturevalue(AGAINST)
    return f"http://{worker.host}:{worker.port}"


@pytest.fixture
def start() -> Iterator[Start]:
    started = []

    def start(command: list[str], **environ: str) -> Client:
        started.append(Client(command, environ))
        return started[-1]

    yield start
    for client in started:
        client.stop()


@pytest.fixture
def python_client(start: Start, url: str) -> Callable[[str], Client]:
    python = Path(sys.prefix) / "clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the clients in Python are not installed: run make .venv/.clients")
    return lambda name: start([str(python), str(FOLDER / "drive.py"), name, url])


@pytest.fixture
def name() -> str:
    return f"c-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def config(filled_topic: str) -> dict[str, str]:
    return {"connector.class": FILE_STREAM_SINK, "topics": filled_topic, "tasks.max": "1"}


def runs(status: Any) -> bool:
    return all_are("RUNNING", status)


def all_are(state: str, status: Any) -> bool:
    found = [status["connector"]["state"], *(task["state"] for task in status["tasks"])]
    return len(found) > 1 and set(found) == {state}


def test_kafka_connect_py(
    python_client: Callable[[str], Client], name: str, config: dict[str, str], filled_topic: str
) -> None:
    client = python_client("kafka-connect-py")
    whole = {**config, "name": name}
    status = f"client.get_connector_status({name!r})"

    assert client.call("client.get_cluster_info()")["kafka_cluster_id"]
    assert FILE_STREAM_SINK in {each["class"] for each in client.call("client.list_connector_plugins()")}
    found = client.call(f"client.validate_connector_config({SIMPLE_NAME!r}, {whole!r})")
    assert found["error_count"] == 0
    made = client.call(f"client.create_connector({ {'name': name, 'config': config}!r})")
    assert made["config"] == whole
    client.wait(status, runs)
    assert name in client.call("client.list_connectors()")
    assert client.call(f"client.list_connectors(pattern={name!r}, state='running')")
    expanded = client.call("client.list_connectors(expand='status')")
    assert expanded[name]["status"]["name"] == name
    assert client.call(f"client.get_connector({name!r})")["config"] == whole
    assert client.call(f"client.get_connector_config({name!r})") == whole
    changed = {**config, "tasks.max": "2"}
    assert client.call(f"client.update_connector({name!r}, {changed!r})")["config"]["tasks.max"] == "2"
    client.wait(f"client.list_connector_tasks({name!r})", lambda tasks: len(tasks) == 2)
    client.wait(f"client.get_connector_task_status({name!r}, 1)", lambda task: task["state"] == "RUNNING")
    client.wait(
        f"client.list_connector_topics({name!r})", lambda found: found[name]["topics"] == [filled_topic]
    )
    client.call(f"client.reset_connector_topics({name!r})")
    client.call(f"client.pause_connector({name!r})")
    client.wait(status, lambda found: all_are("PAUSED", found))
    client.call(f"client.resume_connector({name!r})")
    client.wait(status, runs)
    client.call(f"client.restart_connector_task({name!r}, 0)")
    assert client.call(f"client.restart_connector({name!r})") is None
    client.wait(status, runs)
    again = client.call(f"client.restart_connector({name!r}, include_tasks=True)")
    assert again["connector"]["state"] == "RESTARTING"
    client.wait(status, runs)
    client.call(f"client.stop_connector({name!r})")
    client.wait(status, lambda found: found["connector"]["state"] == "STOPPED" and not found["tasks"])
    client.call(f"client.delete_connector({name!r})")
    client.wait("client.list_connectors()", lambda names: name not in names)
    client.wait_gone(status)


def test_kafka_connect_api(python_client: Callable[[str], Client], name: str, config: dict[str, str]) -> None:
    client = python_client("kafka-connect-api")
    whole = {**config, "name": name}
    connector = f"client.connectors[{name!r}]"

    assert client.call("client.version").count(".") == 2
    assert client.call("client.kafka_cluster")
    with pytest.raises(ClientError, match="NotFound"):
        # It means to return False, but raises before, whoever answers.
        client.call(f"Connector(client, {name!r}).exists()")
    assert client.call(f"client.api.post('/connectors', json={ {'name': name, 'config': config}!r})")
    assert client.call(f"{connector}.exists()") is True
    client.wait(f"{connector}.status", runs)
    assert client.call(f"{connector}.config") == whole
    assert client.call(f"{connector}.connector_class") == FILE_STREAM_SINK
    client.call(f"setattr({connector}, 'config', { {**config, 'tasks.max': '2'}!r})")
    client.wait(f"[task.is_running() for task in {connector}.tasks]", lambda found: found == [True, True])
    client.call(f"{connector}.pause()")
    client.wait(f"{connector}.status", lambda found: all_are("PAUSED", found))
    client.call(f"{connector}.resume()")
    client.wait(f"{connector}.status", runs)
    client.call(f"{connector}.restart()")
    client.call(f"{connector}.restart_all_tasks()")
    client.wait(f"{connector}.status", runs)
    client.call(f"{connector}.cycle_connector()")
    client.wait(f"{connector}.status", runs)
    assert client.call("client.root_logger")["level"]
    client.call(f"{connector}.delete()")
    client.wait("list(client.connectors)", lambda names: name not in names)


def test_kafkaconnect(
    python_client: Callable[[str], Client], name: str, config: dict[str, str], filled_topic: str
) -> None:
    """It returns texts, of JSON or, where there is none, of what has happened."""
    client = python_client("kafkaconnect")
    sent = json.dumps({**config, "name": name})
    status = f"json.loads(client.status({name!r}))"

    assert FILE_STREAM_SINK in client.call("client.plugins()")
    made = client.call(f"client.validate_and_create({name!r}, {sent!r})")
    assert json.loads(made)["name"] == name
    client.wait(status, runs)
    assert name in json.loads(client.call("client.list()"))
    assert json.loads(client.call(f"client.info({name!r})"))["config"] == json.loads(sent)
    assert json.loads(client.call(f"client.config({name!r})")) == json.loads(sent)
    assert json.loads(client.call(f"client.tasks({name!r})"))[0]["id"] == {"connector": name, "task": 0}
    client.wait(f"client.topics({name!r})", lambda text: filled_topic in text)
    refused = json.loads(
        client.call(f"client.validate({FILE_STREAM_SINK!r}, {sent.replace(filled_topic, '')!r})")
    )
    assert refused["error_count"] > 0
    assert client.call(f"client.pause({name!r})") == ""
    client.wait(status, lambda found: all_are("PAUSED", found))
    assert client.call(f"client.resume({name!r})") == ""
    client.wait(status, runs)
    assert client.call(f"client.restart({name!r})") == ""
    assert client.call(f"client.remove({name!r})") == ""
    client.wait(f"client.info({name!r})", lambda text: text.endswith("not found."))


@pytest.mark.real_kafka  # offsets are changed
def test_kafka_connect_client_from_npm(
    start: Start, url: str, name: str, config: dict[str, str], filled_topic: str
) -> None:
    """It says that requests without a body hold a form, for which Kafka Connect answers 415 to half of them."""
    modules = Path(sys.prefix) / "npm-clients" / "node_modules"
    if not (shutil.which("node") and (modules / "kafka-connect-client").is_dir()):
        pytest.skip("kafka-connect-client from npm is not installed: run make .venv/.npm-clients")
    client = start(["node", str(FOLDER / "drive.cjs"), url], NODE_PATH=str(modules))
    sent, whole = json.dumps(config), {**config, "name": name}
    connector = f"client.connector('{name}')"

    def data(call: str) -> Any:
        return client.call(call)["data"]

    def status(wanted: Callable[[Any], bool]) -> None:
        client.wait(f"{connector}.getStatus()", lambda answer: wanted(answer["data"]))

    def change(call: str, code: int) -> None:
        """Without a body; broken against Kafka Connect."""
        if AGAINST == "connect":
            with pytest.raises(ClientError, match="415"):
                client.call(f"{connector}.{call}")
        else:
            assert client.call(f"{connector}.{call}")["status"] == code

    assert data("client.getCluster()")["kafka_cluster_id"]
    plugins = data("client.getConnectorPlugins({connectorsOnly: false})")
    assert FILE_STREAM_SINK in {each["class"] for each in plugins}
    checked = data(f"client.validateConnectorConfig('{SIMPLE_NAME}', {json.dumps(whole)})")
    assert checked["error_count"] == 0
    assert client.call(f"client.createConnector('{name}', {sent})")["status"] == 201
    status(runs)
    assert name in data("client.getConnectors()")
    # It asks for expand[]=status, of which Kafka Connect takes no notice either.
    assert name in data("client.getConnectors({expand: ['status']})")
    assert data(f"{connector}.get()")["config"] == whole
    assert data(f"{connector}.getConfig()") == whole
    assert client.call(f"{connector}.updateConfig({sent})")["status"] == 200
    assert data(f"{connector}.getTasks()")[0]["id"] == {"connector": name, "task": 0}
    client.wait(f"{connector}.getTaskStatus(0)", lambda answer: answer["data"]["state"] == "RUNNING")
    with pytest.raises(ClientError, match="undefined"):
        client.call(f"{connector}.getTopics()")  # it looks into the text of the answer, whoever answers
    change("resetTopics()", 202)
    assert (
        client.call(f"{connector}.restart({{includeTasks: true}})")["status"] == 204
    )  # said in a body: ignored
    change("restartTask(0)", 204)
    change("pause()", 202)
    change("resume()", 202)
    change("stop()", 204)
    if AGAINST != "connect":
        status(lambda found: found["connector"]["state"] == "STOPPED" and not found["tasks"])
        entry = {
            "partition": {"kafka_topic": filled_topic, "kafka_partition": 0},
            "offset": {"kafka_offset": 3},
        }
        assert client.call(f"{connector}.alterOffsets({json.dumps([entry])})")["status"] == 200
        assert data(f"{connector}.getOffsets()") == {"offsets": [entry]}
        assert client.call(f"{connector}.resetOffsets()")["status"] == 200
    assert client.call(f"{connector}.delete()")["status"] == 204
    client.wait_gone(f"{connector}.get()")


def test_the_java_client_of_sourcelab(
    start: Start, url: str, name: str, config: dict[str, str], filled_topic: str
) -> None:
    java = shutil.which("java")
    try:
        jars = rest_client_jars()
    except KafkaUnavailableError as error:
        pytest.skip(f"kafka-connect-client from Maven cannot be had: {error}")
    if java is None:
        pytest.skip("kafka-connect-client from Maven needs java")
    client = start([java, "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", str(FOLDER / "Drive.java"), url])
    whole = {**config, "name": name}
    status = ["getConnectorStatus", name]

    assert client.call(["getConnectServerVersion"])["kafkaClusterId"]
    assert FILE_STREAM_SINK in {each["className"] for each in client.call(["getConnectorPlugins"])}
    checked = client.call(["validateConnectorPluginConfig", SIMPLE_NAME, whole])
    assert checked["errorCount"] == 0
    assert client.call(["addConnector", name, config])["config"] == whole
    client.wait(status, runs)
    assert name in client.call(["getConnectors"])
    assert name in client.call(["getConnectorsWithAllExpandedMetadata"])
    assert client.call(["getConnector", name])["config"] == whole
    assert client.call(["getConnectorConfig", name]) == whole
    assert client.call(["updateConnectorConfig", name, config])["config"] == whole
    client.wait(["getConnectorTasks", name], lambda tasks: len(tasks) == 1)
    client.wait(["getConnectorTaskStatus", name], lambda task: task["state"] == "RUNNING")
    client.wait(["getConnectorTopics", name], lambda found: found["topics"] == [filled_topic])
    assert client.call(["resetConnectorTopics", name]) is True
    assert client.call(["pauseConnector", name]) is True
    client.wait(status, lambda found: all_are("PAUSED", found))
    assert client.call(["resumeConnector", name]) is True
    client.wait(status, runs)
    for call in ("restartConnector", "restartWithTasks", "restartConnectorTask"):
        assert client.call([call, name]) is True
        client.wait(status, runs)
    assert client.call(["deleteConnector", name]) is True
    client.wait_gone(status)
