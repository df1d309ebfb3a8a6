"""The format contract: columns in, bytes out; compression and objects are somebody else's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from connector.formats.fields import OutputFields
    from connector.record import RecordBatch


_COLUMN_OF = {
    "key": "keys",
    "value": "values",
    "offset": "offsets",
    "timestamp": "timestamps",
    "headers": "headers",
}


class Format(ABC):
    """A format whose objects are ``head + separator.join(encoded batches) + tail``.

    Encoding runs in threads and keeps no state, so one instance serves a whole task.
    """

    head: ClassVar[bytes] = b""
    separator: ClassVar[bytes] = b"\n"
    tail: ClassVar[bytes] = b""
    suffix: ClassVar[str] = ""
    """What the default object name gets before the compression's suffix."""

    def __init__(self, fields: OutputFields) -> None:
        self.fields = fields

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a batch that encoding looks at."""
        return frozenset(_COLUMN_OF[name] for name in self.fields.names)

    @abstractmethod
    def encode(self, batch: RecordBatch) -> bytes:
        """The records of a non-empty batch, joined by the separator, without head and tail.

        The bytes may be empty although there is a record: a lone null in csv.

        Raises:
            BatchError: Names every record that this format cannot express; no bytes are produced.
        """
