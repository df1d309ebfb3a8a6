"""Apache Kafka itself as a child process: a single KRaft node, no container engine needed."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connector.testing.kafka.broker import (
    KafkaBroker,
    KafkaUnavailableError,
    cluster_id,
    free_ports,
    server_properties,
    wait_until_ready,
)
from connector.testing.kafka.jars import ensure_jars, folder_of
from connector.testing.kafka.link import KafkaLink
from connector.testing.process import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka.admin._metadata import ClusterMetadata

_START_TIMEOUT_SECONDS = 120
_ATTEMPTS = 3

# C1 alone and the serial collector: measured as fast for tests as the defaults, and they leave the processors
# to the code under test.
_JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dlog4j2.configurationFile=log4j2.xml",
)

GUEST, GUESTS_PASSWORD = "guest", "guests-password"


@dataclass(frozen=True)
class Guard:
    """A listener that does not take everybody in.

    Attributes:
        protocol: Kafka's word for how it is reached.
        properties: Of the broker; those of the listener begin with ``listener.name.linked.``.
        classes: A folder with classes that these name.
    """

    protocol: str
    properties: Mapping[str, str]
    classes: Path | None = None


ACLS = Guard(
    "SASL_PLAINTEXT",
    {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.linked.plain.sasl.jaas.config": (
            "org.apache.kafka.common.security.plain.PlainLoginModule required"
            f' user_{GUEST}="{GUESTS_PASSWORD}";'
        ),
    },
)
"""Asks for ``GUEST`` and his password, and lets him do what ACLs say."""


class Cluster(NamedTuple):
    """A cluster that further brokers may join.

    Attributes:
        id: Kafka's.
        voters: Where its controller is, in Kafka's form.
    """

    id: str
    voters: str


_LOG4J = """\
<Configuration status="WARN">
  <Appenders><Console name="log"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="log"/></Root></Loggers>
</Configuration>
"""


class MavenKafka(KafkaBroker):
    """Apache Kafka from Maven Central, on loopback ports and a folder of its own.

    It can be killed and started again: same port, same data. Use `launch`, which also sees to the jars.
    """

    def __init__(
        self, java: str, version: str, *, guard: Guard | None = None, beside: Cluster | None = None
    ) -> None:
        self._guard = guard
        self._beside = beside
        self.guarded_servers = ""
        self.description = f"Apache Kafka {version} from Maven Central"
        self._java = java
        self._jars = folder_of(version)
        self._cluster_id = beside.id if beside else cluster_id()
        self._folder = Path(tempfile.mkdtemp(prefix="connector-kafka-"))
        self._process: ChildProcess | None = None
        atexit.register(self.stop)

    @classmethod
    def launch(cls, *, guard: Guard | None = None, beside: Cluster | None = None) -> MavenKafka:
        """Fetches what is missing, formats a data folder, starts the broker, waits until it answers.

        Args:
            guard: What listens at ``guarded_servers``, beside ``bootstrap_servers``, where everybody may do
                everything. There is no link then.
            beside: The cluster of which this becomes the second broker; else it is the first of its own.

        Raises:
            KafkaUnavailableError: No Java, no jars, or it does not start; then with the tail of its log.
        """
        java = shutil.which("java")
        if not java:
            raise KafkaUnavailableError("there is no java on the PATH (Java 17 or newer is needed)")
        broker = cls(java, ensure_jars(), guard=guard, beside=beside)
        try:
            broker._start_on_free_ports()
        except BaseException:
            broker.stop()
            raise
        return broker

    @property
    def cluster(self) -> Cluster:
        """What another broker needs to know to join it."""
        return Cluster(self._cluster_id, self._voters)

    @property
    def log(self) -> Path:
        """The broker's log, for as long as it has not been stopped."""
        return self._folder / "kafka.log"

    def start(self) -> None:
        """Starts the broker, for the first time or again after `kill`.

        Raises:
            KafkaUnavailableError: It ended, or did not answer in time; with the tail of its log.
        """
        process = ChildProcess(
            self._command("kafka.Kafka", "server.properties"), folder=self._folder, log=self.log
        )
        self._process = process
        if not wait_until_ready(
            self.bootstrap_servers, _START_TIMEOUT_SECONDS, self._is_ready, process.is_running
        ):
            self.kill()
            raise KafkaUnavailableError(f"the broker did not start; its log ends with:\n{process.log_tail()}")

    def link(self) -> KafkaLink:
        """A second way to the broker, which exists while this is open, and which can be broken."""
        return KafkaLink(*self._link_ports)

    def kill(self) -> None:
        """Ends the broker as a crash would (kill -9); its data stay."""
        if self._process:
            self._process.kill()
            self._process = None

    def stop(self) -> None:
        atexit.unregister(self.stop)
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_on_free_ports(self) -> None:
        # Between our look at a port and Kafka's bind somebody else may take it: then others are tried.
        for attempt in range(1, _ATTEMPTS + 1):
            self._format()
            try:
                self.start()
            except KafkaUnavailableError as error:
                if attempt == _ATTEMPTS or "Address already in use" not in str(error):
                    raise
            else:
                return

    def _format(self) -> None:
        port, controller_port, proxied_port, link_port = free_ports(4)
        self.bootstrap_servers = f"127.0.0.1:{port}"
        listener = f"PLAINTEXT://127.0.0.1:{port}"
        properties = server_properties(
            listeners=f"{listener},LINKED://127.0.0.1:{proxied_port},CONTROLLER://127.0.0.1:{controller_port}",
            advertised=f"{listener},LINKED://127.0.0.1:{link_port}",
            controller_port=controller_port,
        )
        properties["listener.security.protocol.map"] += ",LINKED:PLAINTEXT"
        self._link_ports = link_port, proxied_port
        if self._guard is not None:
            self.guarded_servers = f"127.0.0.1:{proxied_port}"
            properties["advertised.listeners"] = f"{listener},LINKED://{self.guarded_servers}"
            properties |= self._guard.properties
            properties["listener.security.protocol.map"] = (
                f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LINKED:{self._guard.protocol}"
            )
        self._voters = properties["controller.quorum.voters"]
        if self._beside is not None:
            properties |= {
                "process.roles": "broker",
                "node.id": "2",
                "controller.quorum.voters": self._beside.voters,
                "listeners": properties["listeners"].partition(",CONTROLLER:")[0],
            }
        properties["log.dirs"] = str(self._folder / "data")
        shutil.rmtree(self._folder / "data", ignore_errors=True)
        lines = [f"{name}={value}\n" for name, value in properties.items()]
        (self._folder / "server.properties").write_text("".join(lines))
        (self._folder / "log4j2.xml").write_text(_LOG4J)
        self._run_storage_tool()

    def _run_storage_tool(self) -> None:
        command = self._command(
            "kafka.tools.StorageTool", "format", "-t", self._cluster_id, "-c", "server.properties"
        )
        run = subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=self._folder, capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            raise KafkaUnavailableError(
                f"its data folder could not be formatted: {(run.stdout + run.stderr)[-2000:]}"
            )

    def _command(self, main_class: str, *arguments: str) -> list[str]:
        classes = f":{self._guard.classes}" if self._guard and self._guard.classes else ""
        return [self._java, *_JAVA_OPTIONS, "-cp", f"{self._jars}/*{classes}", main_class, *arguments]

    def _is_ready(self, metadata: ClusterMetadata) -> bool:
        # The id, since another broker may answer on a port we believed to be free; the leaders, since a
        # broker that comes back lists its topics before it serves them.
        has_leaders = all(
            partition.leader >= 0
            for topic in metadata.topics.values()
            for partition in topic.partitions.values()
        )
        return metadata.cluster_id == self._cluster_id and bool(metadata.brokers) and has_leaders
