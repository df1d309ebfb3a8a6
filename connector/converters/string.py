"""Kafka's StringConverter: bytes become text, and nothing ever fails."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, ClassVar

from connector.column import SchemaColumn
from connector.config.option import STRING, Importance, defaulted
from connector.config.schema import Config
from connector.converters.base import Converter
from connector.schema import OPTIONAL_STRING, Schemas

if TYPE_CHECKING:
    from collections.abc import Sequence


def _text_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
        # Python also lists codecs between bytes and bytes, such as hex, which only a decode refuses.
        b"a".decode(name, "replace")
    except LookupError:
        raise ValueError("Unsupported encoding. Use a name such as UTF-8 or ISO-8859-1.") from None


class StringConverterConfig(Config):
    """What may follow ``value.converter.`` of a StringConverter."""

    encoding = defaulted(
        "converter.encoding",
        STRING,
        "UTF-8",
        "The encoding of the text; bytes that are not in it become the replacement character.",
        validate=_text_encoding,
        importance=Importance.HIGH,
        group="Converter",
    )


class StringConverter(Converter):
    """Decodes text as Java does: malformed input becomes U+FFFD, null stays null."""

    config_class: ClassVar[type[Config]] = StringConverterConfig
    schema = OPTIONAL_STRING
    never_fails: ClassVar[bool] = True

    def __init__(self, config: StringConverterConfig) -> None:
        super().__init__(config)
        self._encoding = config.encoding
        self._is_utf8 = codecs.lookup(config.encoding).name == "utf-8"

    def convert(self, data: bytes | None) -> str | None:
        return None if data is None else data.decode(self._encoding, "replace")

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        if self._is_utf8:
            try:
                # One C call per value; the price is to do it over for a column with a null or bad bytes.
                return list(map(bytes.decode, column))  # type: ignore[arg-type]
            except (TypeError, UnicodeDecodeError):
                pass
        # Nulls alone would not tell a format with schemas that they are text.
        return SchemaColumn(map(self.convert, column), Schemas([OPTIONAL_STRING]))
