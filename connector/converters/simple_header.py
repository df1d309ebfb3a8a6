"""Kafka's SimpleHeaderConverter: header values are text, and text that reads like a value becomes one."""

from __future__ import annotations

from typing import Any, ClassVar

from connector.converters.base import Converter
from connector.literal import parse_literal

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LITERALS = frozenset({"null", "true", "false"})


class SimpleHeaderConverter(Converter):
    """Nothing fails: what is no number, date, list or map is text; what cannot be looked at stays bytes."""

    never_fails: ClassVar[bool] = True

    def convert(self, data: bytes | None) -> Any:
        if data is None:
            return None
        text = data.decode(errors="replace")
        if text[:1] in _PLAIN and text.strip() not in _LITERALS:
            return text
        try:
            return parse_literal(text)
        except RecursionError:
            return data
