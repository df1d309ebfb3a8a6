"""Kafka's ByteArrayConverter: bytes stay bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connector.converters.base import Converter
from connector.schema import OPTIONAL_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence


class ByteArrayConverter(Converter):
    """Hands the column through; a null stays null, and empty bytes stay empty bytes."""

    is_identity: ClassVar[bool] = True
    schema = OPTIONAL_BYTES
    never_fails: ClassVar[bool] = True

    def convert(self, data: bytes | None) -> bytes | None:
        return data

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[bytes | None]:
        return column
