"""One object on its way to S3: parts go out while it still fills; a small one goes as a single PutObject."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sinks.base import SinkContext
    from connector.sinks.s3.attributes import Origin
    from connector.sinks.s3.ledger.state import Clock, Span
    from connector.sinks.s3.part import Part
    from connector.sinks.s3.store import ObjectStore

MAXIMUM_PARTS = 10_000
_ABORT_SECONDS = 5.0


class ObjectUpload:
    """The upload of one object; nothing is visible under its key before :meth:`finished` returns.

    Failures of parts fail the task through ``context.spawn`` and :meth:`finished` alike, so a truncated
    object cannot be completed.
    """

    def __init__(
        self,
        key: str,
        store: ObjectStore,
        context: SinkContext,
        on_part: Callable[[], None],
        origin: Origin,
    ) -> None:
        """Args: ``on_part`` is called for every part that S3 has taken."""
        self.key = key
        self._origin = origin
        self._size_bytes = 0
        self.in_flight_bytes = 0
        self._store = store
        self._context = context
        self._on_part = on_part
        self._rest = b""
        self._creation: asyncio.Task[str] | None = None
        self._parts: list[asyncio.Task[Part]] = []

    can_add = True
    """Nobody counts part numbers but S3."""

    @property
    def is_full(self) -> bool:
        """One more part, and S3 would refuse the next."""
        return len(self._parts) >= MAXIMUM_PARTS - 1

    def add_part(self, body: bytes) -> None:
        """Send a part in the background; all but the last must have at least 5 MiB."""
        if self._creation is None:
            self._creation = self._context.spawn(self._store.create_upload(self.key, self._origin))
        self.in_flight_bytes += len(body)
        self._size_bytes += len(body)
        self._parts.append(self._context.spawn(self._send(len(self._parts) + 1, body, self._creation)))

    def took(self, span: Span, clock: Clock) -> None:
        """Nothing is told about records."""

    def close(self, rest: bytes) -> None:
        """Nothing follows but the rest, which may be empty."""
        self._rest = rest
        if self._creation is None:
            self.in_flight_bytes += len(rest)
        elif rest:
            self.add_part(rest)

    async def finished(self) -> None:
        """Make the object visible; :meth:`close` has been called."""
        if self._creation is None:
            try:
                await self._store.put_object(self.key, self._origin, self._rest)
            finally:
                self.in_flight_bytes -= len(self._rest)
            return
        parts = await asyncio.gather(*self._parts)
        upload_id = await self._creation
        await self._store.complete_upload(self.key, self._origin, upload_id, parts, self._size_bytes)

    async def abort(self) -> None:
        """Give the upload up; best effort, since what cannot be aborted a lifecycle rule removes."""
        for task in self._parts:
            task.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        if self._creation is None:
            return
        try:
            async with asyncio.timeout(_ABORT_SECONDS):
                await self._store.abort_upload(self.key, await self._creation)
        except (ConnectorError, TimeoutError, asyncio.CancelledError):
            self._creation.cancel()

    async def _send(self, number: int, body: bytes, creation: asyncio.Task[str]) -> Part:
        try:
            # Shielded: a cancelled part must not cancel the creation that abort still needs.
            upload_id = await asyncio.shield(creation)
            part = await self._store.upload_part(self.key, upload_id, number, body)
        finally:
            self.in_flight_bytes -= len(body)
        self._on_part()
        return part
