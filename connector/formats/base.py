"""The format contract: columns in, bytes out; compression and objects are somebody else's.

Text formats are a ``head``, encoded batches with a ``separator`` between them, and a ``tail``: they implement
:meth:`Format.encode` and nothing else. A format whose objects have one schema, or a footer, gives encoders
of its own (:meth:`Format.encoder`) and bodies that keep what cannot be written yet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.formats.fields import OutputFields
    from connector.record import RecordBatch


_COLUMN_OF = {
    "key": "keys",
    "value": "values",
    "offset": "offsets",
    "timestamp": "timestamps",
    "headers": "headers",
}


class Piece(NamedTuple):
    """Encoded records that can be in one object.

    Attributes:
        data: For the body of that object; bytes for text formats, else what the format likes.
        records: The records that it was made of.
    """

    data: Any
    records: RecordBatch


class Body(ABC):
    """The content of one object, as it comes to be. For one thread at a time."""

    @property
    def held_bytes(self) -> int:
        """Bytes of memory for records that were taken and not given back yet."""
        return 0

    @property
    def raw_bytes(self) -> int:
        """Those bytes as they were when they were taken."""
        return self.held_bytes

    @property
    def loose_bytes(self) -> int:
        """Of the held bytes those that :meth:`shrink` makes fewer."""
        return 0

    @property
    def overhead_bytes(self) -> int:
        """Bytes of memory beside these, for what writes the object."""
        return 0

    def shrink(self) -> Sequence[bytes]:
        """Memory is short: hold fewer bytes, or give them out though they would be laid out better later."""
        return ()

    def takes(self, data: Any) -> bool:  # noqa: ARG002 - most formats take anything
        """Whether these encoded records may follow; if not they need an object of their own."""
        return True

    def resume(self) -> None:
        """The object has records already, whose bytes are elsewhere; only where ``Format.resumes``."""
        raise NotImplementedError

    @abstractmethod
    def append(self, data: Any) -> Sequence[bytes]:
        """Take the data of one piece.

        Returns:
            What the object goes on with, in as many pieces as saves a copy; it may be empty or lag behind.
        """

    @abstractmethod
    def finish(self) -> bytes:
        """The rest of the object, at least one piece having been appended."""


class Encoder(ABC):
    """Encodes the batches of one partition, in order; may remember what schema it has seen there."""

    @abstractmethod
    def encode(self, batch: RecordBatch) -> list[Piece]:
        """A non-empty batch in pieces; runs in a thread, one call at a time.

        Raises:
            BatchError: Names every record that this format cannot express; nothing was taken.
        """

    def encode_parts(self, batch: RecordBatch, parts: Sequence[RecordBatch]) -> list[list[Piece]]:  # noqa: ARG002 - for those who encode it as a whole
        """The parts of a batch that go into different objects, each in pieces; else as :meth:`encode`.

        Args:
            batch: All of it.
            parts: Records of it, each in one part at most.
        """
        return [self.encode(part) for part in parts]

    @abstractmethod
    def begin(self) -> Body:
        """The body of a new object."""


class Format:
    """A format whose objects are ``head + separator.join(encoded batches) + tail``, unless it says otherwise.

    One instance serves a whole task, in several threads at once: state belongs into encoders and bodies.
    """

    head: ClassVar[bytes] = b""
    separator: bytes = b"\n"
    tail: ClassVar[bytes] = b""
    suffix: ClassVar[str] = ""
    """What the default object name gets before the compression's suffix."""
    content_type: ClassVar[str] = "application/octet-stream"
    """The media type of an object that is not compressed as a whole."""
    resumes: ClassVar[bool] = True
    """Bytes that were given out can be gone on with by somebody else; not so where an object has a footer."""
    compresses: ClassVar[bool] = False
    """Compression is inside of the format, and its objects are not compressed again."""

    def __init__(self, fields: OutputFields) -> None:
        self.fields = fields

    @property
    def ending(self) -> bytes:
        """What an object ends with."""
        return self.separator if self.fields.ends_lines and not self.tail else self.tail

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that encoding looks at."""
        return frozenset(_COLUMN_OF[name] for name in self.fields.names)

    def encode(self, batch: RecordBatch) -> bytes:
        """The records of a non-empty batch, joined by the separator, without head and tail.

        Text formats implement this; the others implement :meth:`encoder`.

        The bytes may be empty although there is a record: a lone null in csv.

        Raises:
            BatchError: Names every record that this format cannot express; no bytes are produced.
        """
        raise NotImplementedError

    def encoder(self) -> Encoder:
        """What encodes one partition."""
        return _TextEncoder(self)


class _TextEncoder(Encoder):
    def __init__(self, format_: Format) -> None:
        self._format = format_

    def encode(self, batch: RecordBatch) -> list[Piece]:
        return [Piece(self._format.encode(batch), batch)]

    def begin(self) -> Body:
        return _TextBody(self._format)


class _TextBody(Body):
    def __init__(self, format_: Format) -> None:
        self._format = format_
        self._is_empty = True

    def resume(self) -> None:
        self._is_empty = False

    def append(self, data: bytes) -> Sequence[bytes]:
        before = self._format.head if self._is_empty else self._format.separator
        self._is_empty = False
        return before, data

    def finish(self) -> bytes:
        return self._format.ending
