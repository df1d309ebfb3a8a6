"""The config provider contract: keys in, the values that stand behind them out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from connector.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnavailableError(Exception):
    """A provider cannot look where a reference points.

    Its text says what is wrong with the place and what to do, and quotes nothing of what is there: users
    see it.
    """


class ConnectionOptions(Protocol):
    """Looks up a named AWS connection."""

    def __call__(self, name: str, own: Mapping[str, str]) -> Mapping[str, str]:
        """Its options, overlaid by ``own``, with values in the place of references.

        Raises:
            ConfigError: There is none of this name, or the worker may not use it.
        """
        ...


class ConfigProvider(ABC):
    """Knows the values that ``${provider:path:key}`` stands for.

    One object serves the whole worker. It is asked again and again, from threads and several at once, so
    that a value that changed is noticed.

    Args:
        config: An instance of ``config_class``, parsed from ``config.providers.<name>.param.*``.
    """

    config_class: ClassVar[type[Config]] = Config

    def __init__(self, config: Any) -> None:
        self.config = config

    def use_connections(self, options: ConnectionOptions) -> None:
        """Called before the first :meth:`get` where the worker has named connections."""

    @abstractmethod
    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        """The values of those ``keys`` that there are at ``path``; blocks, and has a deadline of its own.

        Args:
            path: The middle part of the reference, empty for ``${provider:key}``.
            keys: What is asked for; more may be returned.

        Returns:
            Value by key. A key that is left out is a fault of the reference.

        Raises:
            UnavailableError: There is no such path, or it may not or cannot be read.
        """
