"""What REST changes outlives the worker, and says so before anything happens."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing import file_stream
from connector.testing.contract.rest import RestWorker
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce

SINK = {"connector.class": file_stream.FILE_STREAM_SINK, "tasks.max": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "connectors"


@pytest.fixture
def worker(kafka: KafkaBroker, tmp_path: Path, folder: Path) -> WorkerProcess:
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "connectors.directory": str(folder)}
    plugins = file_stream.install(tmp_path / "plugins")
    path = os.pathsep.join(filter(None, [str(plugins), os.environ.get("PYTHONPATH")]))
    return WorkerProcess(settings, environ={"PYTHONPATH": path})


def rest(worker: WorkerProcess) -> RestWorker:
    worker.wait_until(lambda: (worker.get("/health") or {}).get("status") == "healthy", "it is ready")
    return RestWorker("127.0.0.1", int(worker.url.rpartition(":")[2]))


def state(worker: WorkerProcess, name: str) -> Any:
    status = worker.get(f"/connectors/{name}/status")
    return status and (status["connector"]["state"], [task["state"] for task in status["tasks"]])


def test_connectors_survive_a_crash_as_they_were_acknowledged(
    worker: WorkerProcess, folder: Path, topic: CreateTopic
) -> None:
    sink = {**SINK, "topics": topic()}
    with worker:
        api = rest(worker)
        for name in ("runs", "was paused", "was/stopped", "was deleted"):
            assert api.ask("POST", "/connectors", {"name": name, "config": sink}).status == 201
        assert api.ask("PATCH", "/connectors/runs/config", {"secret.key": "abc123"}).status == 200
        assert api.ask("PUT", "/connectors/was%20paused/pause").status == 202
        assert api.ask("PUT", "/connectors/was%2Fstopped/stop").status == 204
        assert api.ask("DELETE", "/connectors/was%20deleted").status == 204
        worker.kill()
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        worker.start()
        assert rest(worker).ask("GET", "/connectors").body == ["runs", "was paused", "was/stopped"]
        worker.wait_until(lambda: state(worker, "runs") == ("RUNNING", ["RUNNING"]), "it runs again")
        assert state(worker, "was%20paused") == ("PAUSED", [])
        assert state(worker, "was%2Fstopped") == ("STOPPED", [])
        assert worker.get("/connectors/runs/config")["secret.key"] == "[hidden]"


def test_a_stored_connector_that_is_at_fault_fails_alone_and_can_be_mended(
    worker: WorkerProcess, folder: Path, topic: CreateTopic
) -> None:
    sink = {**SINK, "topics": topic()}
    with worker:
        api = rest(worker)
        for name in ("good", "bad", "torn"):
            api.ask("POST", "/connectors", {"name": name, "config": sink})
        worker.kill()
        for path in folder.iterdir():
            document = json.loads(path.read_text())
            if document["name"] == "bad":
                del document["config"]["topics"]
                path.write_text(json.dumps(document))
            if document["name"] == "torn":
                path.write_text(path.read_text()[:40])
        worker.start()
        api = rest(worker)
        assert api.ask("GET", "/connectors").body == ["bad", "good"]
        assert state(worker, "bad") == ("FAILED", [])
        assert "Must configure one of topics" in worker.get("/connectors/bad/status")["connector"]["trace"]
        assert "stored connector cannot be read" in worker.log
        worker.wait_until(lambda: state(worker, "good") == ("RUNNING", ["RUNNING"]), "the other runs")
        assert api.ask("PUT", "/connectors/bad/config", sink).status == 200
        worker.wait_until(lambda: state(worker, "bad") == ("RUNNING", ["RUNNING"]), "it is mended")


def test_a_config_that_was_shown_masked_may_be_put_back(
    worker: WorkerProcess, folder: Path, topic: CreateTopic
) -> None:
    with worker:
        api = rest(worker)
        config = {**SINK, "topics": topic(), "api.key": "abc123", "note": "[hidden]"}
        api.ask("POST", "/connectors", {"name": "a", "config": config})
        shown = api.ask("GET", "/connectors/a/config").body
        assert (shown["api.key"], shown["note"]) == ("[hidden]", "[hidden]")
        assert api.ask("PUT", "/connectors/a/config", {**shown, "tasks.max": "2"}).status == 200
        (path,) = folder.iterdir()
        stored = json.loads(path.read_text())["config"]
        assert stored == {**config, "name": "a", "tasks.max": "2"}


def test_a_paused_connector_delivers_nothing_until_it_is_resumed(
    worker: WorkerProcess, topic: CreateTopic, produce: Produce, tmp_path: Path
) -> None:
    orders, file = topic(), tmp_path / "out"
    with worker:
        api = rest(worker)
        api.ask("POST", "/connectors", {"name": "a", "config": {**SINK, "topics": orders, "file": str(file)}})
        produce(orders, [b"1"])
        worker.wait_until(lambda: file.exists() and file.read_text() == "1\n", "it delivers")
        api.ask("PUT", "/connectors/a/pause")
        worker.wait_until(lambda: state(worker, "a") == ("PAUSED", ["PAUSED"]), "it is paused")
        produce(orders, [b"2"])
        with pytest.raises(AssertionError):
            worker.wait_until(lambda: file.read_text() != "1\n", "something came", 3)
        api.ask("PUT", "/connectors/a/resume")
        worker.wait_until(lambda: file.read_text() == "1\n2\n", "it goes on")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/connectors/lake/stop"), ("DELETE", "/connectors/lake")]
)
def test_whoever_ends_a_connector_has_finished_what_was_open(
    worker: WorkerProcess,
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
    method: str,
    path: str,
) -> None:
    orders = topic()
    config = {
        "connector.class": "s3",
        "topics": orders,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "aws.s3.endpoint": aws.url,
        "file.compression.type": "none",
        "file.max.records": "1000",
        "file.rotate.on.commit": "false",
        "format.output.fields": "value",
        "format.output.fields.value.encoding": "none",
    }
    with worker:
        api = rest(worker)
        assert api.ask("POST", "/connectors", {"name": "lake", "config": config}).status == 201
        produce(orders, [b"1", b"2"])
        worker.wait_until(lambda: worker.metric("connector_records_put_total") == 2, "they are put")
        assert aws.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0
        assert api.ask(method, path).status == 204
        (found,) = aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
        body = aws.client("s3").get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
        assert body.split() == [b"1", b"2"]
