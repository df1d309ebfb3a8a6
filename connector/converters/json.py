"""Kafka's JsonConverter, which checks the JSON and keeps its text.

Measured on values of 80 bytes, per value: checking with ``msgspec.Raw`` takes 0.10 µs, building Python
objects 0.26 µs (msgspec) or 0.32 µs (orjson), and writing them again as much once more. So a value is
checked here and decoded by whoever looks at it, see :class:`~connector.column.JsonColumn`.

What ``msgspec.Raw`` checks and what it does not (0.22, held by tests): it is strict about syntax, control
characters, escapes, lone surrogates and trailing data; it looks neither at UTF-8 inside strings nor at
the range of numbers. UTF-8 is checked here on the column as a whole. Numbers pass as they were written,
more exactly than in Java, where integers are cut to 64 bits.

Every value is parsed on its own. Parsing the column in one go (``[a,b,c]``, or as lines) is hardly faster
and not strict: ``{"a":1`` next to ``"b":2}``, together with ``1,2`` somewhere else, would pass unseen.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from connector.column import JsonColumn, decode_json
from connector.config.option import BOOLEAN, Importance, defaulted
from connector.config.schema import Config
from connector.converters.base import Converter

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_ENVELOPE = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional'
    " fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter"
    " configuration."
)


class JsonConverterConfig(Config):
    """What may follow ``value.converter.`` of a JsonConverter."""

    schemas_enable = defaulted(
        "schemas.enable",
        BOOLEAN,
        True,
        "Every value is an object of exactly schema and payload, and the payload is the value. Set it to"
        " false for plain JSON.",
        importance=Importance.HIGH,
        group="Converter",
    )


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    schema: msgspec.Raw
    payload: msgspec.Raw


_check = msgspec.json.Decoder(msgspec.Raw).decode
_open = msgspec.json.Decoder(_Envelope).decode


class JsonConverter(Converter):
    """Null and, without schemas, empty bytes are null; anything else must be one JSON value in UTF-8.

    With ``schemas.enable`` the payload is taken out and left as JSON: the schema is required, but its types
    are not applied. That is what a JSON format stores anyway; bytes and decimals stay base64 text.
    """

    config_class: ClassVar[type[Config]] = JsonConverterConfig

    def __init__(self, config: JsonConverterConfig) -> None:
        super().__init__(config)
        self._texts = _payloads if config.schemas_enable else _plain

    def convert(self, data: bytes | None) -> Any:
        (text,) = self._checked([data])
        return None if text is None else decode_json(text)

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        return JsonColumn(self._checked(column))

    def _checked(self, column: Sequence[bytes | None]) -> list[bytes | None]:
        try:
            # Whatever passes the check of syntax ends in ASCII, so no sequence goes on in the next value.
            together = b"".join(filter(None, column))
            _check_utf8(together)
            texts = self._texts(column)
            return _on_one_line(texts) if b"\n" in together or b"\r" in together else texts
        except (ValueError, RecursionError) as error:
            raise ValueError(_reason(error)) from error


def _check_utf8(data: bytes) -> None:
    if not data.isascii():
        data.decode()


def _plain(column: Sequence[bytes | None]) -> list[bytes | None]:
    deque(map(_check, filter(None, column)), maxlen=0)
    # Empty bytes parse as a missing node in Java, which is a null value.
    return list(column) if all(column) else [data or None for data in column]


def _payloads(column: Sequence[bytes | None]) -> list[bytes | None]:
    return [None if data is None else bytes(_open(data).payload) for data in column]


def _on_one_line(texts: list[bytes | None]) -> list[bytes | None]:
    """The same texts, those with line breaks between their tokens without any whitespace there."""
    return [_compact(text) if text and (b"\n" in text or b"\r" in text) else text for text in texts]


def _compact(text: bytes) -> bytes:
    # Works on the text, so numbers stay as they were written.
    return msgspec.json.format(text, indent=-1)


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return _NO_ENVELOPE
    if isinstance(error, UnicodeDecodeError):
        return f"The value is not JSON: not valid UTF-8 at byte {error.start}."
    if isinstance(error, RecursionError):
        return "The value is not JSON that can be read: it is nested too deeply."
    return f"The value is not JSON: {error}."
