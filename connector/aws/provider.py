"""The contract of credentials providers: plug-ins that say who the worker is.

Register one under the entry-point group ``connector.credentials_providers``; a connector names it in
``aws.credentials.provider``, and what it writes below ``aws.credentials.provider.`` are its options.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.schema import Config

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """Keys, and until when they are valid.

    Attributes:
        keys: Access key id, secret, and session token if there is one.
        expires: Seconds since the epoch; infinity if they do not end.
    """

    keys: ReadOnlyCredentials
    expires: float = inf

    def __repr__(self) -> str:
        return f"Session(expires={self.expires})"


class CredentialsProvider(ABC):
    """Gets credentials from wherever they are kept; asked again ahead of their end."""

    config_class: ClassVar[type[Config]] = Config

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    async def fetch(self) -> Session:
        """New credentials.

        Raises:
            AccessError: There are none for us, with what to do.
            RetriableError: Not now.
        """
