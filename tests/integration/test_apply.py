"""``connector apply`` against a worker that runs: what is there afterwards, and what is said on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing import file_stream
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker

SINK = {"connector.class": file_stream.FILE_STREAM_SINK, "tasks.max": "1"}
USERS = "bearer.deployment=admin:a-long-token\n"


@pytest.fixture(scope="module")
def worker(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    folder = tmp_path_factory.mktemp("worker")
    (folder / "users").write_text(USERS)
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "rest.users.file": str(folder / "users")}
    plugins = file_stream.install(folder / "plugins")
    path = os.pathsep.join(filter(None, [str(plugins), os.environ.get("PYTHONPATH")]))
    with WorkerProcess(settings, environ={"PYTHONPATH": path}) as running:
        yield running  # not waited for: the command waits itself


def run(worker: WorkerProcess, *arguments: str | Path, code: int = 0, token: str = "a-long-token") -> str:
    environ = {**os.environ, "CONNECTOR_URL": worker.url, "CONNECTOR_TOKEN": token}
    command = [sys.executable, "-m", "connector", "apply", *arguments]
    found = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == code, found
    return found.stdout + found.stderr


def write(folder: Path, name: str, state: str | None = None, **config: str) -> None:
    folder.mkdir(exist_ok=True)
    document: dict[str, Any] = {"name": name, "config": {**SINK, **config}}
    if state:
        document["initial_state"] = state
    (folder / f"{name}.json").write_text(json.dumps(document))


def test_connectors_become_those_of_the_files(
    worker: WorkerProcess, topic: CreateTopic, tmp_path: Path
) -> None:
    files, name = tmp_path / "files", topic()
    write(files, "one", topics=name)
    write(files, "two", "PAUSED", topics=name)
    assert run(worker, files, "--owner=me", "--dry-run").splitlines()[:2] == ["one: create", "two: create"]
    assert "one: created" in run(worker, files, "--owner=me", "--timeout=50")
    assert "two: unchanged" in run(worker, files, "--owner=me")

    write(files, "one", topics=name, **{"tasks.max": "2"})
    write(files, "two", "RUNNING", topics=name)
    (tmp_path / "theirs.json").write_text(json.dumps({"name": "theirs", **SINK, "topics": name}))
    run(worker, tmp_path / "theirs.json", "--owner=them")
    said = run(worker, files, "--owner=me", "--prune")
    assert "one: updated" in said
    assert states(worker) == {"one": "RUNNING", "two": "RUNNING", "theirs": "RUNNING"}

    shutil.rmtree(files)
    write(files, "two", topics=name)
    assert "one: deleted" in run(worker, files, "--owner=me", "--prune")
    assert "two: deleted" in run(worker, "--owner=me", "--prune")
    assert states(worker) == {"theirs": "RUNNING"}


def test_a_connector_that_does_not_run_is_told_with_its_reason(
    worker: WorkerProcess, topic: CreateTopic, aws: AwsServer, tmp_path: Path
) -> None:
    s3 = {
        "connector.class": "s3",
        "aws.s3.endpoint": aws.url,
        "aws.s3.region": "eu-north-1",
        "aws.s3.bucket.name": "a-bucket-that-nobody-made",
        "aws.access.key.id": "testing",
        "aws.secret.access.key": "testing",
    }
    write(tmp_path / "files", "broken", topics=topic(), **s3)
    said = run(worker, tmp_path / "files", "--owner=broken", "--timeout=50", code=1)
    assert "broken, task 0 is FAILED: " in said
    assert "Traceback" not in said
    run(worker, "--owner=broken", "--prune")


def test_a_config_that_is_refused_keeps_no_other_from_being_applied(
    worker: WorkerProcess, topic: CreateTopic, tmp_path: Path
) -> None:
    write(tmp_path / "files", "bad", topics="x", **{"tasks.max": "many"})
    write(tmp_path / "files", "good", topics=topic())
    said = run(worker, tmp_path / "files", "--owner=mixed", code=1)
    assert "good: created" in said
    assert "bad: Connector configuration is invalid" in said
    assert "tasks.max" in said
    run(worker, "--owner=mixed", "--prune")


def test_a_wrong_token_is_refused_at_once(worker: WorkerProcess, tmp_path: Path) -> None:
    write(tmp_path / "files", "a", topics="x")
    assert "asks who you are" in run(worker, tmp_path / "files", code=3, token="wrong")


def test_no_file_at_all_is_a_mistake_unless_something_is_pruned(worker: WorkerProcess) -> None:
    assert "Name files of connectors" in run(worker, "--prune", code=3)


def states(worker: WorkerProcess) -> dict[str, str]:
    request = urllib.request.Request(
        f"{worker.url}/connectors?expand=status", headers={"Authorization": "Bearer a-long-token"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found = json.load(answer)
    return {name: each["status"]["connector"]["state"] for name, each in found.items()}
