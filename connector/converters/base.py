"""The converter contract: a column of bytes in, a column of values out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from connector.config.schema import Config


class Converter(ABC):
    """Turns a column of keys or values into Python values; stateless, called from task threads."""

    config_class: ClassVar[type[Config]] = Config
    is_identity: ClassVar[bool] = False
    """The column passes untouched, so nobody needs to extract it for conversion."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def convert(self, data: bytes | None) -> Any:
        """One value; raises ValueError when the bytes are not what this converter reads."""

    def convert_column(self, column: list[bytes | None]) -> list[Any]:
        """A whole column at once; raises ValueError if any value fails, without saying which."""
        return list(map(self.convert, column))
