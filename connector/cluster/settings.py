"""What the operator sets of a distributed worker, beside what every worker has."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from connector.cluster.membership import worker_group
from connector.cluster.topics import InternalTopic
from connector.settings import Milliseconds, WorkerSettings

_CONFIG = "config.storage."
_STATUS = "status.storage."
_KEPT = frozenset({"topic", "partitions", "replication.factor"})
_FIXED = "cleanup.policy"


def _count(value: str | int) -> str | int:
    if isinstance(value, str) and value.strip() == "0":
        raise ValueError("Invalid value 0: give a number from 1, or -1 for the brokers' default.")
    return value


CountOrBrokers = Annotated[int, BeforeValidator(_count), Field(ge=-1)]
TopicName = Annotated[str, Field(min_length=1)]


class DistributedSettings(WorkerSettings):
    """A distributed worker's settings; make them with :meth:`load`."""

    passed_on: ClassVar[tuple[str, ...]] = (_CONFIG, _STATUS)

    group_id: Annotated[str, Field(min_length=1)] = Field(
        alias="group.id",
        description="The name of the cluster: workers with the same share the connectors. They meet in the"
        " consumer group of this name with .workers behind it, which they must be allowed to read and"
        " describe.",
    )
    config_storage_topic: TopicName = Field(
        alias="config.storage.topic",
        description="The topic where connectors, what they are to be, and named connections are kept, with"
        " their secrets in clear: let nobody else read it. It is made if it is not there.",
    )
    config_storage_replication_factor: CountOrBrokers = Field(
        3,
        alias="config.storage.replication.factor",
        description="Of a config topic that is made; -1 takes the brokers' default.",
    )
    status_storage_topic: TopicName = Field(
        alias="status.storage.topic",
        description="The topic where it is kept what connectors and tasks are doing, and who is to run them."
        " It is made if it is not there.",
    )
    status_storage_partitions: CountOrBrokers = Field(
        5,
        alias="status.storage.partitions",
        description="Of a status topic that is made; -1 takes the brokers' default.",
    )
    status_storage_replication_factor: CountOrBrokers = Field(
        3,
        alias="status.storage.replication.factor",
        description="Of a status topic that is made; -1 takes the brokers' default.",
    )
    internal_topics_automatic_creation_enable: bool = Field(
        True,
        alias="internal.topics.automatic.creation.enable",
        description="false does not make the two topics, and refuses to start without them.",
    )
    session_timeout_ms: Milliseconds = Field(
        10_000,
        alias="session.timeout.ms",
        description="After so long a silence a worker counts as dead, and others run its tasks.",
    )
    heartbeat_interval_ms: Milliseconds = Field(
        3_000,
        alias="heartbeat.interval.ms",
        description="How often a worker tells Kafka that it is alive; at most a third of session.timeout.ms.",
    )
    rebalance_timeout_ms: Milliseconds = Field(
        60_000,
        alias="rebalance.timeout.ms",
        description="How long the others wait for a worker when one joins or leaves.",
    )
    scheduled_rebalance_max_delay_ms: Annotated[int, Field(ge=0)] = Field(
        0,
        alias="scheduled.rebalance.max.delay.ms",
        description="For how long the tasks of a worker that died wait for it to come back, at the same"
        " address, before others run them. Nothing is delivered meanwhile, so the default is 0, where Kafka"
        " Connect waits five minutes. A worker that is stopped hands its tasks over at once.",
    )

    @field_validator("heartbeat_interval_ms")
    @classmethod
    def _beats_within_the_session(cls, value: int, others: ValidationInfo) -> int:
        session = others.data.get("session_timeout_ms")
        if session is not None and value >= session:
            raise ValueError(
                f"Invalid value {value} for configuration heartbeat.interval.ms: it must be less than"
                f" session.timeout.ms, which is {session}; a third of it is usual."
            )
        return value

    @field_validator("status_storage_topic")
    @classmethod
    def _is_another_topic(cls, value: str, others: ValidationInfo) -> str:
        if value == others.data.get("config_storage_topic"):
            raise ValueError(
                "Configuration status.storage.topic names the same topic as config.storage.topic: give each"
                " its own."
            )
        return value

    def consumer_config(self) -> dict[str, str]:
        """As of every worker; the partitions of a worker that died are let go when it counts as dead.

        With the 45 seconds that consumers otherwise have, its tasks would run elsewhere and get nothing.
        """
        alike = {
            "session.timeout.ms": str(self.session_timeout_ms),
            "heartbeat.interval.ms": str(self.heartbeat_interval_ms),
        }
        return {**alike, **super().consumer_config()}

    def topics(self) -> list[InternalTopic]:
        """The cluster's own topics, as they are to be."""
        return [
            InternalTopic(
                f"{_CONFIG}topic",
                self.config_storage_topic,
                1,
                self.config_storage_replication_factor,
                single=True,
                config=self._topic_config(_CONFIG),
            ),
            InternalTopic(
                f"{_STATUS}topic",
                self.status_storage_topic,
                self.status_storage_partitions,
                self.status_storage_replication_factor,
                config=self._topic_config(_STATUS),
            ),
        ]

    @property
    def worker_group(self) -> str:
        return worker_group(self.group_id)

    def _topic_config(self, prefix: str) -> dict[str, str]:
        """As in Connect, what else is below the prefix are settings of the topic."""
        return {
            name: value for name, value in self.below(prefix).items() if name not in _KEPT and name != _FIXED
        }
