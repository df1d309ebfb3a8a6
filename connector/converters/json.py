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
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from connector.column import JsonColumn, SchemaColumn, decode_exactly, decode_json
from connector.config.option import BOOLEAN, INT, STRING, Importance, at_least, defaulted, one_of, optional
from connector.config.schema import Config
from connector.converters.base import Converter
from connector.converters.json_schema import parse_schema, rewriter
from connector.payload import reader
from connector.schema import DECIMAL, Schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.schema import Schema

_NO_ENVELOPE = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional'
    " fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter"
    " configuration."
)


def _schema_text(text: str) -> None:
    if not text:
        return
    try:
        if parse_schema(decode_json(text.encode())) is None:
            raise ValueError("null is the lack of one")
    except ValueError as error:
        raise ValueError(f"no schema of JsonConverter: {error}") from None


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
    schemas_cache_size = defaulted(
        "schemas.cache.size",
        INT,
        1000,
        "How many different schemas are kept parsed; with fewer than there are, they are parsed anew.",
        validate=at_least(0),
        importance=Importance.HIGH,
        group="Converter",
    )
    schema_content = optional(
        "schema.content",
        STRING,
        "The schema of all values, as JsonConverter writes schemas. Values then are payloads without anything"
        " around them; empty or absent, each value brings its own. Means nothing with schemas.enable=false.",
        validate=_schema_text,
        importance=Importance.HIGH,
        group="Converter",
    )
    replace_null_with_default = defaulted(
        "replace.null.with.default",
        BOOLEAN,
        True,
        "Whether a null of a field that has a default becomes the default; false leaves it null.",
        importance=Importance.LOW,
        group="Converter",
    )
    decimal_format = defaulted(
        "decimal.format",
        STRING,
        "BASE64",
        "How decimals are written, which a sink does not do; both ways are read, whatever stands here.",
        validate=one_of("base64", "numeric", ignore_case=True),
        choices=("BASE64", "NUMERIC"),
        importance=Importance.LOW,
        group="Converter",
    )


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    schema: msgspec.Raw
    payload: msgspec.Raw


_check = msgspec.json.Decoder(msgspec.Raw).decode
_open = msgspec.json.Decoder(_Envelope).decode


class Envelopes:
    """Reads columns of ``{"schema": …, "payload": …}``; each schema is parsed once, known by its text."""

    def __init__(self, config: JsonConverterConfig) -> None:
        self._schema = lru_cache(config.schemas_cache_size)(self._parse)
        self._defaults = config.replace_null_with_default
        self._open = _payload_of(config.schema_content.encode()) if config.schema_content else _open

    def read(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        envelopes = [None if data is None else self._open(data) for data in column]
        known = [_NONE if each is None else self._schema(bytes(each.schema)) for each in envelopes]
        schemas = Schemas([each.schema for each in known])
        texts: list[bytes | None] = []
        for envelope, each in zip(envelopes, known, strict=True):
            text = None if envelope is None else each.rewrite(envelope.payload)
            if text is None and envelope is not None:
                return SchemaColumn(_values(envelopes, known), schemas)
            texts.append(text)
        return JsonColumn(texts, schemas)

    def _parse(self, text: bytes) -> _Known:
        schema = parse_schema(decode_json(text))
        if schema is None:
            return _NONE
        has_decimals = any(each.name == DECIMAL for each in schema.nested())
        return _Known(
            schema,
            rewriter(schema) or _not_as_text,
            reader(schema, defaults=self._defaults),
            decode_exactly if has_decimals else decode_json,
        )


class _Known(NamedTuple):
    """A schema, and what reads payloads by it: as text where it can be, and as Python values."""

    schema: Schema | None
    rewrite: Callable[[msgspec.Raw], bytes | None]
    read: Callable[[Any], Any]
    decode: Callable[[bytes], Any] = decode_json


def _payload_of(schema: bytes) -> Callable[[bytes], _Envelope]:
    """What takes a whole value for a payload of this schema."""
    text = msgspec.Raw(schema)
    return lambda data: _Envelope(text, _check(data))


def _not_as_text(_: msgspec.Raw) -> None:
    return None


def _schemaless(payload: msgspec.Raw) -> bytes | None:
    (text,) = _on_one_line([bytes(payload)])
    return text


_NONE = _Known(None, _schemaless, lambda value: value)


def _values(envelopes: Sequence[_Envelope | None], known: Sequence[_Known]) -> Iterator[Any]:
    for envelope, each in zip(envelopes, known, strict=True):
        yield None if envelope is None else each.read(each.decode(bytes(envelope.payload)))


class JsonConverter(Converter):
    """Null and, without schemas, empty bytes are null; anything else must be one JSON value in UTF-8.

    With ``schemas.enable`` every payload is checked against its schema. It stays text where it can, rewritten
    as Connect would print it; the column then knows its schemas.
    """

    config_class: ClassVar[type[Config]] = JsonConverterConfig

    def __init__(self, config: JsonConverterConfig) -> None:
        super().__init__(config)
        self._envelopes = Envelopes(config) if config.schemas_enable else None

    def convert(self, data: bytes | None) -> Any:
        (value,) = self.convert_column([data])
        return value

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        try:
            # Whatever passes the check of syntax ends in ASCII, so no sequence goes on in the next value.
            together = b"".join(filter(None, column))
            _check_utf8(together)
            if self._envelopes:
                return self._envelopes.read(column)
            texts = _plain(column)
            return JsonColumn(_on_one_line(texts) if b"\n" in together or b"\r" in together else texts)
        except (ValueError, RecursionError) as error:
            raise ValueError(_reason(error)) from error


def _check_utf8(data: bytes) -> None:
    if not data.isascii():
        data.decode()


def _plain(column: Sequence[bytes | None]) -> list[bytes | None]:
    deque(map(_check, filter(None, column)), maxlen=0)
    # Empty bytes parse as a missing node in Java, which is a null value.
    return list(column) if all(column) else [data or None for data in column]


def _on_one_line(texts: list[bytes | None]) -> list[bytes | None]:
    """The same texts, those with line breaks between their tokens without any whitespace there."""
    return [_compact(text) if text and (b"\n" in text or b"\r" in text) else text for text in texts]


def _compact(text: bytes) -> bytes:
    # Works on the text, so numbers stay as they were written.
    return msgspec.json.format(text, indent=-1)


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return _NO_ENVELOPE
    if not isinstance(error, msgspec.DecodeError | UnicodeDecodeError | RecursionError):
        return f"The value does not fit its schema: {error}."
    if isinstance(error, UnicodeDecodeError):
        return f"The value is not JSON: not valid UTF-8 at byte {error.start}."
    if isinstance(error, RecursionError):
        return "The value is not JSON that can be read: it is nested too deeply."
    return f"The value is not JSON: {error}."
