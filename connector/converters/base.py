"""The converter contract: a column of bytes in, a column of values out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.schema import Schema


class Converter(ABC):
    """Turns a column of keys, values or header values into Python values; called from threads.

    Args:
        config: An instance of ``config_class``, parsed from the converter's own keys: what follows
            ``key.converter.``, ``value.converter.`` or ``header.converter.``.
    """

    config_class: ClassVar[type[Config]] = Config
    is_identity: ClassVar[bool] = False
    """The column passes untouched, so nobody needs to extract it for conversion."""
    schema: ClassVar[Schema | None] = None
    """What all its values have, where a column does not say more; transforms go by it."""
    never_fails: ClassVar[bool] = False
    """There are no bad bytes, so headers that nobody looks at need not be converted to find them."""
    is_connected: ClassVar[bool] = False
    """It asks AWS, and its options may name a connection of the worker (``aws.connection``)."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def header_before(self, column: str) -> str | None:  # noqa: ARG002 - most know no such header
        """The header whose bytes belong before a value and are converted with it; None if there is none.

        Args:
            column: ``keys`` or ``values``, whichever it converts.
        """
        return None

    @abstractmethod
    def convert(self, data: bytes | None) -> Any:
        """One value.

        Raises:
            ValueError: The bytes are not what this converter reads.
            RetriableError: What it needs to read them cannot be had now; the same column is given again.
        """

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        """A whole column at once, left as it was.

        The values equal those of :meth:`convert`, however they are held, and fail where it fails.

        Raises:
            ValueError: Some value fails, without saying which; ``convert`` finds it.
        """
        return list(map(self.convert, column))
