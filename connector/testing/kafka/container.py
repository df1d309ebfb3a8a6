"""Apache Kafka's own image through testcontainers, where a container engine answers."""

from __future__ import annotations

import gc
import warnings
from typing import Any

from connector.testing.kafka.broker import (
    KafkaBroker,
    KafkaUnavailableError,
    cluster_id,
    free_ports,
    server_properties,
    wait_until_ready,
)
from connector.testing.kafka.jars import VERSIONS

_ENGINE_TIMEOUT_SECONDS = 3
_START_TIMEOUT_SECONDS = 60
_PORT = 9092
_CONTROLLER_PORT = 9093


class DockerKafka(KafkaBroker):
    """The image `apache/kafka`; testcontainers removes the container even when this process is killed."""

    def __init__(self, container: Any, bootstrap_servers: str, image: str) -> None:
        self._container = container
        self.bootstrap_servers = bootstrap_servers
        self.description = f"{image} in a container"

    @classmethod
    def launch(cls) -> DockerKafka:
        """Starts a container and waits until its broker answers.

        Raises:
            KafkaUnavailableError: No engine, no image, or a broker that does not start.
        """
        _require_engine()
        reasons = []
        for version in VERSIONS:
            try:
                return cls._run(f"apache/kafka:{version}")
            except Exception as error:  # noqa: BLE001 - whatever the engine raises, the next kind is tried
                reasons.append(f"{version}: {error}")
        raise KafkaUnavailableError("; ".join(reasons))

    @classmethod
    def _run(cls, image: str) -> DockerKafka:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        container = DockerContainer(image)
        # The port must be known before the start, since the broker has to advertise it.
        (port,) = free_ports(1)
        bootstrap_servers = f"{container.get_container_host_ip()}:{port}"
        container.with_bind_ports(_PORT, port).with_envs(**_environment(bootstrap_servers))
        container.start()
        if not wait_until_ready(bootstrap_servers, _START_TIMEOUT_SECONDS):
            log = b"".join(container.get_logs())[-2000:].decode(errors="replace")
            container.stop()
            raise KafkaUnavailableError(f"the broker did not start; its log ends with:\n{log}")
        return cls(container, bootstrap_servers, image)

    def stop(self) -> None:
        self._container.stop()


def _require_engine() -> None:
    try:
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415
    except ImportError as error:
        raise KafkaUnavailableError("testcontainers is not installed") from error
    reason = None
    with warnings.catch_warnings():
        # The docker package leaves its socket open where no engine answers.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            engine = DockerClient(timeout=_ENGINE_TIMEOUT_SECONDS).client
            engine.ping()
            engine.close()
        except Exception as error:  # noqa: BLE001 - from a missing socket to a refused login
            reason = str(error)
        gc.collect()
    if reason is not None:
        raise KafkaUnavailableError(f"no container engine answers ({reason})")


def _environment(bootstrap_servers: str) -> dict[str, str]:
    """The same settings in the image's form: `node.id` is `KAFKA_NODE_ID`."""
    properties = server_properties(
        listeners=f"PLAINTEXT://:{_PORT},CONTROLLER://:{_CONTROLLER_PORT}",
        advertised=f"PLAINTEXT://{bootstrap_servers}",
        controller_port=_CONTROLLER_PORT,
    )
    environment = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}
    return environment | {"KAFKA_HEAP_OPTS": "-Xmx512m", "CLUSTER_ID": cluster_id()}
