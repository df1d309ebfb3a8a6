"""The cluster's own topics: made compacted where they are not there, and checked where they are.

A config topic that loses old records would lose connectors, and one with several partitions has no order;
so a worker refuses either, and says which command mends it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from connector import logs
from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.errors import Problem

log = logs.get(__name__)

_SECONDS = 30.0
_LEADER_SECONDS = 10.0
_POLL_SECONDS = 0.1
_SHORT_OF_BROKERS = frozenset({KafkaError.INVALID_REPLICATION_FACTOR})
_NOT_ALLOWED = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED})
_NEEDED = (AclOperation.DESCRIBE, AclOperation.READ, AclOperation.WRITE)
_NO_SUCH_TOPIC = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class InternalTopic:
    """A topic of the cluster's own.

    Attributes:
        option: The worker property that names it.
        name: Its name.
        partitions: How many a new one gets; -1 leaves it to the brokers.
        replication_factor: Likewise.
        single: It has to have one partition.
        config: Further settings of a new one.
    """

    option: str
    name: str
    partitions: int
    replication_factor: int
    single: bool = False
    config: Mapping[str, str] = field(default_factory=dict)


def ensure_topics(
    client: Mapping[str, Any], bootstrap_servers: str, topics: list[InternalTopic], *, may_create: bool = True
) -> None:
    """See to it that the topics are there and fit; blocks.

    Raises:
        ConfigError: With what is wrong with any of them, and the command that mends it.
    """
    admin = AdminClient({**with_login(client), "client.id": "connector-admin", "log_level": 0})
    keeper = _Keeper(admin, bootstrap_servers)
    problems: list[Problem] = []
    for topic in topics:
        try:
            keeper.ensure(topic, may_create=may_create)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


class _Keeper:
    def __init__(self, admin: AdminClient, bootstrap_servers: str) -> None:
        self._admin = admin
        self._servers = bootstrap_servers

    def ensure(self, topic: InternalTopic, *, may_create: bool) -> None:
        partitions = self._partitions(topic)
        if partitions is None and may_create:
            if self._create(topic):
                return
            partitions = self._partitions_soon(topic)  # another worker was faster
        if partitions is None:
            raise _refused(
                topic,
                f"topic {topic.name} is not there, and internal.topics.automatic.creation.enable is false:"
                f" make it with {self._creating(topic, topic.name)}",
                ErrorCode.CLUSTER_TOPIC_MISSING,
            )
        for problem in self._faults(topic, partitions):
            raise _refused(topic, problem, ErrorCode.CLUSTER_TOPIC_UNFIT)

    def _partitions(self, topic: InternalTopic) -> int | None:
        # Asking for metadata, as clients do, could have the brokers make the topic, not compacted.
        asked = self._admin.describe_topics(
            TopicCollection([topic.name]), include_authorized_operations=True, request_timeout=_SECONDS
        )
        try:
            found = asked[topic.name].result()
        except KafkaException as error:
            if error.args[0].code() in _NO_SUCH_TOPIC:
                return None
            raise _refused(
                topic,
                f"topic {topic.name} cannot be looked at: {_reason(error)}. The worker needs to describe,"
                " read, write and, if it is to make it, create it",
                ErrorCode.CLUSTER_TOPIC_UNUSABLE,
            ) from error
        # None from brokers before 2.3, which do not tell.
        if found.authorized_operations is not None:
            missing = [each.name for each in _NEEDED if each not in found.authorized_operations]
            if missing:
                raise _refused(
                    topic,
                    f"the worker may not {' or '.join(missing)} topic {topic.name}: allow its principal"
                    " DESCRIBE, READ and WRITE on it",
                    ErrorCode.KAFKA_AUTHORIZATION,
                )
        return len(found.partitions)

    def _partitions_soon(self, topic: InternalTopic) -> int | None:
        """Of a topic that was just made: the controller knows it before those who are asked."""
        deadline = time.monotonic() + _LEADER_SECONDS
        while True:
            partitions = self._partitions(topic)
            if partitions is not None or time.monotonic() > deadline:
                return partitions
            time.sleep(_POLL_SECONDS)

    def _create(self, topic: InternalTopic) -> bool:
        """Whether it was made now; False if it was there already."""
        new = NewTopic(
            topic.name,
            topic.partitions,
            topic.replication_factor,
            config={**topic.config, "cleanup.policy": "compact"},
        )
        try:
            self._admin.create_topics([new], operation_timeout=_SECONDS)[topic.name].result()
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.TOPIC_ALREADY_EXISTS:
                self._wait_until_led(topic)
                return False
            raise _refused(topic, self._not_made(topic, error), ErrorCode.CLUSTER_TOPIC_MISSING) from error
        log.info("topic made", topic=topic.name, partitions=topic.partitions)
        self._wait_until_led(topic)
        return True

    def _wait_until_led(self, topic: InternalTopic) -> None:
        """The controller knows a new topic first, the brokers that clients ask a moment later."""
        deadline = time.monotonic() + _LEADER_SECONDS
        while time.monotonic() < deadline:
            found = self._admin.list_topics(timeout=_SECONDS).topics.get(topic.name)
            leaders = [partition.leader for partition in found.partitions.values()] if found else []
            if leaders and min(leaders) >= 0:
                return
            time.sleep(_POLL_SECONDS)

    def _not_made(self, topic: InternalTopic, error: KafkaException) -> str:
        code = error.args[0].code()
        text = f"topic {topic.name} could not be made: {_reason(error)}"
        if code in _SHORT_OF_BROKERS:
            prefix = topic.option.removesuffix("topic")
            return (
                f"{text}. Set {prefix}replication.factor to no more than there are brokers; -1 takes the"
                " brokers' default"
            )
        if code in _NOT_ALLOWED:
            return (
                f"{text}. Allow the worker to create it, or make it with {self._creating(topic, topic.name)}"
            )
        return text

    def _faults(self, topic: InternalTopic, partitions: int) -> Iterator[str]:
        if topic.single and partitions > 1:
            yield (
                f"topic {topic.name} has {partitions} partitions, and what is in it needs the order that only"
                " one has. Partitions cannot be taken away: make another with"
                f" {self._creating(topic, topic.name + '-single')}, give its name as {topic.option}, and"
                " submit the connectors to it"
            )
        policy = self._cleanup_policy(topic)
        if policy is not None and policy != "compact":
            yield (
                f"topic {topic.name} has cleanup.policy={policy}, and would lose connectors or statuses after"
                f" its retention time: mend it with kafka-configs.sh --bootstrap-server {self._servers}"
                f" --alter --entity-type topics --entity-name {topic.name}"
                " --add-config cleanup.policy=compact"
            )

    def _cleanup_policy(self, topic: InternalTopic) -> str | None:
        """None if the worker may not see it; then it is believed, as Connect does."""
        asked = ConfigResource(ResourceType.TOPIC, topic.name)
        try:
            found = self._admin.describe_configs([asked], request_timeout=_SECONDS)[asked].result()
        except KafkaException as error:
            log.warning(
                "cannot see whether a topic is compacted; make sure that it is",
                topic=topic.name,
                reason=_reason(error),
            )
            return None
        policy: str | None = found["cleanup.policy"].value
        return policy

    def _creating(self, topic: InternalTopic, name: str) -> str:
        partitions = f" --partitions {topic.partitions}" if topic.partitions > 0 else ""
        replication = (
            f" --replication-factor {topic.replication_factor}" if topic.replication_factor > 0 else ""
        )
        return (
            f"kafka-topics.sh --bootstrap-server {self._servers} --create --topic {name}{partitions}"
            f"{replication} --config cleanup.policy=compact"
        )


def _refused(topic: InternalTopic, text: str, code: ErrorCode) -> ConfigError:
    return ConfigError.of(topic.option, text, code=code)


def _reason(error: KafkaException) -> str:
    found = error.args[0] if error.args else error
    return found.str() if isinstance(found, KafkaError) else str(found)
