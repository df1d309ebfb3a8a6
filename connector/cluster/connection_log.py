"""Named connections in the config topic: every worker has them, and of two changes at once one is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from connector.aws.named import NamedConnection
from connector.cluster.config_records import connection_entry, connection_key
from connector.cluster.connections import MOST_CONNECTIONS, Damaged, Listing
from connector.cluster.contest import write_contested
from connector.cluster.log import WRITE_SECONDS, LogError
from connector.cluster.refusal import (
    ConnectionChangedError,
    ConnectionExistsError,
    ConnectionLimitError,
    ConnectionsTimedOutError,
    ConnectionStoreError,
    UnknownConnectionError,
)

if TYPE_CHECKING:
    from connector.cluster.config_state import ConfigState, StoredConnection
    from connector.cluster.log import TopicLog

_ANSWER_SECONDS = 2 * WRITE_SECONDS


class ConnectionLog:
    """A :class:`~connector.cluster.connections.ConnectionStore`; its methods block, and run on threads.

    Args:
        log: The config topic.
        state: What it says, kept up on the event loop.
    """

    def __init__(self, log: TopicLog, state: ConfigState) -> None:
        self._log = log
        self._state = state
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """From the event loop that the log is followed on."""
        self._loop = asyncio.get_running_loop()

    def read(self, name: str) -> NamedConnection:
        return self._decoded(name, self._stored(name))

    def all(self) -> Listing:
        found: list[NamedConnection] = []
        damaged: list[Damaged] = []
        for name, stored in sorted(self._state.connections.items()):
            try:
                found.append(self._decoded(name, stored))
            except ConnectionStoreError as error:
                damaged.append(Damaged(connection_key(name), str(error)))
        return Listing(tuple(found), tuple(damaged))

    def create(self, connection: NamedConnection) -> None:
        if connection.name in self._state.connections:
            raise ConnectionExistsError(f"Connection {connection.name} already exists")
        if len(self._state.connections) >= MOST_CONNECTIONS:
            raise ConnectionLimitError(
                f"There are {MOST_CONNECTIONS} connections already, which is the most: delete one first"
            )
        if not self._write(connection.name, connection):
            raise ConnectionExistsError(f"Connection {connection.name} already exists")

    def replace(self, connection: NamedConnection, version: int) -> None:
        stored = self.read(connection.name)
        is_another = stored.generated_external_id != connection.generated_external_id
        if is_another or stored.version != version or not self._write(connection.name, connection):
            raise ConnectionChangedError(
                f"Connection {connection.name} was changed by somebody else meanwhile: look at it, then"
                " repeat"
            )

    def delete(self, name: str) -> None:
        self._stored(name)
        self._write(name, None)

    def _stored(self, name: str) -> StoredConnection:
        stored = self._state.connections.get(name)
        if stored is None:
            raise UnknownConnectionError(f"Connection {name} not found")
        return stored

    def _decoded(self, name: str, stored: StoredConnection) -> NamedConnection:
        try:
            return msgspec.json.decode(stored.document, type=NamedConnection)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConnectionStoreError(
                f"{connection_key(name)} in the config topic is damaged ({error}): delete the connection and"
                " create it anew"
            ) from None

    def _write(self, name: str, connection: NamedConnection | None) -> bool:
        """Whether it counts; False if somebody else was faster."""
        assert self._loop is not None  # noqa: S101 - started
        document = None if connection is None else msgspec.json.encode(connection)
        key = connection_key(name)
        entry = connection_entry(name, document, self._state.base_of(key))
        try:
            return asyncio.run_coroutine_threadsafe(
                write_contested(self._log, self._state, entry), self._loop
            ).result(_ANSWER_SECONDS)
        except TimeoutError:
            raise ConnectionsTimedOutError("Kafka did not answer: look at its brokers, then repeat") from None
        except LogError as error:
            raise ConnectionStoreError(str(error)) from error
