"""Where named connections are kept: the interface, and a directory with one JSON file per connection.

The files hold secrets in clear, so they are readable by the worker's user alone (0600 in 0700). A file is
replaced as a whole or not at all: written beside, synchronised, renamed. Writers, also of several
processes, take turns by a lock, and write only over the version that they know.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from connector import logs
from connector.aws.named import NamedConnection, slug
from connector.cluster.atomic_file import beside, prepare, replace, synchronise
from connector.cluster.refusal import (
    ConnectionChangedError,
    ConnectionExistsError,
    ConnectionLimitError,
    ConnectionsTimedOutError,
    ConnectionStoreError,
    UnknownConnectionError,
)
from connector.error_codes import ErrorCode
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logs.get(__name__)

MOST_CONNECTIONS = 100
LOCK_SECONDS = 10.0
_POLL_SECONDS = 0.02
_PROPERTY = "aws.connections.directory"
_LOCK = ".lock"
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Damaged:
    """A stored connection that cannot be read; ``where`` names it for the operator."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All connections by name, and what cannot be read."""

    connections: tuple[NamedConnection, ...]
    damaged: tuple[Damaged, ...] = ()


class ConnectionStore(Protocol):
    """Keeps connections. All methods block, if only for a disk; each is whole or has no effect.

    Every method raises ConnectionStoreError if the store or the connection is damaged, and those that
    write ConnectionsTimedOutError if their turn does not come.
    """

    def read(self, name: str) -> NamedConnection:
        """Raises UnknownConnectionError."""
        ...

    def all(self) -> Listing: ...

    def create(self, connection: NamedConnection) -> None:
        """Raises ConnectionExistsError or ConnectionLimitError."""
        ...

    def replace(self, connection: NamedConnection, version: int) -> None:
        """Write over this version; raises ConnectionChangedError or UnknownConnectionError without it."""
        ...

    def delete(self, name: str) -> None:
        """Also what is damaged; raises UnknownConnectionError."""
        ...


class ConnectionDirectory:
    """One JSON file per connection; see the module."""

    def __init__(self, folder: Path, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._folder = folder
        self._lock_seconds = lock_seconds

    def prepare(self) -> None:
        """Make the directory if it is not there.

        Raises:
            ConfigError: It cannot be made or read.
        """
        try:
            prepare(self._folder)
        except OSError as error:
            raise ConfigError.of(
                _PROPERTY,
                f"{self._folder} cannot be used ({error.strerror}): give the worker's user"
                f" (uid {os.getuid()}) a directory of its own that it may write to; in a container, a volume",
                code=ErrorCode.DIRECTORY_UNUSABLE,
            ) from error
        if self._folder.stat().st_mode & _OTHERS:
            log.warning("other users can reach the directory of named connections", folder=str(self._folder))

    def read(self, name: str) -> NamedConnection:
        return self._read(self._path(name), name)

    def all(self) -> Listing:
        found: list[NamedConnection] = []
        damaged: list[Damaged] = []
        for path in self._paths():
            try:
                found.append(self._read(path, path.name))
            except UnknownConnectionError:
                continue  # deleted meanwhile
            except ConnectionStoreError as error:
                damaged.append(Damaged(str(path), str(error)))
        return Listing(tuple(sorted(found, key=lambda connection: connection.name)), tuple(damaged))

    def create(self, connection: NamedConnection) -> None:
        path = self._path(connection.name)
        with self._lock():
            if path.exists():
                raise ConnectionExistsError(f"Connection {connection.name} already exists")
            if len(self._paths()) >= MOST_CONNECTIONS:
                raise ConnectionLimitError(
                    f"There are {MOST_CONNECTIONS} connections already, which is the most: delete one first"
                )
            self._write(path, connection)

    def replace(self, connection: NamedConnection, version: int) -> None:
        path = self._path(connection.name)
        with self._lock():
            stored = self._read(path, connection.name)
            # Versions begin anew when a name is deleted and taken again, also by another worker; ids do not.
            is_another = stored.generated_external_id != connection.generated_external_id
            if is_another or stored.version != version:
                raise ConnectionChangedError(
                    f"Connection {connection.name} was changed by somebody else meanwhile: look at it, then"
                    " repeat"
                )
            self._write(path, connection)

    def delete(self, name: str) -> None:
        with self._lock():
            path = self._path(name)
            self._remove(beside(path), missing_ok=True)  # secrets that a crash left
            try:
                self._remove(path)
            except FileNotFoundError:
                raise _unknown(name) from None
            synchronise(self._folder)

    # ---- files ----

    def _path(self, name: str) -> Path:
        """Safe for any name: legible, not too long, and unique also where case makes no difference."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{slug(name)}.{digest}.json"

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if _is_connection(path))
        except OSError as error:
            raise _broken(self._folder, error) from error

    def _read(self, path: Path, name: str) -> NamedConnection:
        try:
            connection = msgspec.json.decode(path.read_bytes(), type=NamedConnection)
        except FileNotFoundError:
            raise _unknown(name) from None
        except OSError as error:
            raise _broken(path, error) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # Neither quotes what it read, which may be a secret; a trace would hold it.
            reason = f"{path} is damaged ({error}): restore it, or delete the connection and create it anew"
            raise ConnectionStoreError(reason) from None
        if path != self._path(connection.name):
            raise ConnectionStoreError(
                f"{path} holds another connection than its name says ({connection.name}): it was renamed or"
                " copied; remove it"
            )
        return connection

    def _write(self, path: Path, connection: NamedConnection) -> None:
        try:
            replace(path, msgspec.json.format(msgspec.json.encode(connection), indent=2))
        except OSError as error:
            raise _broken(path, error) from error

    def _remove(self, path: Path, *, missing_ok: bool = False) -> None:
        try:
            path.unlink(missing_ok=missing_ok)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _broken(path, error) from error

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _broken(self._folder, error) from error
        try:
            self._acquire(descriptor)
            yield
        finally:
            os.close(descriptor)  # which lets go of the lock

    def _acquire(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._lock_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ConnectionsTimedOutError(
                        f"{self._folder} is being written by another process for more than"
                        f" {self._lock_seconds:g} s: try again later"
                    ) from None
                time.sleep(_POLL_SECONDS)
            else:
                return


def _is_connection(path: Path) -> bool:
    return path.suffix == ".json" and not path.name.startswith(".")


def _unknown(name: str) -> UnknownConnectionError:
    return UnknownConnectionError(f"Connection {name} not found")


def _broken(path: Path, error: OSError) -> ConnectionStoreError:
    return ConnectionStoreError(f"{path} cannot be used: {error.strerror}")
