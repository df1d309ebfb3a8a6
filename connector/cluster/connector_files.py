"""Connectors that REST made or changed, as JSON files in a directory of the worker's own.

A file is what ``connector standalone`` takes, and ``POST /connectors``: name, config, initial state.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from connector import logs
from connector.aws.named import slug
from connector.cluster.atomic_file import beside, prepare, replace, synchronise
from connector.cluster.request_error import FailedError
from connector.config.files import INITIAL_STATES, read_submission
from connector.error_codes import ErrorCode
from connector.errors import ConfigError
from connector.runtime.state import TargetState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.config.schema import RawConfig

log = logs.get(__name__)

PROPERTY = "connectors.directory"
_SHOWN_STATES = {state: name for name, state in INITIAL_STATES.items()}


@dataclass(frozen=True, slots=True)
class StoredConnector:
    """A connector as it was last acknowledged; holds secrets."""

    name: str
    config: RawConfig = field(repr=False)
    target_state: TargetState = TargetState.STARTED


class ConnectorDirectory:
    """One file per connector. All methods block, if only for a disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the directory if it is not there; raises ConfigError if it cannot be used."""
        try:
            prepare(self._folder)
        except OSError as error:
            raise ConfigError.of(
                PROPERTY,
                f"{self._folder} cannot be used ({error.strerror}): give the worker's user"
                f" (uid {os.getuid()}) a directory of its own that it may write to; in a container, a volume",
                code=ErrorCode.DIRECTORY_UNUSABLE,
            ) from error

    def load(self) -> list[StoredConnector]:
        """All connectors by name; a file that is damaged is logged, and stays where it is."""
        return sorted(self._readable(), key=lambda stored: stored.name)

    def write(self, stored: StoredConnector) -> None:
        """Raises FailedError."""
        document: dict[str, Any] = {
            "name": stored.name,
            "initial_state": _SHOWN_STATES[stored.target_state],
            "config": stored.config,
        }
        path = self._path(stored.name)
        try:
            replace(path, orjson.dumps(document, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise _broken(path, error) from error

    def remove(self, name: str) -> None:
        """No file is fine; raises FailedError."""
        path = self._path(name)
        try:
            beside(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            synchronise(self._folder)
        except OSError as error:
            raise _broken(path, error) from error

    def _readable(self) -> Iterator[StoredConnector]:
        for path in sorted(self._folder.glob("*.json")):
            try:
                found = read_submission(path)
            except ConfigError as error:
                log.error("stored connector cannot be read", error=error)  # noqa: TRY400 - it names the file
                continue
            name = found.config.get("name", "")
            if path != self._path(name):
                reason = "it holds another connector than its name says: it was renamed or copied; remove it"
                log.error("stored connector is not used", file=str(path), connector=name, reason=reason)
                continue
            yield StoredConnector(name, found.config, found.initial_state)

    def _path(self, name: str) -> Path:
        """Safe for any name: legible, not too long, and unique also where case makes no difference."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{slug(name)}.{digest}.json"


def _broken(path: Path, error: OSError) -> FailedError:
    told = f"{path} cannot be written: {error.strerror}; the connector is as it was before"
    return FailedError(told, code=ErrorCode.DIRECTORY_UNUSABLE)
