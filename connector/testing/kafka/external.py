"""A Kafka that somebody else runs, named by KAFKA_BOOTSTRAP_SERVERS."""

from __future__ import annotations

import os

from connector.testing.kafka.broker import KafkaBroker, KafkaUnavailableError, wait_until_ready

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
_ANSWER_TIMEOUT_SECONDS = 15


class ExternalKafka(KafkaBroker):
    """The brokers named in the environment; they are neither started nor stopped by us."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.description = f"the Kafka at {bootstrap_servers} ({VARIABLE})"

    @classmethod
    def launch(cls) -> ExternalKafka:
        """Finds it.

        Raises:
            KafkaUnavailableError: The variable is not set.
            ConnectionError: It is set, but nobody answers. To test against another Kafka than the one
                asked for would mislead, so this is no reason to look for the next kind.
        """
        bootstrap_servers = os.environ.get(VARIABLE)
        if not bootstrap_servers:
            raise KafkaUnavailableError(f"{VARIABLE} is not set")
        if not wait_until_ready(bootstrap_servers, _ANSWER_TIMEOUT_SECONDS):
            raise ConnectionError(f"no Kafka answers at {VARIABLE}={bootstrap_servers}; correct or unset it")
        return cls(bootstrap_servers)

    def stop(self) -> None:
        """Leaves it alone."""
