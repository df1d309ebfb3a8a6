"""An object that is being written: what it has taken, encoded and compressed, and what waits for a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from connector.formats.base import Body
    from connector.schema import Schema
    from connector.sinks.s3.compression import Compressor
    from connector.sinks.s3.ledger.state import Span
    from connector.sinks.s3.rotation import Moment
    from connector.sinks.s3.two_phase import TwoPhaseUpload
    from connector.sinks.s3.upload import ObjectUpload

_OBJECT_BYTES = 2 * 1024
"""What an object holds beside its bytes and its compressor: what is known of it here, and of its upload."""
_FEW = 3


class OpenObject:
    """An object that still takes records: encoded and compressed bytes, and the upload they go to."""

    def __init__(
        self,
        upload: ObjectUpload | TwoPhaseUpload,
        first_offset: int,
        body: Body,
        compressor: Compressor,
        opened: Moment,
    ) -> None:
        self.upload = upload
        self.first_offset = first_offset
        self.records = 0
        self.stored_bytes = 0
        self.tail_bytes = 0
        """Bytes that are ready for the next part."""
        self.has_frame = False
        """The compressor holds its tables."""
        self._raw: list[bytes] = []
        """Encoded, until it is worth a frame, so that small pieces need no tables of their own."""
        self._raw_bytes = 0
        self.opened = opened
        self.used_ms = opened.ms
        self.use = 0
        self.first_event_ms: int | None = None
        self.end_offset = first_offset
        """After its last record."""
        self.schema: Schema | None = None
        """Of its records, where that ends objects."""
        self.earlier: list[asyncio.Task[None]] = []
        """What completes earlier objects of its key."""
        self._body = body
        self._compressor = compressor
        self._frame_bytes = compressor.frame_bytes
        self._encoded_bytes = 0
        self._tail: list[bytes] = []

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for the next part, or for their place in the format."""
        return self.tail_bytes + self._raw_bytes + self._body.held_bytes

    @property
    def loose_bytes(self) -> int:
        """Of these what :meth:`condense` makes fewer."""
        return self._raw_bytes + self._body.loose_bytes

    @property
    def overhead_bytes(self) -> int:
        """Bytes of memory beside these, but for the compressor's."""
        return _OBJECT_BYTES + self._body.overhead_bytes

    @property
    def raw_bytes(self) -> int:
        """Encoded, before compression."""
        return self._encoded_bytes + self._body.raw_bytes

    @property
    def object_bytes(self) -> int:
        """After compression, as far as the compressor gave them back."""
        return self.stored_bytes + self.tail_bytes

    def takes(self, encoded: Any) -> bool:
        return self._body.takes(encoded)

    def append(self, encoded: Any, records: int) -> None:
        """Take encoded records; CPU work, for a thread."""
        self._take(self._body.append(encoded))
        self.records += records

    def end_frame(self) -> None:
        """Free the compressor's tables; what follows is compressed on its own. CPU work, for a thread."""
        self._compress()
        self._add(self._compressor.finish())
        self.has_frame = False

    def condense(self) -> None:
        """Memory is short: compress what waits to become more. CPU work, for a thread."""
        self._take(self._body.shrink())
        self.end_frame()

    def found(self, total: Span, stored_bytes: int) -> None:
        """A predecessor has written so much of it."""
        self.records = total.records
        self.end_offset = total.end
        self._encoded_bytes = total.raw_bytes
        self.stored_bytes = stored_bytes

    def resume(self, tail: bytes) -> None:
        """Go on where a predecessor ended; the tail is whole frames that it had not sent."""
        self._body.resume()
        self._add(tail)

    def end(self) -> bytes:
        """What is left to send; nothing may be appended any more. CPU work, for a thread."""
        self._take((self._body.finish(),))
        self.end_frame()
        return self.take_tail()

    def saved(self) -> bytes:
        """What waits for the next part, which stays. CPU work, for a thread."""
        self.end_frame()
        return b"".join(self._tail)

    def take_tail(self) -> bytes:
        tail = b"".join(self._tail)
        self._tail.clear()
        self.tail_bytes = 0
        self.stored_bytes += len(tail)
        return tail

    def _take(self, encoded: Sequence[bytes]) -> None:
        for ready in encoded:
            self._raw.append(ready)
            self._raw_bytes += len(ready)
            self._encoded_bytes += len(ready)
        if self._raw_bytes >= self._frame_bytes:
            self._compress()

    def _compress(self) -> None:
        if not self._raw_bytes:
            return
        # A call has a price, too; a copy of large pieces has a higher one.
        for ready in self._raw if len(self._raw) <= _FEW else (b"".join(self._raw),):
            self._add(self._compressor.compress(ready))
        self._raw.clear()
        self._raw_bytes = 0
        self.has_frame = self._frame_bytes > 0

    def _add(self, data: bytes) -> None:
        if data:
            self._tail.append(data)
            self.tail_bytes += len(data)
