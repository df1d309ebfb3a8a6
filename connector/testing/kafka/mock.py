"""librdkafka's mock cluster: a Kafka inside this process, for where there is no real one.

It lacks much: CreateTopics and other admin calls, lookups by timestamp, transactions, retention by time; it
keeps 5 MiB per partition. Its topics appear by themselves, with 4 partitions.
"""

from __future__ import annotations

from confluent_kafka import Producer

from connector.testing.kafka.broker import KafkaBroker

PARTITIONS = 4
"""How many partitions every topic of the mock cluster has."""


class MockKafka(KafkaBroker):
    """A mock cluster that listens on a real port, so that other processes can connect, too."""

    is_real = False
    description = "librdkafka's mock cluster"

    def __init__(self) -> None:
        # The cluster lives exactly as long as the client that asked for it.
        self._keeper: Producer | None = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._keeper.list_topics(timeout=10).brokers.values()
        self.bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    @classmethod
    def launch(cls) -> MockKafka:
        return cls()

    def stop(self) -> None:
        self._keeper = None
