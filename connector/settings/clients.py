"""How the worker's Kafka clients connect: its own, those of tasks, and those of dead letter queues."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.config.client import CLIENT_NAMES, ClientConfig, translate
from connector.config.connector import with_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.errors import Problem
    from connector.settings.source import Source

CONSUMER = "consumer."
PRODUCER = "producer."


@dataclass(frozen=True, slots=True)
class Clients:
    """The properties of clients in librdkafka's names, which hold secrets.

    Attributes:
        worker: The worker's own, for security alone.
        consumer: What is below ``consumer.``.
        producer: What is below ``producer.``.
    """

    worker: ClientConfig = field(default_factory=ClientConfig, repr=False)
    consumer: ClientConfig = field(default_factory=ClientConfig, repr=False)
    producer: ClientConfig = field(default_factory=ClientConfig, repr=False)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Clients:
        """Those that worker properties say."""
        return cls(
            translate(security(values)),
            translate(_consumer(values)),
            translate(with_prefix(values, PRODUCER)),
        )

    def by_prefix(self) -> dict[str, ClientConfig]:
        """Each by the prefix of its properties."""
        return {"": self.worker, CONSUMER: self.consumer, PRODUCER: self.producer}

    def problems(self, source: Source) -> Iterator[Problem]:
        for prefix, client in self.by_prefix().items():
            yield from source.under_prefix(prefix, client.problems)


def security(values: Mapping[str, str]) -> dict[str, str]:
    """Those of the worker's own clients."""
    return {name: value for name, value in values.items() if _is_security(name)}


def suggestions() -> list[str]:
    """Every property of clients that somebody may have meant."""
    return [
        *(f"{CONSUMER}{name}" for name in CLIENT_NAMES),
        *(name for name in CLIENT_NAMES if _is_security(name)),
    ]


def _consumer(values: Mapping[str, str]) -> dict[str, str]:
    properties = with_prefix(values, CONSUMER)
    properties.pop("max.poll.records", None)  # has a field of its own
    return properties


def _is_security(name: str) -> bool:
    return name == "security.protocol" or name.startswith(("sasl.", "ssl."))
