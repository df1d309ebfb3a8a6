"""The contracts of transforms and predicates: batches in, batches or answers out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.schema import Config

if TYPE_CHECKING:
    from connector.record import RecordBatch


class Transform(ABC):
    """Changes or filters the records of a batch; offsets and the original topic-partition stay."""

    config_class: ClassVar[type[Config]] = Config

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def apply(self, batch: RecordBatch) -> RecordBatch:
        """The batch after the transform; filtered records are left out with ``batch.select``."""


class Predicate(ABC):
    """Says for which records a transform applies."""

    config_class: ClassVar[type[Config]] = Config

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def test(self, batch: RecordBatch) -> list[bool]:
        """One answer per record."""
