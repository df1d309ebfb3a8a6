"""The contracts of transforms and predicates: batches in, batches or answers out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.schema import Config
from connector.record import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from connector.record import RecordBatch


class Transform(ABC):
    """Changes or filters the records of a batch; offsets and the original topic-partition stay.

    A transform fails with ValueError. The worker then finds out which records it was by giving it parts of
    the batch, so it changes no value in place and keeps no account of what it has seen.
    """

    config_class: ClassVar[type[Config]] = Config
    columns: ClassVar[Collection[str]] = COLUMNS
    """The columns of a batch that it looks at; without the others it need not wait for them to be read."""

    only_renames: ClassVar[bool] = False
    """It makes another name of the name of a batch, without a look at records: it needs no thread."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def apply(self, batch: RecordBatch) -> RecordBatch:
        """The batch after the transform; filtered records are left out with ``batch.select``.

        Raises:
            ValueError: Some record is not what the transform takes.
        """

    def topics(self, topics: Sequence[str]) -> Sequence[str] | None:
        """The names that records of these topics will go by; None if that depends on the records."""
        return topics


class Predicate(ABC):
    """Says for which records a transform applies."""

    config_class: ClassVar[type[Config]] = Config
    columns: ClassVar[Collection[str]] = COLUMNS
    """The columns of a batch that it looks at."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def test(self, batch: RecordBatch) -> list[bool]:
        """One answer per record."""


def non_empty_list(value: list[str]) -> None:
    """A validator of options."""
    if not any(value):
        raise ValueError("Empty list")
