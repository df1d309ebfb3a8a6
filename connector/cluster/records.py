"""What a compacted topic holds, whichever it is: keyed records whose values are JSON, as Kafka Connect's are.

Connect writes values with JsonConverter and ``schemas.enable=false``: plain JSON, and no value for what is
deleted. Keys are text. What is no record of the topic's format is damaged; nobody stops for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from connector.error_codes import ErrorCode
from connector.errors import ConnectorError

_DIGITS = 9
NOTHING = -1
"""In place of an offset: there is no such record."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record as it was read.

    Attributes:
        partition: Where it is.
        offset: Its place in the partition.
        key: None in no record of ours.
        value: None deletes what was there.
        base: The offset of the record of this key that its writer knew, NOTHING if there was none; None if
            the writer did not say, as Connect's never do.
    """

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    base: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to write; ``value`` and ``base`` as in :class:`LogRecord`."""

    key: str
    value: bytes | None
    base: int | None = None


class DamagedRecordError(ConnectorError):
    """Nobody must act at once: the record is left out, and its topic's owner may look who wrote it."""

    code = ErrorCode.CLUSTER_RECORD_DAMAGED


def text_of(key: bytes | None) -> str:
    """The key as text.

    Raises:
        DamagedRecordError: It is none.
    """
    if key is None:
        raise DamagedRecordError("it has no key")
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise DamagedRecordError("its key is no UTF-8 text") from None


def object_of(value: bytes) -> dict[str, Any]:
    """The JSON object in a value.

    Raises:
        DamagedRecordError: There is none; the text quotes nothing, since values hold secrets.
    """
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise DamagedRecordError("its value is no JSON") from None
    if not isinstance(document, dict):
        raise DamagedRecordError("its value is no JSON object")
    return document


def field_of(document: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """A field that has to be of this kind.

    Raises:
        DamagedRecordError: It is missing, or of another.
    """
    value = document.get(name)
    # To Python a boolean is an integer; to Connect it is none.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise DamagedRecordError(f"its field {name} is missing or of another type")
    return value


def json_of(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document)


def numbered(text: str) -> tuple[str, int]:
    """``name-7`` taken apart; names may hold dashes.

    Raises:
        DamagedRecordError: There is no number at its end, or no name.
    """
    name, _, number = text.rpartition("-")
    if not name or not (number.isascii() and number.isdecimal()) or len(number) > _DIGITS:
        raise DamagedRecordError("its key names no task")
    return name, int(number)


def named(text: str) -> str:
    """A name that a key ends with.

    Raises:
        DamagedRecordError: It is empty.
    """
    if not text:
        raise DamagedRecordError("its key names nothing")
    return text
