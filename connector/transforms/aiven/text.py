"""What Java's ``toString`` makes of a value, where transforms make texts of fields."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector.transforms.field import java_name
from connector.transforms.java_number import float_text

if TYPE_CHECKING:
    from collections.abc import Callable


def java_text(value: Any) -> str:
    """Raises ValueError for dates and bytes, of which Java shows a time zone or an address."""
    text = _TEXTS.get(type(value))
    if text is None:
        raise ValueError(f"A value of type {java_name(value)} has no text")
    return text(value)


_TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    Decimal: str,
    bool: lambda value: "true" if value else "false",
    float: float_text,
    type(None): lambda _: "null",
    list: lambda value: f"[{', '.join(map(java_text, value))}]",
    dict: lambda value: (
        f"{{{', '.join(f'{java_text(key)}={java_text(each)}' for key, each in value.items())}}}"
    ),
}
