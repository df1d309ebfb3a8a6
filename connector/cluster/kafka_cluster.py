"""The Kafka cluster that a worker belongs to: whether its brokers answer, and its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connector.aws.msk import with_login
from connector.error_codes import ErrorCode
from connector.errors import ConfigError
from connector.runtime.faults import properties_judged

if TYPE_CHECKING:
    from connector.settings import WorkerSettings

_ANSWER_SECONDS = 10.0


def cluster_id(settings: WorkerSettings) -> str | None:
    """The Kafka cluster's id; blocks until a broker answers or the time is over.

    Raises:
        ConfigError: None answers, or the worker cannot log in as its properties say.
    """
    try:
        config = with_login({**settings.client_config(), "client.id": "connector-admin", "log_level": 0})
    except KafkaException as error:
        raise ConfigError.of("sasl.jaas.config", error.args[0].str()) from error
    with properties_judged("ssl.*, sasl.*, security.protocol"):
        client = AdminClient(config)
    metadata = None
    try:
        metadata = client.list_topics(timeout=_ANSWER_SECONDS)
    except Exception as error:
        servers = settings.bootstrap_servers
        raise ConfigError.of(
            "bootstrap.servers",
            f"no broker of {servers} answered within {_ANSWER_SECONDS:.0f} s ({error}): check the addresses,"
            " that the brokers run, and security.protocol if they want TLS or SASL",
            code=ErrorCode.KAFKA_UNREACHABLE,
        ) from error
    cluster_id: str | None = metadata.cluster_id
    return cluster_id
