"""The objects in which the commits of a partition keep what does not fit into Kafka."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, NamedTuple

from connector import logs
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.ledger.state import UploadState
    from connector.sinks.s3.store import ObjectStore

log = logs.get(__name__)


class StatePlace(NamedTuple):
    """Where a state object is; without a key there is none, without a bucket it is the configured one.

    Attributes:
        key: Of the object.
        bucket: Where it is.
        sha256: Of its content.
        later: Uploads that the commit names beside those in the object.
    """

    key: str = ""
    bucket: str = ""
    sha256: str = ""
    later: tuple[UploadState, ...] = ()


class StateObjects:
    """Those of one partition under one assignment.

    Attributes:
        place: Of the commit that was accepted last.
    """

    def __init__(self, store: ObjectStore, context: SinkContext, prefix: str) -> None:
        """Args: ``prefix`` is what their names begin with."""
        self._store = store
        self._context = context
        self._prefix = prefix
        self.place = StatePlace()
        self._deletes = True

    async def read(self) -> bytes | None:
        """What is kept for the commit that was accepted last; None if it is not there."""
        return await self._store.get_state(self.place.key, self.place.bucket)

    async def write(self, content: bytes) -> StatePlace:
        """Store it under a name that is used once; a commit may point to it from here on."""
        key = f"{self._prefix}{uuid.uuid4().hex}"
        await self._store.put_state(key, content)
        return StatePlace(key, sha256=hashlib.sha256(content).hexdigest())

    def follow(self, place: StatePlace) -> None:
        """The commit that points there is accepted: delete, in the background, what the one before needed."""
        before, self.place = self.place, place
        if before.key and before.key != place.key and self._deletes:
            self._context.spawn(self._delete(before))

    async def _delete(self, place: StatePlace) -> None:
        try:
            await self._store.delete_state(place.key, place.bucket)
        except ConnectorError as error:
            self._deletes = False
            log.info("state objects are left to a lifecycle rule", key=place.key, error=str(error))
