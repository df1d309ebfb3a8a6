"""Message attributes from headers and from the record's place: names, types, how many, how they count.

Rules of SQS (developer guide, "Amazon SQS message attributes") and SNS ("Amazon SNS message attributes"),
which are the same but for the type String.Array: names of up to 256 letters, digits, ``_``, ``-`` and ``.``,
not beginning with ``AWS.`` or ``Amazon.``, without a dot at an end or two in a row; values that are not
empty, and as text hold only the characters of a body; ten at most (SNS takes more, but drops such a message
on raw delivery to SQS).
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from connector.sinks.messaging.characters import is_legal
from connector.sinks.variable import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.record import RecordBatch

MOST = 10
METADATA = ("topic", "partition", "offset", "timestamp", "key")
STRING, NUMBER, BINARY, ARRAY = "String", "Number", "Binary", "String.Array"
TYPES = (STRING, NUMBER, BINARY, ARRAY)
_NUMERIC = frozenset({"partition", "offset", "timestamp"})
_LEGAL_NAME = re.compile(r"(?!(?:aws|amazon)\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE)
_LEGAL_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class Attribute(NamedTuple):
    """A message attribute; ``value`` is bytes of the type Binary, else text."""

    name: str
    type: str
    value: str | bytes

    @property
    def size_bytes(self) -> int:
        """As SQS and SNS count it: name, type and value."""
        value = self.value if isinstance(self.value, bytes) else self.value.encode()
        return len(self.name.encode()) + len(self.type) + len(value)


class Attributes:
    """Makes the attributes of each record of a batch."""

    def __init__(
        self, metadata: Sequence[str], headers: Sequence[str], types: Mapping[str, str], *, drops: bool
    ) -> None:
        """Prepare; raises nothing.

        Args:
        metadata: Which of ``METADATA`` become attributes ``kafka.topic`` and so on.
        headers: Patterns of the names of headers that do, e.g. ``trace-*``.
        types: Of headers by name; String if absent.
        drops: What cannot be an attribute is left out; else it fails its record.
        """
        self._metadata = metadata
        self._headers = headers
        self._types = types
        self._drops = drops

    @property
    def columns(self) -> set[str]:
        named = {"key": "keys", "timestamp": "timestamps"}
        found = {named[name] for name in self._metadata if name in named}
        return found | {"headers"} if self._headers else found

    @property
    def is_empty(self) -> bool:
        return not self._metadata and not self._headers

    def of(self, batch: RecordBatch, index: int) -> tuple[list[Attribute], str | None]:
        """The attributes of one record, and why it must fail, if it must."""
        found: dict[str, Attribute] = {}
        fault: str | None = None
        for name, type_, value in self._candidates(batch, index):
            reason = _fault(name, type_, value) or (
                f"there are more than {MOST} attributes" if len(found) == MOST and name not in found else None
            )
            if reason is None and value is not None:
                found[name] = Attribute(name, type_, value)
            elif reason is not None and not self._drops:
                fault = fault or reason
        return list(found.values()), fault

    def _candidates(self, batch: RecordBatch, index: int) -> Iterator[tuple[str, str, str | bytes | None]]:
        for name in self._metadata:
            value = _metadata(batch, index, name)
            if value is not None:
                yield f"kafka.{name}", NUMBER if name in _NUMERIC else STRING, value
        if not self._headers:
            return
        for name, value in batch.headers[index] or ():
            if any(fnmatchcase(name, pattern) for pattern in self._headers):
                type_ = self._types.get(name, STRING)
                yield name, type_, value if type_ == BINARY and isinstance(value, bytes) else text_of(value)


def _metadata(batch: RecordBatch, index: int, name: str) -> str | None:
    match name:
        case "topic":
            return batch.topic
        case "partition":
            return str(batch.topic_partition.partition)
        case "offset":
            return str(batch.offsets[index])
        case "timestamp":
            return text_of(batch.timestamps[index])
    return text_of(batch.keys[index])


def _fault(name: str, type_: str, value: str | bytes | None) -> str | None:
    if not _LEGAL_NAME.fullmatch(name):
        return f"the header {name!r} cannot name an attribute"
    if not value:
        return f"the header {name} is empty, and attributes are not"
    if type_ != BINARY and isinstance(value, str) and not is_legal(value.encode(errors="replace")):
        return f"the header {name} holds characters that the service refuses"
    if type_ == NUMBER and not (isinstance(value, str) and _LEGAL_NUMBER.fullmatch(value)):
        return f"the header {name} is no number"
    if type_ == ARRAY and not _is_array(value):
        return f"the header {name} is no JSON array of texts, numbers, booleans and nulls"
    return None


def _is_array(value: str | bytes) -> bool:
    """SNS developer guide, "Amazon SNS message attributes", String.Array."""
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, ValueError):
        return False
    return isinstance(found, list) and not any(isinstance(item, list | dict) for item in found)


def parse_types(pairs: Sequence[str]) -> dict[str, str]:
    """``name:Type`` pairs; raises ValueError."""
    types: dict[str, str] = {}
    for pair in pairs:
        name, _, type_ = pair.rpartition(":")
        if not name or type_ not in TYPES:
            raise ValueError(f"{pair} should be NAME:TYPE, with one of the types {', '.join(TYPES)}")
        types[name] = type_
    return types
