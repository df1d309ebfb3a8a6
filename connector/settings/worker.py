"""The worker's settings: its properties, read and checked, and what follows from them.

A property that is set in the environment (:mod:`connector.environment`) beats the file's. Values that
may hold secrets (client properties, converter sub-keys) are kept out of fields, and so out of every repr.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn, Self

from pydantic import PrivateAttr, ValidationError

from connector.config.bounds import Bounds
from connector.config.connector import with_prefix
from connector.config.listener import bracketed
from connector.config.override import OverridePolicy, overlaid
from connector.config_providers.resolver import Resolver
from connector.errors import ConfigError
from connector.properties import read_properties
from connector.settings.clients import Clients
from connector.settings.declaration import WorkerProperties
from connector.settings.fault import converter_problems, value_problems
from connector.settings.source import Source
from connector.settings.unused import HTTPS, Unused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from connector.config_providers.resolver import Resolution

_EVERY_INTERFACE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - no address to reach a worker by

Role = Literal["key", "value", "header"]


class WorkerSettings(WorkerProperties):
    """The worker's settings; make them with :meth:`load`."""

    passed_on: ClassVar[tuple[str, ...]] = ()
    """Prefixes whose properties are passed on as they are."""

    _written: dict[str, str] = PrivateAttr(default_factory=dict)
    _clients: Clients = PrivateAttr(default_factory=Clients)
    _unused: Unused = PrivateAttr(default_factory=Unused)
    _resolver: Resolver = PrivateAttr(default_factory=Resolver)

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> Self:
        """The settings in the file at ``path``, if any, overruled by ``CONNECT_…`` variables.

        Raises:
            ConfigError: The file cannot be read, or values are at fault; with every fault at once, each
                under the name the user wrote, a property or a variable.
        """
        written = read_properties(path) if path else {}
        return cls.of(written, environ, source=str(path) if path else "the environment")

    @classmethod
    def of(
        cls, properties: Mapping[str, str], environ: Mapping[str, str], *, source: str = "the environment"
    ) -> Self:
        """As :meth:`load`, of properties that are read already; ``source`` names them in errors."""
        written = Source.of(properties, environ, source)
        resolver, faults = written.resolver()
        resolution = resolver.resolve(written.referring())
        found = written.with_values(resolution.values)
        clients = Clients.of(found.values)
        problems = [
            *clients.problems(found),
            *found.under_prefix("", list(converter_problems(found.values))),
        ]
        try:
            settings = cls(**found.fields(cls.names()))  # type: ignore[arg-type]  # names and types are pydantic's
        except ValidationError as error:
            problems = [*value_problems(error, found, cls), *problems]
        if problems or resolution.problems or faults:
            raise ConfigError(found.concealed(problems, resolution, faults), source=found.name)
        settings._written, settings._clients, settings._resolver = found.values, clients, resolver
        settings._unused = Unused.of(found, clients, cls.names(), cls.passed_on)
        return settings

    def below(self, prefix: str) -> dict[str, str]:
        """All properties below ``prefix``, without it; may hold secrets."""
        return with_prefix(self._written, prefix)

    @property
    def unknown(self) -> dict[str, str | None]:
        """Properties, as written, that nobody knows, each with what was probably meant, written alike."""
        return self._unused.unknown

    @property
    def ignored(self) -> dict[str, str]:
        """Kafka Connect's properties, as written, that have no effect here, each with the reason."""
        return self._unused.ignored

    @property
    def worker_id(self) -> str:
        """The advertised ``host:port``, as statuses name the worker."""
        first = self.listeners[0]
        host = self.rest_advertised_host_name or ("" if first.host in _EVERY_INTERFACE else first.host)
        port = first.port if self.rest_advertised_port is None else self.rest_advertised_port
        return f"{bracketed(host or socket.gethostname())}:{port}"

    def client_config(self) -> dict[str, str]:
        """How the worker's own Kafka clients connect, in librdkafka's names; holds secrets."""
        return {"bootstrap.servers": self.bootstrap_servers, **self._clients.worker.config}

    def consumer_config(self) -> dict[str, str]:
        """How the consumers of tasks connect and read, in librdkafka's names; holds secrets.

        The worker's own way to connect, overlaid by ``consumer.*``. With ``consumer.bootstrap.servers``
        the tasks read another cluster: its credentials must be given there, the worker's stay away.
        """
        elsewhere = "bootstrap.servers" in self._clients.consumer.config
        return overlaid({} if elsewhere else self.client_config(), self._clients.consumer.config)

    def producer_config(self) -> dict[str, str]:
        """What the producers of dead letter queues have beyond that of consumers: ``producer.*``."""
        return dict(self._clients.producer.config)

    def https_config(self) -> dict[str, str]:
        """The options of TLS on REST listeners, without ``listeners.https.``; holds secrets."""
        return with_prefix(self._written, HTTPS)

    def converter_class(self, role: Role) -> str:
        """The worker's converter, as the operator named it."""
        match role:
            case "key":
                return self.key_converter
            case "value":
                return self.value_converter
            case "header":
                return self.header_converter

    def converter_config(self, role: Role) -> dict[str, str]:
        """The sub-keys of the worker's converter, without their prefix; may hold secrets."""
        return with_prefix(self._written, f"{role}.converter.")

    def aws_connection(self, name: str) -> NoReturn:
        """Settings alone keep no connections; raises ConfigError."""
        raise ConfigError.of(
            "aws.connection",
            f"{name} cannot be looked up: named connections are off, set the worker property"
            " aws.connections.directory",
        )

    @property
    def bounds(self) -> Bounds:
        """Where options of connectors may lead."""
        return Bounds(self.connectors_allowed_hosts, self.connectors_allowed_paths)

    @property
    def override_policy(self) -> OverridePolicy:
        """What connectors may say of their Kafka clients."""
        allowlist = frozenset(self.connector_client_config_override_allowlist)
        return OverridePolicy(self.connector_client_config_override_policy, allowlist)

    @property
    def resolver(self) -> Resolver:
        """The config providers."""
        return self._resolver

    def resolve(self, options: Mapping[str, str]) -> Resolution:
        """Options of a connector with values in the place of references; blocks."""
        return self._resolver.resolve(options)
