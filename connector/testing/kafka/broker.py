"""What a test may ask of a Kafka, whichever kind it got; how each kind is started is in its own module."""

from __future__ import annotations

import base64
import fcntl
import os
import random
import socket
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka.admin._metadata import ClusterMetadata


class KafkaUnavailableError(Exception):
    """This kind of Kafka cannot be had here; the text says what is missing."""


class KafkaBroker(ABC):
    """A running Kafka.

    Attributes:
        bootstrap_servers: What goes into a client's `bootstrap.servers`.
        is_real: False for the mock cluster, which lacks admin calls, retention, transactions and more.
        description: Which Kafka this is, for people who read a test report.
        passed_over: For each kind that was preferred to this one, why it could not be had.
    """

    bootstrap_servers: str
    is_real: bool = True
    description: str
    passed_over: tuple[str, ...] = ()

    @abstractmethod
    def stop(self) -> None:
        """Gives back whatever was started; nothing of it survives."""


def wait_until_ready(
    bootstrap_servers: str,
    timeout_seconds: float,
    is_ready: Callable[[ClusterMetadata], bool] = lambda metadata: bool(metadata.brokers),
    still_possible: Callable[[], bool] = lambda: True,
) -> bool:
    """Asks for metadata until they satisfy, which an open port alone does not show.

    Args:
        bootstrap_servers: Whom to ask.
        timeout_seconds: When to give up.
        is_ready: Whether an answer is the one waited for.
        still_possible: False ends the wait early, say because the broker's process has ended.
    """
    # log_level 0: a refused connection is what we are waiting to end, not news.
    admin = AdminClient(
        {"bootstrap.servers": bootstrap_servers, "log_level": 0, "reconnect.backoff.max.ms": 200}
    )
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline and still_possible():
        try:
            if is_ready(admin.list_topics(timeout=1)):
                return True
        except KafkaException:
            pass
        time.sleep(0.05)
    return False


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on, below the range the kernel gives to outgoing connections.

    A broker that is killed and started again must find its port still free: an ephemeral port may by then
    belong to a client's connection. Nor is a port given twice, to this process or to others beside it: who
    has it may not listen yet, or not for a moment.
    """
    ports: list[int] = []
    for port in random.sample(range(20_000, 32_000), 12_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0 and _reserve(port):
                ports.append(port)
        if len(ports) == count:
            return ports
    raise AssertionError(f"There are no {count} free ports left between 20000 and 32000")


_given: set[int] = set()
_RESERVED = Path(tempfile.gettempdir(), f"connector-test-ports-{os.getuid()}")


def _reserve(port: int) -> bool:
    """Until this process ends: its locks of single bytes end with it, however it ends."""
    if port in _given:
        return False
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _given.add(port)
    return True


@cache
def _reservations() -> int:
    """Never closed: with any descriptor of a file, all its locks are gone."""
    return os.open(_RESERVED, os.O_RDWR | os.O_CREAT, 0o600)


def cluster_id() -> str:
    """An id as Kafka makes them, but without a leading dash, which its command line takes for an option."""
    return "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]


def server_properties(*, listeners: str, advertised: str, controller_port: int) -> dict[str, str]:
    """The settings of a single KRaft node that starts fast and suits tests."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": listeners,
        "advertised.listeners": advertised,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        # A typo in a topic's name should be an error, not a topic.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # Records with old timestamps are test data, not garbage.
        "log.retention.ms": "-1",
        # A killed broker may register again only when its old session has ended: 9 s by default.
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        # The cleaner takes 128 MiB of a small heap by default.
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
    }
