"""A distributed worker on a broker with ACLs: what it may not do it says, with what to grant."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.cimpl import NewTopic

from connector.testing.file_sink import JAVA_NAME, install
from connector.testing.kafka.broker import KafkaUnavailableError
from connector.testing.kafka.maven import ACLS, GUEST, GUESTS_PASSWORD, MavenKafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL = (AclOperation.DESCRIBE, AclOperation.READ, AclOperation.WRITE)
READ = (AclOperation.DESCRIBE, AclOperation.READ)
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class Guarded:
    """A broker with ACLs, and a cluster of its own on it, whose topics are there."""

    def __init__(self, broker: MavenKafka, folder: Path) -> None:
        self.group = f"connect-{uuid.uuid4().hex[:8]}"
        self._broker = broker
        self._admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        self._environ = install(folder)
        self.make(f"{self.group}-configs", {"cleanup.policy": "compact"})
        self.make(f"{self.group}-status", {"cleanup.policy": "compact"})

    def make(self, topic: str, config: dict[str, str]) -> None:
        self._admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result()

    def allow(self, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        bindings = [
            AclBinding(
                kind,
                name,
                ResourcePatternType.LITERAL,
                f"User:{GUEST}",
                "*",
                operation,
                AclPermissionType.ALLOW,
            )
            for operation in operations
        ]
        for made in self._admin.create_acls(bindings).values():
            made.result()
        # The broker goes by them a moment later.
        deadline = time.monotonic() + 30
        while not all(self._is_known(binding) for binding in bindings):
            assert time.monotonic() < deadline, bindings
            time.sleep(0.05)

    def _is_known(self, binding: AclBinding) -> bool:
        asked = AclBindingFilter(
            binding.restype,
            binding.name,
            binding.resource_pattern_type,
            binding.principal,
            binding.host,
            binding.operation,
            binding.permission_type,
        )
        return bool(self._admin.describe_acls(asked).result(30))

    def worker(self) -> WorkerProcess:
        settings = {
            "bootstrap.servers": self._broker.guarded_servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="{GUEST}" password="{GUESTS_PASSWORD}";',
            "group.id": self.group,
            "config.storage.topic": f"{self.group}-configs",
            "status.storage.topic": f"{self.group}-status",
            "task.restart.enable": "false",
        }
        return WorkerProcess(settings, environ=self._environ)

    def refusal(self) -> str:
        """What a start says that ends with 3."""
        with self.worker() as worker:
            assert worker.wait() == 3
            return worker.log


@pytest.fixture(scope="module")
def broker() -> Iterator[MavenKafka]:
    with ExitStack() as stack:
        try:
            found = MavenKafka.launch(guard=ACLS)
        except KafkaUnavailableError as error:
            pytest.skip(f"ACLs need a broker of our own: {error}")
        stack.callback(found.stop)
        yield found


@pytest.fixture
def guarded(broker: MavenKafka, tmp_path: Path) -> Guarded:
    return Guarded(broker, tmp_path / "site")


def test_topics_that_it_may_not_write_are_named_at_the_start(guarded: Guarded) -> None:
    guarded.allow(ResourceType.TOPIC, f"{guarded.group}-configs", *READ)
    text = guarded.refusal()
    assert f"config.storage.topic: the worker may not WRITE topic {guarded.group}-configs" in text
    assert f"status.storage.topic: topic {guarded.group}-status cannot be looked at" in text


def test_a_group_that_it_may_not_join_is_named_at_the_start(guarded: Guarded) -> None:
    for topic in ("configs", "status"):
        guarded.allow(ResourceType.TOPIC, f"{guarded.group}-{topic}", *ALL)
    guarded.allow(ResourceType.GROUP, guarded.group, *READ)
    text = guarded.refusal()
    assert f"group.id: the group {guarded.group}.workers did not take this worker in" in text
    assert "Group authorization failed" in text


def test_a_topic_that_a_connector_may_not_read_fails_its_tasks_until_it_is_allowed(
    guarded: Guarded, tmp_path: Path
) -> None:
    for topic in ("configs", "status"):
        guarded.allow(ResourceType.TOPIC, f"{guarded.group}-{topic}", *ALL)
    guarded.allow(ResourceType.GROUP, f"{guarded.group}.workers", *READ)
    source = f"{guarded.group}-source"
    guarded.make(source, {})
    guarded.allow(ResourceType.GROUP, "connect-files", *READ)
    config = {"connector.class": JAVA_NAME, "topics": source, "file": str(tmp_path / "out.txt")}
    with guarded.worker() as worker:
        worker.wait_until(lambda: worker.get("/health"), "it starts")
        worker.name = "files"
        code, answer = worker.ask(
            "PUT", "/connectors/files/config", {**config, "task.restart.enable": "false"}
        )
        assert code == 201, answer
        worker.wait_for_state("FAILED")
        assert "grant READ and DESCRIBE on the topic" in worker.trace()

        guarded.allow(ResourceType.TOPIC, source, *READ)
        worker.ask("POST", "/connectors/files/restart?includeTasks=true&onlyFailed=true")
        worker.wait_for_state("RUNNING")
