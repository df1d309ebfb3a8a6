"""What connectors take from their worker: its properties, and its named connections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.aws.overlay import overlay
from connector.cluster.connections import ConnectionDirectory
from connector.cluster.refusal import ConnectionRefusal, UnknownConnectionError
from connector.config.suggest import did_you_mean
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from connector.aws.named import NamedConnection
    from connector.cluster.connections import ConnectionStore
    from connector.config.bounds import Bounds
    from connector.config.override import OverridePolicy
    from connector.config_providers.resolver import Resolution
    from connector.runtime.blueprint import Role
    from connector.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Defaults:
    """The worker's settings and the connections that are stored.

    Attributes:
        settings: The worker's.
        store: None if named connections are off.
        candidate: Stands for the stored connection of its name: is it fit for those who use it?
        elsewhere: The roles of other workers, of which one could run the connector, too.
    """

    settings: WorkerSettings
    store: ConnectionStore | None = None
    candidate: NamedConnection | None = None
    elsewhere: Sequence[Collection[str]] = ()

    def __post_init__(self) -> None:
        self.settings.resolver.use_connections(self._connection_options)

    def converter_class(self, role: Role) -> str:
        return self.settings.converter_class(role)

    def converter_config(self, role: Role) -> Mapping[str, str]:
        return self.settings.converter_config(role)

    @property
    def bounds(self) -> Bounds:
        return self.settings.bounds

    @property
    def override_policy(self) -> OverridePolicy:
        return self.settings.override_policy

    def resolve(self, options: Mapping[str, str]) -> Resolution:
        return self.settings.resolve(options)

    def aws_connection(self, name: str) -> NamedConnection:
        """Raises ConfigError if it is not there, or not for this worker."""
        if self.store is None:
            self.settings.aws_connection(name)
        elif self.candidate is not None and self.candidate.name == name:
            connection = self.candidate
        else:
            connection = _stored(self.store, name)
        connection.check_usable(self._roles(connection.definition.required_roles))
        return connection

    def _connection_options(self, name: str, own: Mapping[str, str]) -> Mapping[str, str]:
        both = overlay(self.aws_connection(name), {key: own[key] for key in own if key != "aws.connection"})
        resolution = self.resolve({key: both.options[key] for key in both.inherited})
        if problems := [*both.problems, *resolution.problems]:
            raise ConfigError(problems)
        return {**both.options, **resolution.values}

    def _roles(self, required: Collection[str]) -> Collection[str]:
        """Of a worker that has what is required, if there is one."""
        here = self.settings.worker_roles
        return next((roles for roles in self.elsewhere if set(required) <= set(roles)), here)


def connection_store(settings: WorkerSettings) -> ConnectionDirectory | None:
    """The store that the worker's properties name."""
    folder = settings.aws_connections_directory
    return None if folder is None else ConnectionDirectory(Path(folder))


def _stored(store: ConnectionStore, name: str) -> NamedConnection:
    try:
        return store.read(name)
    except UnknownConnectionError:
        names = _names(store)
        raise ConfigError.of(
            "aws.connection",
            f"There is no connection {name}.{did_you_mean(name, names)} Create it, or correct the name.",
        ) from None
    except ConnectionRefusal as error:
        raise ConfigError.of("aws.connection", str(error)) from error


def _names(store: ConnectionStore) -> list[str]:
    try:
        return [connection.name for connection in store.all().connections]
    except ConnectionRefusal:
        return []
