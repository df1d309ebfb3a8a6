"""What a variable of a name or a text reads from records, a column at a time: headers, and fields of JSON.

What the text around it means, and what becomes of records without a value, is up to whoever asks.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from connector.column import JsonColumn, decode_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.record import RecordBatch


def text_of(value: Any) -> str | None:
    """A key, header or field as text: UTF-8, or base64 of bytes that are not; JSON of what has parts."""
    match value:
        case None | str():
            return value
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return base64.b64encode(value).decode()
    return msgspec.json.encode(value).decode()


def headers(name: str, batch: RecordBatch) -> list[Any]:
    """The value of this header of each record, or None; the last counts, as with ``lastWithName``."""
    found = []
    for each in batch.headers:
        values = [value for header, value in each or () if header == name]
        found.append(values[-1] if values else None)
    return found


def fields(path: str, column: Sequence[Any]) -> list[Any]:
    """What stands at a path such as ``customer.id`` in each value, or None.

    Raises:
        ValueError: A value is text, and no JSON.
    """
    names = path.split(".")
    return [at(names, value) for value in objects(column)]


def at(names: Sequence[str], value: Any) -> Any:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def objects(column: Sequence[Any]) -> Sequence[Any]:
    """Values as what has fields: text and bytes are read as JSON; raises ValueError if they are none."""
    texts = column.texts if isinstance(column, JsonColumn) and column.texts is not None else column
    return [_parsed(value) if isinstance(value, bytes | str) else value for value in texts]


def _parsed(value: bytes | str) -> Any:
    try:
        return decode_json(value.encode() if isinstance(value, str) else value)
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"is no JSON: {error}") from None
