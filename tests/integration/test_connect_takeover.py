"""A JVM Connect cluster's topics: ours goes on with them, and real Kafka Connect with what ours left."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from connector.testing.file_sink import JAVA_NAME, install
from connector.testing.kafka.connect import KafkaConnect, worker_properties
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce, ReadCommitted

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(300)]

NAMES = ("runs", "pauses", "stops", "a-b-0", "ünï €")


def ask(url: str, method: str = "GET", body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    deadline = time.monotonic() + 30
    while True:
        try:
            request = urllib.request.Request(url, data, headers, method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            # A rebalance, or a status that is not there yet.
            if error.code not in {404, 409, 500} or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def wait(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def path(name: str) -> str:
    return "/connectors/" + quote(name)


def state(url: str, name: str) -> tuple[str, list[str]]:
    status = ask(f"{url}{path(name)}/status")
    return status["connector"]["state"], [task["state"] for task in status["tasks"]]


def lines(file: Path) -> list[str]:
    return sorted(file.read_text().split()) if file.exists() else []


def holds(file: Path, expected: list[str]) -> bool:
    return lines(file) == expected


def is_in(url: str, name: str, expected: tuple[str, list[str]]) -> bool:
    return state(url, name) == expected


def has_committed(committed: ReadCommitted, name: str, topic: str) -> bool:
    """A record of each partition, so that whoever comes next does not deliver it once more."""
    return {at: found.offset for at, found in committed(f"connect-{name}", topic).items()} == {0: 1, 1: 1}


EXPECTED = {
    "runs": ("RUNNING", ["RUNNING", "RUNNING"]),
    "pauses": ("PAUSED", ["PAUSED"]),
    "stops": ("STOPPED", []),
    "a-b-0": ("RUNNING", ["RUNNING"]),
    "ünï €": ("RUNNING", ["RUNNING"]),
}


def test_connectors_states_and_offsets_go_on_with_ours_and_back_again(
    kafka: KafkaBroker, topic: CreateTopic, produce: Produce, committed: ReadCommitted, tmp_path: Path
) -> None:
    source = topic(partitions=2)
    files = {name: tmp_path / f"out-{number}.txt" for number, name in enumerate(NAMES)}
    configs = {
        name: {
            "connector.class": JAVA_NAME,
            "topics": source,
            "file": str(files[name]),
            "tasks.max": "2" if name == "runs" else "1",
            "name": name,
        }
        for name in NAMES
    }
    common = worker_properties(kafka.bootstrap_servers, 0) | {
        "session.timeout.ms": "6000",
        "consumer.session.timeout.ms": "6000",  # the JVM's consumers are killed with it
    }
    common.pop("listeners")
    produce(source, [b"jvm-0"], 0)
    produce(source, [b"jvm-1"], 1)

    with KafkaConnect(kafka.bootstrap_servers, common) as connect:
        for name, config in configs.items():
            ask(f"{connect.url}/connectors", "POST", {"name": name, "config": config})
        for name in NAMES:
            wait(partial(holds, files[name], ["jvm-0", "jvm-1"]), f"{name} by the JVM")
            wait(partial(has_committed, committed, name, source), f"{name} has committed")
        ask(f"{connect.url}{path('pauses')}/pause", "PUT")
        ask(f"{connect.url}{path('stops')}/stop", "PUT")
        for name, expected in EXPECTED.items():
            wait(partial(is_in, connect.url, name, expected), name)

    ours = WorkerProcess(common, environ=install(tmp_path / "site"))
    with ours:
        ours.wait_until(lambda: (ours.get("/health") or {}).get("status") == "healthy", "healthy")
        assert sorted(ask(f"{ours.url}/connectors")) == sorted(NAMES)
        for name, config in configs.items():
            assert ask(f"{ours.url}{path(name)}/config") == config
        for name, expected in EXPECTED.items():
            wait(partial(is_in, ours.url, name, expected), f"{name} by ours")
        produce(source, [b"ours-0"], 0)
        produce(source, [b"ours-1"], 1)
        wait(lambda: lines(files["runs"]) == ["jvm-0", "jvm-1", "ours-0", "ours-1"], ours.log)
        assert lines(files["pauses"]) == lines(files["stops"]) == ["jvm-0", "jvm-1"]
        # What ours changes is there for the JVM, too.
        ask(f"{ours.url}{path('a-b-0')}", "DELETE")
        ask(f"{ours.url}{path('stops')}/resume", "PUT")
        ask(f"{ours.url}{path('runs')}/pause", "PUT")
        more = {
            "connector.class": JAVA_NAME,
            "topics": source,
            "file": str(tmp_path / "new.txt"),
            "name": "new",
        }
        ask(f"{ours.url}/connectors", "POST", {"name": "new", "config": more})
        ask(f"{ours.url}{path('ünï €')}/config", "PUT", configs["ünï €"] | {"tasks.max": "2"})
        wait(lambda: state(ours.url, "ünï €") == ("RUNNING", ["RUNNING", "RUNNING"]), "reconfigured")
        wait(lambda: "ours-1" in lines(tmp_path / "new.txt"), "the new one delivers")
        wait(lambda: lines(files["stops"]) == ["jvm-0", "jvm-1", "ours-0", "ours-1"], "resumed")
        assert ours.terminate() == 0

    with KafkaConnect(kafka.bootstrap_servers, common) as connect:
        wait(lambda: state(connect.url, "ünï €") == ("RUNNING", ["RUNNING", "RUNNING"]), "back on the JVM")
        wait(lambda: state(connect.url, "runs")[0] == "PAUSED", "paused by ours")
        wait(lambda: state(connect.url, "new") == ("RUNNING", ["RUNNING"]), "made by ours")
        assert sorted(ask(f"{connect.url}/connectors")) == sorted({*NAMES, "new"} - {"a-b-0"})
        produce(source, [b"back-0"], 0)
        everything = ["back-0", "jvm-0", "jvm-1", "ours-0", "ours-1"]
        wait(lambda: lines(files["stops"]) == everything, "nothing lost, nothing doubled")
        wait(lambda: lines(tmp_path / "new.txt") == everything, "of the new one, either")
