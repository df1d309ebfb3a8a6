"""Which connectors of the cluster use a named connection, and how this worker's go on with a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.named import Status
from connector.cluster.connection_service import ConnectionUser
from connector.cluster.refusal import ConnectionRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from connector.aws.named import NamedConnection
    from connector.cluster.connections import ConnectionStore
    from connector.cluster.follower import Follower
    from connector.config.schema import RawConfig
    from connector.runtime.blueprint import Blueprint

    DrawWith = Callable[[RawConfig, NamedConnection], Coroutine[Any, Any, Blueprint]]


class ClusterConnectionUsers:
    """The cluster's :class:`~connector.cluster.connection_service.ConnectionUsers`.

    Args:
        follower: Knows the connectors, and runs this worker's share of them.
        store: The connections.
        draw: Makes a blueprint of a config with this connection, or raises ConfigError.
    """

    def __init__(self, follower: Follower, store: ConnectionStore, draw: DrawWith) -> None:
        self._follower = follower
        self._store = store
        self._draw = draw

    def users(self, name: str) -> list[ConnectionUser]:
        """All connectors of the cluster; of those that run elsewhere the version is not behind.

        One that should run here and does not, since the connection was at fault, runs with no version.
        """
        latest = self._version_of(name)
        found = []
        for connector in self._follower.configs.connectors:
            share = self._follower.shares.get(connector)
            used = share.blueprint.connections if share and share.blueprint else {}
            if name not in {*used, *self._follower.caretaker.connections_of(connector)}:
                continue
            tasks = tuple(range(self._follower.caretaker.tasks_of(connector)))
            waits = share is not None and share.blueprint is None and bool(share.wish.tasks)
            found.append(ConnectionUser(connector, tasks, used.get(name, 0 if waits else latest)))
        return found

    async def check_fit(self, connection: NamedConnection) -> None:
        stored = self._follower.configs.connectors
        for config in [dict(stored[user.connector].config) for user in self.users(connection.name)]:
            await self._draw(config, connection)

    async def pick_up(self, connector: str) -> None:
        if share := self._follower.shares.get(connector):
            share.redraw()

    def pick_up_ready(self, name: str) -> None:
        """What another worker has found to be READY; what this one validates it picks up by itself."""
        try:
            connection = self._store.read(name)
        except ConnectionRefusal:
            return
        if connection.status is not Status.READY:
            return
        for user in self.users(name):
            if user.version < connection.version:
                self._follower.shares[user.connector].redraw()

    def roles_of(self, connection: str) -> frozenset[str]:
        """Those that it requires; none if there is no such connection."""
        try:
            return frozenset(self._store.read(connection).definition.required_roles)
        except ConnectionRefusal:
            return frozenset()

    def _version_of(self, connection: str) -> int:
        try:
            return self._store.read(connection).version
        except ConnectionRefusal:
            return 0
