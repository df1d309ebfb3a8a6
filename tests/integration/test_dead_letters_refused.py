"""A dead letter queue that does not take records: what it says of it, and that nothing is lost by it."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.cimpl import NewTopic

from connector.testing.kafka import KafkaClient
from connector.testing.kafka.broker import KafkaUnavailableError
from connector.testing.kafka.maven import ACLS, GUEST, GUESTS_PASSWORD, MavenKafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.testing.aws import AwsServer

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
ANSWER_SECONDS = 2
GOOD, BAD = b'{"n": 1}', b"{no json"


class Rig:
    """A broker with ACLs, and a worker that is its guest."""

    def __init__(self, broker: MavenKafka, aws: AwsServer) -> None:
        self.broker = broker
        self.aws = aws
        self.kafka = KafkaClient(broker)
        self.admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
        self._allow(ResourceType.GROUP, "*", AclOperation.READ)
        self.worker = self.new_worker()

    def new_worker(self, connector: Mapping[str, str] | None = None) -> WorkerProcess:
        return WorkerProcess(
            {
                "bootstrap.servers": self.broker.guarded_servers,
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": f'{PLAIN} required username="{GUEST}" password="{GUESTS_PASSWORD}";',
                "offset.flush.interval.ms": "300",
                "consumer.session.timeout.ms": "3000",
                "consumer.heartbeat.interval.ms": "500",
                "task.shutdown.graceful.timeout.ms": "1000",
            },
            connector,
        )

    def topic(self, *operations: AclOperation, replicas: tuple[int, ...] = (1,), **config: str) -> str:
        """On these brokers, led by the first of them."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.make(NewTopic(name, 1, replica_assignment=[list(replicas)], config=_dotted(config)))
        self.allow(name, *operations)
        return name

    def make(self, topic: NewTopic) -> None:
        self.admin.create_topics([topic])[topic.topic].result()
        self._wait_until_it_applies()

    def allow(self, topic: str, *operations: AclOperation) -> None:
        self._allow(ResourceType.TOPIC, topic, *operations)

    def _allow(self, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        for operation in operations:
            who = (ResourcePatternType.LITERAL, f"User:{GUEST}", "*")
            binding = AclBinding(kind, name, *who, operation, AclPermissionType.ALLOW)
            for made in self.admin.create_acls([binding]).values():
                made.result()
        if operations:
            self._wait_until_it_applies()

    def _wait_until_it_applies(self) -> None:
        """The controller answers; the broker hears of it afterwards, of one change after the other."""
        last = f"last-{uuid.uuid4().hex[:12]}"
        who = (ResourcePatternType.LITERAL, "User:nobody", "*")
        allowed = (AclOperation.READ, AclPermissionType.ALLOW)
        for made in self.admin.create_acls([AclBinding(ResourceType.TOPIC, last, *who, *allowed)]).values():
            made.result()
        asked = AclBindingFilter(ResourceType.TOPIC, last, *who, *allowed)
        deadline = time.monotonic() + 60
        while not self.admin.describe_acls(asked).result():
            assert time.monotonic() < deadline, "the broker does not hear of what was changed"
            time.sleep(0.02)

    def forbid(self, topic: str, operation: AclOperation) -> None:
        who = (ResourcePatternType.LITERAL, f"User:{GUEST}", "*")
        asked = AclBindingFilter(ResourceType.TOPIC, topic, *who, operation, AclPermissionType.ALLOW)
        for done in self.admin.delete_acls([asked]).values():
            assert done.result()
        self._wait_until_it_applies()

    def set(self, topic: str, **config: str) -> None:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in _dotted(config).items()
        ]
        asked = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        for done in self.admin.incremental_alter_configs([asked]).values():
            done.result()
        self._wait_until_it_applies()

    def in_sync(self, topic: str) -> list[int]:
        return self.admin.list_topics(topic, timeout=60).topics[topic].partitions[0].isrs

    def delete(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result()
        self._wait_until_it_applies()

    def values(self, topic: str) -> list[bytes | None]:
        client = {"bootstrap.servers": self.broker.bootstrap_servers, "group.id": "reader", "log_level": 0}
        consumer = Consumer({**client, "enable.partition.eof": True})
        try:
            consumer.assign([TopicPartition(topic, 0, 0)])
            found = []
            while (message := consumer.poll(60)) is not None and message.error() is None:
                found.append(message.value())
            return found
        finally:
            consumer.close()


def _dotted(config: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in config.items()}


class Connector:
    """One into a bucket of its own, from a topic of its own."""

    def __init__(self, rig: Rig, queue: str, worker: WorkerProcess | None = None, **options: str) -> None:
        self.queue = queue
        self._rig = rig
        self.source = rig.topic(AclOperation.READ)
        self._bucket = f"bucket-{uuid.uuid4().hex[:12]}"
        rig.aws.create_bucket(self._bucket)
        self.name = f"of-{self.source}"
        self.config = {
            "name": self.name,
            "connector.class": "s3",
            "topics": self.source,
            "aws.access.key.id": rig.aws.access_key_id,
            "aws.secret.access.key": rig.aws.secret_access_key,
            "aws.s3.bucket.name": self._bucket,
            "aws.s3.endpoint": rig.aws.url,
            "file.compression.type": "none",
            "format.output.type": "jsonl",
            "format.output.fields": "value,offset",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter.schemas.enable": "false",
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": queue,
            "errors.deadletterqueue.topic.replication.factor": "1",
            "errors.deadletterqueue.context.headers.enable": "true",
            "producer.override.delivery.timeout.ms": str(ANSWER_SECONDS * 1000),
            **_dotted(options),
        }

    def start(self) -> None:
        self._rig.worker.name = self.name
        code, answer = self._rig.worker.ask("PUT", f"/connectors/{self.name}/config", self.config)
        assert code == 201, answer

    def restart(self) -> None:
        self._rig.worker.ask("POST", f"/connectors/{self.name}/restart?includeTasks=true&onlyFailed=true")

    def produce(self, *values: bytes) -> None:
        self._rig.kafka.produce(self.source, values, partition=0)

    def refusal(self) -> str:
        """Why its task failed, when it has."""
        self._rig.worker.wait_for_state("FAILED")
        return self._rig.worker.trace()

    def committed(self) -> int:
        found = self._rig.kafka.committed(f"connect-{self.name}", self.source).get(0)
        return found.offset if found else 0

    def stored(self) -> list[int]:
        objects = self._rig.aws.objects(self._bucket).values()
        return sorted(json.loads(line)["offset"] for data in objects for line in data.splitlines())

    def check_all_is_there(self, worker: WorkerProcess, values: list[bytes]) -> None:
        """What is bad at least once in the queue, what is good once in the bucket."""
        worker.wait_until(lambda: self.committed() == len(values), "all is committed")
        good = [offset for offset, value in enumerate(values) if value.startswith(GOOD)]
        assert self.stored() == good
        assert set(self._rig.values(self.queue)) == {value for value in values if not value.startswith(GOOD)}


@pytest.fixture(scope="module")
def rig(aws: AwsServer) -> Iterator[Rig]:
    with ExitStack() as stack:
        try:
            broker = MavenKafka.launch(guard=ACLS)
        except KafkaUnavailableError as error:
            pytest.skip(f"ACLs need a broker of our own: {error}")
        stack.callback(broker.stop)
        rig = Rig(broker, aws)
        stack.enter_context(rig.worker)
        rig.worker.wait_until(lambda: rig.worker.get("/health"), "it starts")
        yield rig


@pytest.fixture(scope="module")
def halved(rig: Rig) -> list[str]:
    """Topics that want two replicas, of which one is gone."""
    # What the first broker has already is not placed on the second.
    rig.kafka.committed("any", rig.topic())
    second = MavenKafka.launch(guard=ACLS, beside=rig.broker.cluster)
    try:
        made = [rig.topic(AclOperation.WRITE, replicas=(1, 2), min__insync__replicas="2") for _ in range(2)]
    finally:
        second.stop()
    rig.worker.wait_until(lambda: all(rig.in_sync(each) == [1] for each in made), "one replica is left")
    return made


@pytest.fixture
def too_few(rig: Rig, halved: list[str]) -> Iterator[str]:
    name = halved.pop()
    yield name
    # A broker that is killed would wait for what it may have missed of it.
    rig.delete(name)


def test_a_topic_that_it_may_not_write_is_told_before_anything_is_read(rig: Rig) -> None:
    queue = rig.topic(AclOperation.DESCRIBE)
    connector = Connector(rig, queue)
    connector.start()
    refusal = connector.refusal()
    assert f"The worker's principal may not WRITE the dead letter topic {queue}: grant it WRITE" in refusal
    rig.allow(queue, AclOperation.WRITE)
    connector.restart()
    connector.produce(GOOD, BAD)
    connector.check_all_is_there(rig.worker, [GOOD, BAD])


LARGE = b"{" + b"x" * 8000


def _is_forbidden(rig: Rig, queue: str) -> Callable[[], None]:
    rig.forbid(queue, AclOperation.WRITE)
    return lambda: rig.allow(queue, AclOperation.WRITE)


def _is_narrow(rig: Rig, queue: str) -> Callable[[], None]:
    rig.set(queue, max__message__bytes="6000")
    return lambda: rig.set(queue, max__message__bytes="100000")


def _is_deleted(rig: Rig, queue: str) -> Callable[[], None]:
    rig.delete(queue)
    return lambda: rig.make(NewTopic(queue, 1, 1))


@pytest.mark.parametrize(
    ("becomes", "refusal", "remedy"),
    [
        (_is_forbidden, "TOPIC_AUTHORIZATION_FAILED", "grant WRITE and DESCRIBE on that topic"),
        (_is_narrow, "MSG_SIZE_TOO_LARGE", "raise max.message.bytes of that topic"),
        (_is_deleted, "UNKNOWN_TOPIC", "create the topic"),
    ],
)
def test_a_queue_that_refuses_later_stops_the_task_and_when_it_is_mended_all_is_there(
    rig: Rig, becomes: Callable[[Rig, str], Callable[[], None]], refusal: str, remedy: str
) -> None:
    connector = Connector(rig, rig.topic(AclOperation.WRITE))
    connector.start()
    rig.worker.wait_for_state("RUNNING")
    mend = becomes(rig, connector.queue)
    values = [GOOD, BAD, LARGE, GOOD]
    connector.produce(*values)
    trace = connector.refusal()
    assert f"Records of {connector.source}-0 were refused by the dead letter queue {connector.queue}" in trace
    assert refusal in trace
    assert remedy in trace
    assert connector.committed() <= 1
    mend()
    connector.restart()
    connector.check_all_is_there(rig.worker, values)


def test_bad_records_that_are_too_large_together_are_taken_one_by_one(rig: Rig) -> None:
    connector = Connector(rig, rig.topic(AclOperation.WRITE, max__message__bytes="20000"))
    values = [LARGE + b"%d" % number for number in range(10)]
    connector.produce(*values)
    connector.start()
    connector.check_all_is_there(rig.worker, values)


def test_a_broker_that_comes_back_amid_the_writes_loses_none_and_fails_no_task(rig: Rig) -> None:
    connector = Connector(
        rig, rig.topic(AclOperation.WRITE), producer__override__delivery__timeout__ms="170000"
    )
    values = [b"bad %d" % number if number % 2 else GOOD for number in range(4000)]
    connector.produce(*values)
    connector.start()
    copied = {"connector": connector.name}
    rig.worker.wait_until(
        lambda: rig.worker.metric("connector_dead_letters_total", **copied), "the first are copied"
    )
    rig.broker.kill()
    rig.broker.start()
    connector.check_all_is_there(rig.worker, values)
    assert rig.worker.task_states() == ["RUNNING"]


def test_a_queue_with_too_few_replicas_is_tried_again_and_told_then_stops_the_task(
    rig: Rig, too_few: str
) -> None:
    connector = Connector(rig, too_few)
    connector.start()
    rig.worker.wait_for_state("RUNNING")
    started = time.monotonic()
    connector.produce(GOOD, BAD)
    trace = connector.refusal()
    assert time.monotonic() - started < ANSWER_SECONDS + 40
    assert "NOT_ENOUGH_REPLICAS" in trace
    assert "bring back the brokers that hold its replicas, or lower min.insync.replicas" in trace
    told = [line for line in rig.worker.log.splitlines() if "refuses for now" in line]
    said = (connector.queue, f"connector={connector.name}", "NOT_ENOUGH_REPLICAS")
    assert all(word in line for line in told for word in said)
    assert told
    assert connector.committed() <= 1
    rig.set(connector.queue, min__insync__replicas="1")
    connector.restart()
    connector.check_all_is_there(rig.worker, [GOOD, BAD])


def test_a_worker_that_waits_for_its_queue_may_be_killed_and_stopped_and_nothing_is_lost(
    rig: Rig, too_few: str
) -> None:
    connector = Connector(rig, too_few, producer__override__delivery__timeout__ms="60000")
    connector.produce(GOOD, BAD)
    with rig.new_worker(connector.config) as worker:
        worker.wait_until(lambda: "refuses for now" in worker.log, "it waits")
        worker.kill()
        waits = worker.log.count("refuses for now")
        worker.start()
        worker.wait_until(lambda: worker.log.count("refuses for now") > waits, "it waits again")
        started = time.monotonic()
        assert worker.terminate() == 0, worker.log
        assert time.monotonic() - started < 1 + 30
        assert connector.committed() <= 1
    rig.set(connector.queue, min__insync__replicas="1")
    connector.start()
    connector.check_all_is_there(rig.worker, [GOOD, BAD])
