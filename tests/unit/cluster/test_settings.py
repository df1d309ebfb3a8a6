"""A distributed worker's properties: Kafka Connect's file, read as it is."""

from __future__ import annotations

import pytest

from connector.cluster.settings import DistributedSettings
from connector.errors import ConfigError

LEAST = {
    "bootstrap.servers": "k:1",
    "group.id": "connect-cluster",
    "config.storage.topic": "connect-configs",
    "status.storage.topic": "connect-status",
    "offset.storage.topic": "connect-offsets",
}


def test_the_file_of_a_jvm_worker_gives_connects_defaults() -> None:
    settings = DistributedSettings.of(LEAST, {})
    config, status = settings.topics()

    assert (config.name, config.partitions, config.replication_factor, config.single) == (
        "connect-configs",
        1,
        3,
        True,
    )
    assert (status.name, status.partitions, status.replication_factor) == ("connect-status", 5, 3)
    assert (settings.session_timeout_ms, settings.heartbeat_interval_ms) == (10_000, 3_000)
    assert settings.unknown == {}
    assert list(settings.ignored) == ["offset.storage.topic"]


def test_a_property_may_come_from_the_environment() -> None:
    settings = DistributedSettings.of(LEAST, {"CONNECT_STATUS_STORAGE_PARTITIONS": "1"})

    assert settings.topics()[1].partitions == 1


def test_what_else_is_below_a_topics_prefix_is_a_setting_of_the_topic() -> None:
    settings = DistributedSettings.of(
        {**LEAST, "config.storage.min.insync.replicas": "2", "config.storage.cleanup.policy": "delete"}, {}
    )

    assert settings.topics()[0].config == {"min.insync.replicas": "2"}
    assert settings.unknown == {}


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"group.id": ""}, "group.id"),
        ({"session.timeout.ms": "3000"}, "heartbeat.interval.ms"),
        ({"status.storage.topic": "connect-configs"}, "the same topic"),
        ({"config.storage.replication.factor": "0"}, "config.storage.replication.factor"),
        ({"config.storage.replication.factor": "-2"}, "config.storage.replication.factor"),
        ({"scheduled.rebalance.max.delay.ms": "-1"}, "scheduled.rebalance.max.delay.ms"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_property(properties: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        DistributedSettings.of({**LEAST, **properties}, {})


def test_each_missing_property_is_named() -> None:
    with pytest.raises(ConfigError) as refusal:
        DistributedSettings.of({"bootstrap.servers": "k:1"}, {})

    assert [problem.option for problem in refusal.value.problems] == [
        "group.id",
        "config.storage.topic",
        "status.storage.topic",
    ]


def test_consumers_of_tasks_count_as_dead_when_their_worker_does() -> None:
    settings = DistributedSettings.of({**LEAST, "session.timeout.ms": "7000"}, {})
    own = DistributedSettings.of({**LEAST, "consumer.session.timeout.ms": "45000"}, {})

    assert settings.consumer_config()["session.timeout.ms"] == "7000"
    assert own.consumer_config()["session.timeout.ms"] == "45000"
