"""What connectors may say of their Kafka clients: what the operator's policy lets them, never everything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from connector.config.msk import LOGIN_MODULE, asks_for_iam, region_of
from connector.config.option import LeadsTo
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.config.bounds import Bounds

T = TypeVar("T")

POLICIES = ("All", "None", "Allowlist", "Principal")
_PRINCIPAL = frozenset({"sasl.jaas.config", "sasl.mechanism", "security.protocol"})

_NEVER = {
    "plugin.library.paths": "it loads code",
    "sasl.kerberos.kinit.cmd": "it is a command that the worker would run",
    "ssl.engine.id": "it loads code",
    "ssl.engine.location": "it loads code",
    "ssl.providers": "it loads code",
}
# librdkafka puts them into the command that it runs for a ticket (rdkafka_sasl_cyrus.c), without quoting.
_IN_A_COMMAND = frozenset({"sasl.kerberos.keytab", "sasl.kerberos.principal", "sasl.kerberos.service.name"})
_HARMLESS = re.compile(r"[\w.@/:+-]+", re.ASCII)

_HOSTS = frozenset({"bootstrap.servers", "metadata.broker.list"})
_FILES = frozenset({"sasl.kerberos.keytab"})
_SAME = (
    frozenset({"ssl.ca.location", "ssl.ca.pem"}),
    frozenset(
        {
            "ssl.certificate.location",
            "ssl.certificate.pem",
            "ssl.key.location",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl.keystore.location",
            "ssl.keystore.password",
        }
    ),
)
"""librdkafka takes all that it finds: of a file, and beside it of a text."""
_CREDENTIALS = ("enable.sasl.", "https.", "sasl.", "security.", "ssl.")


@dataclass(frozen=True, slots=True)
class OverridePolicy:
    """Kafka Connect's ``connector.client.config.override.policy``.

    Attributes:
        name: One of ``POLICIES``.
        allowlist: The client properties that ``Allowlist`` lets connectors set.
    """

    name: str = "All"
    allowlist: frozenset[str] = frozenset()

    def problems(self, prefix: str, names: Mapping[str, str]) -> Iterator[Problem]:
        """In Kafka Connect's words."""
        for name in names:
            if not self._allows(name):
                yield Problem(
                    prefix + name,
                    f"The '{self.name}' policy does not allow '{name}' to be overridden in the connector"
                    " configuration.",
                )

    def _allows(self, name: str) -> bool:
        match self.name:
            case "All":
                return True
            case "Allowlist":
                return name in self.allowlist
            case "Principal":
                return name in _PRINCIPAL
        return False


def override_problems(
    prefix: str, written: Mapping[str, str], translated: Mapping[str, str], bounds: Bounds
) -> Iterator[Problem]:
    """What no policy allows: to run programs on the worker, and what leads where connectors may not go.

    Args:
        prefix: Of the connector's options, such as ``consumer.override.``.
        written: As the connector has them, in Java's names or librdkafka's.
        translated: What became of them.
        bounds: What the operator allows.
    """
    for name in written:
        if name in _NEVER:
            yield Problem(
                prefix + name, f"may not be set by a connector, since {_NEVER[name]}: leave it to the worker"
            )
    for name, value in translated.items():
        if name in _IN_A_COMMAND and not _HARMLESS.fullmatch(value):
            yield Problem(prefix + name, "may hold letters, digits and . _ @ / : + - only")
        if leads_to := _leads_to(name):
            yield from bounds.problem(prefix + name, value, leads_to)
        if name in _HOSTS and asks_for_iam(translated) and region_of(value) is None:
            yield Problem(
                prefix + name,
                "names brokers that are not Amazon MSK's, and no others may be shown a token that the worker"
                f" signs for a connector: name them as MSK does, or log in otherwise than by {LOGIN_MODULE}",
            )


def overlaid(below: Mapping[str, T], above: Mapping[str, T]) -> dict[str, T]:
    """One client's properties over another's; certificates that one of them brings take all the place."""
    replaced = [
        name
        for same in _SAME
        if not same.isdisjoint(above)
        for name in same.intersection(below).difference(above)
    ]
    return {**{name: value for name, value in below.items() if name not in replaced}, **above}


def connecting(worker: Mapping[str, T], own: Mapping[str, T]) -> dict[str, T]:
    """A client's properties: the worker's, overlaid by those of the connector.

    A connector that names other brokers shows them its own credentials, not the worker's.
    """
    if _HOSTS.isdisjoint(own):
        return overlaid(worker, own)
    kept = {name: value for name, value in worker.items() if not name.startswith(_CREDENTIALS)}
    return {**{name: value for name, value in kept.items() if name not in _HOSTS}, **own}


def _leads_to(name: str) -> LeadsTo | None:
    if name in _HOSTS or name.endswith(".url"):
        return LeadsTo.HOST
    if name in _FILES or name.endswith((".location", ".file")):
        return LeadsTo.FILE
    return None
