"""The image, built and run, where a container engine answers and the base image can be had.

``TEST_IMAGE`` names one that is built already. Containers share the network of the machine, so that they
reach the Kafka of the tests on loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.testing.kafka.broker import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.kafka import KafkaBroker

ROOT = Path(__file__).parents[2]
SAFE = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host")


def docker(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=timeout
    )


@pytest.fixture(scope="module")
def image() -> str:
    if shutil.which("docker") is None or docker("version").returncode:
        pytest.skip("needs a container engine that answers")
    if not sys.platform.startswith("linux"):
        pytest.skip("needs containers that share the machine's network")
    if given := os.environ.get("TEST_IMAGE"):
        return given
    (base,) = [
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("ARG PYTHON=")
    ]
    if (pulled := docker("pull", base.partition("=")[2], timeout=150)).returncode:
        pytest.skip(f"needs the base image: {pulled.stderr.strip()}")
    built = docker("build", "--tag", "kafka-aws-connector:test", str(ROOT), timeout=1200)
    assert built.returncode == 0, built.stderr[-4000:]
    return "kafka-aws-connector:test"


@pytest.fixture
def started() -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        docker("rm", "--force", name)


def start(started: list[str], image: str, *command: str, **environ: str) -> str:
    name = f"connector-test-{uuid.uuid4().hex[:8]}"
    started.append(name)
    variables = [part for key, value in environ.items() for part in ("--env", f"{key}={value}")]
    found = docker("run", "--detach", "--name", name, *SAFE, *variables, image, *command)
    assert found.returncode == 0, found.stderr
    return name


def state(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", name).stdout)[0]["State"]
    return found


def wait_until_healthy(name: str) -> None:
    deadline = time.monotonic() + 60
    while state(name).get("Health", {}).get("Status") != "healthy":
        assert state(name)["Running"], docker("logs", name).stderr
        assert time.monotonic() < deadline, docker("logs", name).stderr
        time.sleep(0.5)


def cluster(kafka: KafkaBroker) -> dict[str, str]:
    name = uuid.uuid4().hex[:8]
    return {
        "CONNECT_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "CONNECT_GROUP_ID": name,
        "CONNECT_CONFIG_STORAGE_TOPIC": f"{name}-configs",
        "CONNECT_CONFIG_STORAGE_REPLICATION_FACTOR": "1",
        "CONNECT_STATUS_STORAGE_TOPIC": f"{name}-status",
        "CONNECT_STATUS_STORAGE_REPLICATION_FACTOR": "1",
        # What images of Kafka Connect are given beside them.
        "CONNECT_OFFSET_STORAGE_TOPIC": f"{name}-offsets",
        "CONNECT_PLUGIN_PATH": "/usr/share/java",
        "CONNECT_LOG4J_ROOT_LOGLEVEL": "WARN",
    }


@pytest.mark.real_kafka
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("mode", ["distributed", "standalone"])
def test_a_worker_becomes_healthy_on_any_port_and_stops_when_it_is_told(
    image: str, started: list[str], kafka: KafkaBroker, mode: str
) -> None:
    (port,) = free_ports(1)
    name = start(started, image, mode, CONNECT_LISTENERS=f"http://127.0.0.1:{port}", **cluster(kafka))
    wait_until_healthy(name)
    assert docker("stop", "--time", "30", name).returncode == 0
    assert (state(name)["ExitCode"], state(name)["OOMKilled"]) == (0, False)


@pytest.mark.timeout(1500)
def test_a_wrong_variable_ends_the_container_with_its_name(image: str, started: list[str]) -> None:
    name = start(started, image, "distributed", CONNECT_SESSION_TIMEOUT_MS="soon")
    assert docker("wait", name).stdout.strip() == "3"
    assert "CONNECT_SESSION_TIMEOUT_MS: Invalid value soon" in docker("logs", name).stderr


@pytest.mark.timeout(1500)
def test_a_command_that_is_no_worker_ends_when_it_is_told(image: str, started: list[str]) -> None:
    environ = {"CONNECTOR_URL": "http://127.0.0.1:1"}
    name = start(started, image, "apply", "--prune", "--owner=nobody", **environ)
    time.sleep(2)
    assert state(name)["Running"]
    docker("stop", "--time", "20", name)
    assert state(name)["ExitCode"] == 143


@pytest.mark.timeout(1500)
def test_nothing_to_build_with_is_in_the_image_and_a_bill_of_materials_is(image: str) -> None:
    absent = "for each in pip gcc cc make; do ! command -v $each || exit 1; done"
    script = f"{absent}; id -u; cat /opt/connector/share/sbom.cdx.json"
    found = docker("run", "--rm", *SAFE, "--entrypoint", "sh", image, "-c", script)
    assert found.returncode == 0, found.stdout
    user, _, bill = found.stdout.partition("\n")
    assert user == "10001"
    assert json.loads(bill)["bomFormat"] == "CycloneDX"
