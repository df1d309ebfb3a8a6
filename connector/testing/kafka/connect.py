"""Apache Kafka Connect itself as a child process: one distributed worker, as an oracle beside ours."""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from connector.testing.kafka.broker import KafkaUnavailableError, free_ports
from connector.testing.kafka.jars import connect_jars
from connector.testing.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_START_SECONDS = 90.0
_STRING = "org.apache.kafka.connect.storage.StringConverter"
_LOG4J = """\
<Configuration status="WARN">
  <Appenders><Console name="log"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="log"/></Root></Loggers>
</Configuration>
"""


class KafkaConnect:
    """A worker with the file connectors that come with Kafka.

    Args:
        bootstrap_servers: Of a real Kafka.
        properties: Worker properties beside those that it needs; the same ones again take over what there is.
    """

    def __init__(self, bootstrap_servers: str, properties: Mapping[str, str] | None = None) -> None:
        java = shutil.which("java")
        if java is None:
            raise KafkaUnavailableError("there is no java on the PATH (Java 17 or newer is needed)")
        jars = connect_jars()
        self._folder = Path(tempfile.mkdtemp(prefix="connect-"))
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"
        self.properties = {**worker_properties(bootstrap_servers, self._port), **(properties or {})}
        lines = [f"{key}={value}\n" for key, value in self.properties.items()]
        (self._folder / "worker.properties").write_text("".join(lines))
        (self._folder / "log4j2.xml").write_text(_LOG4J)
        command = [
            java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dlog4j2.configurationFile=log4j2.xml", "-cp", f"{jars}/*",
            "org.apache.kafka.connect.cli.ConnectDistributed", "worker.properties",
        ]  # fmt: skip
        self._process = ChildProcess(command, folder=self._folder, log=self._folder / "connect.log")

    def __enter__(self) -> Self:
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process.is_running():
            self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.is_running():
            if self._is_healthy():
                return
            time.sleep(0.2)
        raise KafkaUnavailableError(f"Kafka Connect did not start:\n{self._process.log_tail()}")

    def _is_healthy(self) -> bool:
        # For a moment after the port opens its web server answers everything with 404.
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=15) as answer:
                return bool(json.load(answer)["status"] == "healthy")
        except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError):
            return False


def worker_properties(bootstrap_servers: str, port: int) -> dict[str, str]:
    """What a distributed worker needs, with internal topics of its own."""
    group = f"connect-{uuid.uuid4().hex[:8]}"
    return {
        "bootstrap.servers": bootstrap_servers,
        "group.id": group,
        "config.storage.topic": f"{group}-configs",
        "offset.storage.topic": f"{group}-offsets",
        "status.storage.topic": f"{group}-status",
        "config.storage.replication.factor": "1",
        "offset.storage.replication.factor": "1",
        "offset.storage.partitions": "1",
        "status.storage.replication.factor": "1",
        "status.storage.partitions": "1",
        "key.converter": _STRING,
        "value.converter": _STRING,
        "listeners": f"http://127.0.0.1:{port}",
        "rest.advertised.host.name": "127.0.0.1",
        "offset.flush.interval.ms": "1000",
        "scheduled.rebalance.max.delay.ms": "0",
    }
